"""Facts about choosing from a stored map and a tree: what an edit selects, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from assay.change.semantics import compare
from assay.choose import Chooser, Situation
from assay.impact.record import SETS, Recording, Tree
from assay.impact.store import Store, open_store
from assay.model.change import Change, FileChange, FileStatus, SemanticChange
from assay.model.impact import TEST_PREFIX, TestRecord
from assay.model.run import CollectedItem, TestOutcome
from assay.model.selection import Reason, ReasonKind

HERE = ("Python=3.11.7",)

TAX = """\
VAT = 2


def due(price):
    return price * VAT


def rebate(price):
    return price - 1
"""

CART = """\
from shop.tax import VAT, due


def total(price):
    return due(price) + 1


def shown():
    return VAT


def apart():
    return 3
"""

TESTS = """\
from shop import cart


def test_total():
    assert cart.total(1)


def test_shown():
    assert cart.shown()


def test_apart():
    assert cart.apart()
"""

FILES = {
    "shop/__init__.py": "",
    "shop/tax.py": TAX,
    "shop/cart.py": CART,
    "tests/test_cart.py": TESTS,
    "data/rates.json": "{}",
}

TOTAL, SHOWN, APART = (f"tests/test_cart.py::test_{name}" for name in ("total", "shown", "apart"))


def sink(lines: Mapping[str, Iterable[int]], **kinds: Iterable[str]) -> dict[str, Any]:
    masks = {path: f"{sum(1 << n for n in ns):x}" for path, ns in lines.items()}
    return {"lines": masks, **{name: list(kinds.get(name, ())) for name in SETS}}


SINKS = {
    "module:shop/tax.py": sink({"shop/tax.py": [1, 4, 8]}),
    "module:shop/cart.py": sink({"shop/cart.py": [1, 4, 8, 12]}),
    "module:tests/test_cart.py": sink({"tests/test_cart.py": [1, 4, 8, 12]}),
    "module:shop/__init__.py": sink({}),
    "session:": sink({}, uses=["module:tests/test_cart.py"]),
    TEST_PREFIX + TOTAL: sink({"tests/test_cart.py": [5], "shop/cart.py": [5], "shop/tax.py": [5]}),
    TEST_PREFIX + SHOWN: sink({"tests/test_cart.py": [9], "shop/cart.py": [9]}),
    TEST_PREFIX + APART: sink({"tests/test_cart.py": [13], "shop/cart.py": [13]}),
}


class World:
    """A project that was recorded, and may be edited since."""

    def __init__(self, root: Path) -> None:
        self.root = root / "repo"
        for path, text in FILES.items():
            self.write(path, text)
        self.environ = {"TOKEN": "secret"}
        opened = open_store(root / "map.sqlite")
        self.store: Store = opened.store

    def write(self, path: str, text: str) -> None:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text, encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1
        self.write(path, text.replace(old, new))

    def python_files(self) -> frozenset[str]:
        return frozenset(p.relative_to(self.root).as_posix() for p in self.root.rglob("*.py"))

    def record(
        self,
        more: Mapping[str, Mapping[str, Any]] | None = None,
        outcome: TestOutcome = TestOutcome.PASSED,
        tests: Iterable[str] = (TOTAL, SHOWN, APART),
        meta: Mapping[str, str] | None = None,
    ) -> None:
        items = [CollectedItem(t, t.partition("::")[0], 1, is_doctest=False) for t in tests]
        files = self.python_files()
        recording = Recording(Tree(self.root), ("",), files, items, self.environ)
        recording.add_sinks(SINKS)
        recording.add_sinks(more or {})
        for test in tests:
            recording.add_test(test, TestRecord(outcome, 0.1))
        self.store.save(recording.finish(), HERE, (), (), meta)

    def chooser(
        self, change: SemanticChange | None = None, proven: Iterable[str] | None = ()
    ) -> Chooser:
        """`proven` are the files that a collection has imported; None: all of them."""
        importable = self.python_files() if proven is None else frozenset(proven)
        now = Situation(Tree(self.root), ("",), self.python_files(), self.environ, importable)
        return Chooser(self.store, change or change_of(), now)

    def selected(
        self, change: SemanticChange | None = None, proven: Iterable[str] | None = ()
    ) -> set[str]:
        return set(self.chooser(change, proven).choose().node_ids)

    def reason(
        self, test: str, change: SemanticChange | None = None, proven: Iterable[str] | None = ()
    ) -> Reason:
        found = self.chooser(change, proven).choose().selected
        (one,) = (selected for selected in found if selected.node_id == test)
        return one.reasons[0]


def change_of(*files: FileChange) -> SemanticChange:
    return compare(Change("base", "base", files))


def file(
    path: str, before: str | None, after: str | None, status: FileStatus = FileStatus.MODIFIED
) -> FileChange:
    contents = [None if text is None else text.encode() for text in (before, after)]
    return FileChange(path, status, contents[0], contents[1], frozenset(), frozenset())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    with found.store:
        yield found


@pytest.fixture
def recorded(world: World) -> World:
    world.record()
    return world


EVERY = {TOTAL, SHOWN, APART}


# Without a map, or without a change


def test_without_a_map_every_collected_test_is_selected(world: World) -> None:
    chooser = world.chooser()
    items = [CollectedItem(TOTAL, "tests/test_cart.py", 1, is_doctest=False)]
    (test,) = chooser.choose(items).selected
    assert test.reasons[0].kind is ReasonKind.NO_MAP
    assert chooser.needs_collection()
    assert chooser.reached == frozenset()


def test_in_a_tree_as_it_was_recorded_nothing_is_selected(recorded: World) -> None:
    chooser = recorded.chooser()
    assert chooser.choose().selected == ()
    assert set(chooser.choose().dropped) == EVERY
    assert not chooser.needs_collection()
    assert chooser.reached == frozenset()


def test_the_recorded_tests_are_asked_in_the_order_of_collection(recorded: World) -> None:
    assert recorded.chooser().choose().dropped == (TOTAL, SHOWN, APART)


def test_a_test_that_failed_is_selected_in_a_tree_as_it_was(world: World) -> None:
    world.record(outcome=TestOutcome.FAILED)
    assert world.selected() == EVERY
    assert not world.chooser().needs_collection()


def test_a_general_reason_selects_all_without_looking(recorded: World) -> None:
    reason = Reason(ReasonKind.ENVIRONMENT, "other settings")
    assert set(recorded.chooser().choose(None, reason).node_ids) == EVERY


def test_kills_that_were_noted_come_along(recorded: World) -> None:
    recorded.store.note({"kills": f'{{"{APART}": 4}}'})
    recorded.edit("shop/cart.py", "return 3", "return 4")
    (test,) = recorded.chooser().choose().selected
    assert (test.node_id, test.kills) == (APART, 4)


# Bodies


def test_an_edited_body_selects_who_ran_it_and_needs_no_collection(recorded: World) -> None:
    recorded.edit("shop/tax.py", "price * VAT", "price + VAT")
    assert recorded.selected() == {TOTAL}
    assert recorded.reason(TOTAL).text == "shop/tax.py::due changed"
    assert recorded.reason(TOTAL).kind is ReasonKind.CODE_CHANGED
    assert not recorded.chooser().needs_collection()


def test_an_edited_body_that_nobody_ran_selects_nothing(recorded: World) -> None:
    recorded.edit("shop/tax.py", "price - 1", "price - 2")
    assert recorded.selected() == set()


def test_an_edited_test_selects_itself(recorded: World) -> None:
    recorded.edit("tests/test_cart.py", "cart.shown()", "cart.shown() == 2")
    assert recorded.selected() == {SHOWN}
    assert recorded.reason(SHOWN).kind is ReasonKind.TEST_CHANGED
    assert not recorded.chooser().needs_collection()


@pytest.mark.parametrize("text", ["# a comment\n" + TAX, TAX.replace("\n\n\n", "\n\n")])
def test_a_comment_or_another_layout_selects_nothing(recorded: World, text: str) -> None:
    recorded.write("shop/tax.py", text)
    assert recorded.selected() == set()
    assert not recorded.chooser().needs_collection()


def test_moved_lines_do_not_lose_an_edit_further_down(recorded: World) -> None:
    recorded.write("shop/tax.py", "# moved\n\n" + TAX.replace("price * VAT", "price + VAT"))
    assert recorded.selected() == {TOTAL}


def test_a_file_that_does_not_parse_selects_all_that_import_it(recorded: World) -> None:
    recorded.write("shop/tax.py", TAX + "def (:\n")
    assert recorded.selected() == EVERY
    assert recorded.chooser().needs_collection()


def test_a_deleted_file_selects_all_that_import_it(recorded: World) -> None:
    (recorded.root / "shop/tax.py").unlink()
    assert recorded.selected() == EVERY
    assert recorded.reason(APART).text.startswith("shop/tax.py::(module body) is deleted")
    assert recorded.chooser().needs_collection()
    assert {"module:shop/tax.py", "module:shop/cart.py"} <= recorded.chooser().reached


# The base


def test_what_differs_from_the_base_selects_though_it_was_recorded_so(recorded: World) -> None:
    before = TAX.replace("price * VAT", "price")
    change = change_of(file("shop/tax.py", before, TAX))
    assert recorded.selected(change) == {TOTAL}
    assert not recorded.chooser(change).needs_collection()


def test_both_the_base_and_the_tree_count(recorded: World) -> None:
    recorded.edit("shop/cart.py", "return 3", "return 4")
    after = (recorded.root / "shop/cart.py").read_text()
    before = CART.replace("due(price) + 1", "due(price) + 2")
    assert recorded.selected(change_of(file("shop/cart.py", before, after))) == {TOTAL, APART}


def test_a_file_that_is_new_against_the_base_selects_all_that_import_it(recorded: World) -> None:
    change = change_of(file("shop/tax.py", None, TAX, FileStatus.ADDED))
    assert recorded.selected(change) == EVERY
    assert "is new" in recorded.reason(APART, change).text


def test_a_name_that_the_base_lacks_is_called_new(recorded: World) -> None:
    before = TAX.replace("VAT = 2\n", "VAT = 2\nNONE = 1\n")
    change = change_of(file("shop/tax.py", before, TAX))
    (one,) = recorded.chooser(change).affected().altered
    assert one.difference.words == "is deleted"


# Signatures and constants


def test_a_signature_without_proof_of_the_import_selects_all_that_import_it(
    recorded: World,
) -> None:
    recorded.edit("shop/tax.py", "def due(price):", "def due(price, more=MORE):")
    assert recorded.selected() == EVERY
    assert recorded.chooser().needs_collection()


def test_a_signature_that_cannot_make_the_import_fail_needs_no_proof(recorded: World) -> None:
    recorded.edit("shop/tax.py", "def due(price):", "def due(price, more=1):")
    assert recorded.selected() == {TOTAL}
    assert not recorded.chooser().needs_collection()


def test_a_body_that_parses_and_does_not_compile_selects_all_that_import_it(
    recorded: World,
) -> None:
    recorded.edit("shop/tax.py", "    return price * VAT", "    break")
    assert recorded.selected() == EVERY


def test_a_signature_with_proof_selects_who_ran_it_or_names_it(recorded: World) -> None:
    recorded.edit("shop/tax.py", "def due(price):", "def due(price, more=1):")
    assert recorded.selected(proven=None) == {TOTAL}


def test_the_proof_must_be_of_the_file_itself(recorded: World) -> None:
    recorded.edit("shop/tax.py", "def due(price):", "def due(price, more=MORE):")
    assert recorded.selected(proven=["shop/cart.py"]) == EVERY


def test_a_constant_with_proof_selects_who_names_it(recorded: World) -> None:
    recorded.edit("shop/tax.py", "VAT = 2", "VAT = 3")
    assert recorded.selected(proven=None) == {TOTAL, SHOWN}
    reason = recorded.reason(SHOWN, proven=None)
    assert reason.kind is ReasonKind.NAME_CHANGED
    assert reason.text == "shop/tax.py::VAT changed ← named in shop/cart.py"


def test_what_the_import_does_selects_all_that_depend_on_it_though_proven(recorded: World) -> None:
    recorded.write("shop/tax.py", TAX + "print(VAT)\n")
    assert recorded.selected(proven=None) == EVERY
    assert recorded.chooser(proven=None).needs_collection()


def test_a_module_whose_import_was_not_seen_affects_all_that_ran_it_or_name_it(
    world: World,
) -> None:
    world.write("other.py", "x = 1\n\n\ndef f():\n    return x\n")
    ran, asked = sink({"other.py": [5]}), sink({}, uses=["module:other.py"])
    world.record({TEST_PREFIX + SHOWN: ran, TEST_PREFIX + APART: asked})
    world.write("other.py", "print(1)\n\n\ndef f():\n    return x\n")
    assert world.selected(proven=None) == {SHOWN, APART}


def test_a_recorded_content_is_proof_enough_against_the_base(recorded: World) -> None:
    change = change_of(file("shop/tax.py", TAX.replace("VAT = 2", "VAT = 3"), TAX))
    assert recorded.selected(change) == {TOTAL, SHOWN}
    assert not recorded.chooser(change).needs_collection()


# Imports


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        # Imported by the file already, by a module below it, or of the standard library.
        ("import json", set()),
        ("from shop import tax", set()),
        ("from . import tax", set()),
        # Never asked for before: importing it may do anything.
        ("import unheard_of", EVERY),
    ],
)
def test_a_new_import_selects_all_unless_it_was_imported_before(
    recorded: World, statement: str, wanted: set[str]
) -> None:
    recorded.write("shop/cart.py", f"{statement}\n{CART}")
    assert recorded.selected(proven=None) == wanted


def test_a_relative_import_is_not_taken_for_one_from_the_directory_above(world: World) -> None:
    world.write("effects.py", "")
    world.write("shop/effects.py", "print('effect')\n")
    world.write("shop/tax.py", f"import effects\n{TAX}")
    world.record()
    world.write("shop/cart.py", f"from . import effects\n{CART}")
    assert world.selected(proven=None) == EVERY


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("import effects\n", set()),
        ("try:\n    import effects\nexcept ImportError:\n    pass\n", set()),
        ("def lazy():\n    import effects\n", EVERY),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import effects\n", EVERY),
        ("import os\nif os.environ.get('NONE'):\n    import effects\n", EVERY),
    ],
    ids=["imported", "tried", "in a function", "for types only", "on a condition"],
)
@pytest.mark.parametrize("where", ["shop/tax.py", "shop/cart.py"])
def test_an_import_that_may_not_have_run_is_not_known(
    world: World, where: str, before: str, wanted: set[str]
) -> None:
    world.write("effects.py", "print('effect')\n")
    world.write(where, before + FILES[where])
    world.record({"module:effects.py": sink({"effects.py": [1]})})
    world.write("shop/cart.py", f"import effects\n{(world.root / 'shop/cart.py').read_text()}")
    assert world.selected(proven=None) == wanted


def test_a_module_of_the_project_that_nothing_imported_is_not_known(world: World) -> None:
    world.write("shop/extra.py", "print('effect')\n")
    world.record()
    world.write("shop/cart.py", f"from shop import extra\n{CART}")
    assert world.selected(proven=None) == EVERY


# New files


def test_a_new_test_file_needs_a_collection(recorded: World) -> None:
    recorded.write("tests/test_more.py", "def test_more():\n    pass\n")
    assert recorded.chooser().needs_collection()


def test_any_new_python_file_may_hold_tests(recorded: World) -> None:
    # Which ones do is up to `python_files`, `--doctest-modules` and plug-ins.
    recorded.write("shop/check_more.py", "def check_more():\n    pass\n")
    assert recorded.chooser().needs_collection()


def test_a_file_that_was_there_when_it_was_recorded_is_not_new(world: World) -> None:
    world.write("shop/unused.py", "x = 1\n")
    world.record()
    assert not world.chooser().needs_collection()


def test_a_new_text_file_needs_a_collection_where_such_files_hold_tests(world: World) -> None:
    change = change_of(file("docs/more.txt", None, "text", FileStatus.ADDED))
    world.record()
    assert not world.chooser(change).needs_collection()
    world.record(tests=(TOTAL, SHOWN, APART, "docs/usage.txt::usage.txt"))
    assert world.chooser(change).needs_collection()


@pytest.mark.parametrize(("path", "wanted"), [("conftest.py", EVERY), ("tests/conftest.py", EVERY)])
def test_a_new_conftest_selects_the_tests_below_it(
    recorded: World, path: str, wanted: set[str]
) -> None:
    recorded.write(path, "")
    assert recorded.selected() == wanted
    assert recorded.reason(TOTAL).text == f"{path} is new and applies to it"
    assert recorded.chooser().needs_collection()


def test_a_new_conftest_elsewhere_selects_nothing(recorded: World) -> None:
    recorded.write("other/conftest.py", "")
    assert recorded.selected() == set()


def test_a_conftest_that_the_map_knows_is_not_new(world: World) -> None:
    world.write("conftest.py", "X = 1\n")
    world.record({"module:conftest.py": sink({"conftest.py": [1]})})
    assert world.selected() == set()


def test_a_changed_conftest_selects_the_tests_below_it(world: World) -> None:
    world.write("conftest.py", "X = 1\n")
    world.record({"module:conftest.py": sink({"conftest.py": [1]})})
    world.write("conftest.py", "print(1)\n")
    assert world.selected(proven=None) == EVERY
    assert world.chooser(proven=None).needs_collection()


ASKS = {TEST_PREFIX + APART: sink({}, names=["shop.extra"])}


@pytest.mark.parametrize("path", ["shop/extra.py", "shop/extra/__init__.py"])
def test_a_new_file_selects_the_tests_that_asked_for_its_name(world: World, path: str) -> None:
    world.record(ASKS)
    world.write(path, "")
    assert world.selected() == {APART}
    assert world.reason(APART).text == f"{path} is new and answers `import shop.extra`"


@pytest.mark.parametrize("path", ["shop/extra.txt", "shop/extras.py"])
def test_a_new_file_that_answers_to_another_name_selects_nothing(world: World, path: str) -> None:
    world.record(ASKS)
    world.write(path, "")
    assert world.selected() == set()


def test_a_file_that_was_there_already_does_not_appear(world: World) -> None:
    world.write("shop/extra.py", "")
    world.record(ASKS)
    assert world.selected() == set()


def test_a_file_that_is_new_against_the_base_appears_though_it_was_there(world: World) -> None:
    world.write("shop/extra.py", "")
    world.record(ASKS)
    change = change_of(file("shop/extra.py", None, "", FileStatus.ADDED))
    assert world.selected(change) == {APART}


# The rest of the world


@pytest.mark.parametrize(
    ("kind", "name"),
    [("reads", "data/rates.json"), ("dirs", "data"), ("exists", "local.cfg"), ("env", "TOKEN")],
)
def test_what_a_test_asked_of_the_world_selects_it_when_it_changes(
    world: World, kind: str, name: str
) -> None:
    world.record({TEST_PREFIX + APART: sink({}, **{kind: [name]})})
    assert world.selected() == set()
    world.write("data/rates.json", "{1}")
    world.write("data/more.json", "")
    world.write("local.cfg", "")
    world.environ = {"TOKEN": "another"}
    assert world.selected() == {APART}


def test_what_collecting_asked_of_the_world_needs_a_collection(world: World) -> None:
    world.record({"session:": sink({}, reads=["data/rates.json"])})
    assert not world.chooser().needs_collection()
    world.write("data/rates.json", "{1}")
    assert world.chooser().needs_collection()


@pytest.mark.parametrize(
    "edit",
    [
        lambda world: world.edit("shop/tax.py", "price - 1", "price - 2"),
        lambda world: world.write("shop/new.py", ""),
    ],
    ids=["an edit that touches nobody", "a new file"],
)
def test_any_change_selects_a_test_whose_dependencies_cannot_be_known(
    world: World, edit: Any
) -> None:
    world.record({TEST_PREFIX + APART: sink({}, opaque=["forked"])})
    assert world.selected() == set()
    edit(world)
    assert world.selected() == {APART}
    assert world.reason(APART).kind is ReasonKind.OPAQUE


def test_a_changed_file_that_is_not_python_counts_as_a_change_too(world: World) -> None:
    world.record({TEST_PREFIX + APART: sink({}, opaque=["forked"])})
    assert world.selected(change_of(file("README.md", "a", "b"))) == {APART}


# Positions


LOOKS = TESTS.replace("cart.apart()", "cart.apart().f_lineno")


@pytest.mark.parametrize("text", ["\n" + CART, CART + "# a comment\n"])
def test_any_edit_of_a_file_that_it_ran_selects_who_looks_at_positions(
    world: World, text: str
) -> None:
    world.write("tests/test_cart.py", LOOKS)
    world.record()
    assert world.selected() == set()
    world.write("shop/cart.py", text)
    assert world.selected() == {APART}
    assert world.reason(APART).text == (
        "shop/cart.py, whose line numbers or text it may look at, was edited"
    )


def test_an_edit_of_another_file_does_not(world: World) -> None:
    world.write("tests/test_cart.py", LOOKS)
    world.record()
    world.write("shop/tax.py", "\n" + TAX)
    assert world.selected() == set()


def test_an_edit_against_the_base_counts_for_positions_too(world: World) -> None:
    world.write("tests/test_cart.py", LOOKS)
    world.record()
    assert world.selected(change_of(file("shop/cart.py", "\n" + CART, CART))) == {APART}


# What a run leaves


def test_what_was_reached_and_ran_again_is_no_longer_affected(recorded: World) -> None:
    recorded.write("shop/tax.py", TAX + "print(VAT)\n")
    reached = recorded.chooser().reached
    assert "module:shop/tax.py" in reached
    assert not any(key.startswith("test:") for key in reached)
    recorded.record()
    assert recorded.selected() == set()


def test_two_contents_of_a_file_are_each_held_against_the_tree(recorded: World) -> None:
    recorded.edit("shop/cart.py", "return 3", "return 4")
    items = [CollectedItem(APART, "tests/test_cart.py", 1, is_doctest=False)]
    recording = Recording(Tree(recorded.root), ("",), recorded.python_files(), items)
    recording.add_sinks({TEST_PREFIX + APART: SINKS[TEST_PREFIX + APART]})
    recording.add_test(APART, TestRecord(TestOutcome.PASSED, 0.1))
    recorded.store.save(recording.finish(), HERE, ())
    # SHOWN has its lines at the first content, APART at the second one.
    assert recorded.selected() == set()
    recorded.edit("shop/cart.py", "return 4", "return 5")
    assert recorded.selected() == {APART}
    recorded.edit("shop/cart.py", "return VAT", "return VAT + 0")
    assert recorded.selected() == {APART, SHOWN}
