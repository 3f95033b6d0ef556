"""What a lost name was and has become, who still asks for it, and which side that speaks for."""

from __future__ import annotations

from collections.abc import Mapping

from assay.diagnosis.renames import Lost, left_behind, lost_attribute, lost_name, signs_of
from assay.diagnosis.sides import Side, Sides
from assay.model.diagnosis import Fault

OLD = {"shop/a.py": "def fetch(x):\n    return x + 1\n", "shop/b.py": "", "shop/__init__.py": ""}


def sides(
    before: Mapping[str, str], after: Mapping[str, str], documents: Mapping[str, str] | None = None
) -> Sides:
    changed = {
        path: (before.get(path), after.get(path))
        for path in {*before, *after}
        if before.get(path) != after.get(path)
    }
    return Sides(
        Side(before),
        Side(after),
        changed,
        lambda path: path.startswith("test"),
        documents=documents or {},
    )


def lost(of: Sides) -> Lost:
    found = lost_name(of, "shop/a.py", "fetch")
    assert found is not None
    return found


def faults(of: Sides) -> set[Fault]:
    return {sign.fault for sign in signs_of(of, lost(of), "test_a.py:1", in_test=True)}


def test_a_name_that_is_there_is_not_lost() -> None:
    assert lost_name(sides(OLD, OLD), "shop/a.py", "fetch") is None


def test_a_function_with_the_same_body_is_what_it_has_become() -> None:
    moved = sides(OLD, {**OLD, "shop/a.py": "", "shop/b.py": OLD["shop/a.py"]})
    assert lost(moved).dotted == "shop.b.fetch"
    assert faults(moved) == {Fault.TEST}


def test_a_name_that_was_only_taken_away_speaks_for_neither_side() -> None:
    gone = sides(OLD, {**OLD, "shop/a.py": ""})
    assert lost(gone).after is None
    assert faults(gone) == set()


def test_sources_lists_and_documents_that_still_have_it_speak_for_the_code() -> None:
    asks = {**OLD, "shop/a.py": "", "shop/b.py": "from shop.a import fetch\n"}
    assert left_behind(sides(OLD, asks), lost(sides(OLD, asks))) == ["shop/b.py:1"]
    assert faults(sides(OLD, asks)) == {Fault.CODE}
    assert faults(sides(OLD, {**OLD, "shop/a.py": "__all__ = ['fetch']\n"})) == {Fault.CODE}
    gone = {**OLD, "shop/a.py": ""}
    assert faults(sides(OLD, gone, {"README.md": "Call `fetch` first.\n"})) == {Fault.CODE}


def test_a_local_name_a_script_and_plain_words_do_not_ask_for_it() -> None:
    local = {**OLD, "shop/a.py": "def g(fetch):\n    return fetch\n"}
    assert faults(sides(OLD, local)) == set()
    script = {**OLD, "shop/a.py": "", "benchmarks/x.py": "from shop.a import fetch\n"}
    assert faults(sides(OLD, script)) == set()
    words = {"README.md": "We fetch all.\n", "CHANGES.md": "Call `fetch`.\n"}
    assert faults(sides(OLD, {**OLD, "shop/a.py": ""}, words)) == set()


def test_an_attribute_of_instances_is_found_by_what_is_assigned() -> None:
    before = {"a.py": "class C:\n    def __init__(self, n):\n        self.old = n\n"}
    after = {"a.py": "class C:\n    def __init__(self, n):\n        self.new = n\n"}
    found = lost_attribute(sides(before, after), "a.C", "old")
    assert found is not None
    assert found.facts == {"module": "a", "name": "C.old", "new_module": "a", "new_name": "C.new"}
