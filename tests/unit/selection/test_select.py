"""Facts about selection: what selects a test, by which reason, and what leaves it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from assay.model.change import (
    Change,
    FileChange,
    FileStatus,
    SemanticChange,
    UnitChange,
    UnitStatus,
)
from assay.model.impact import ABSENT, ImpactMap, Node, TestRecord, UnitRef
from assay.model.run import CollectedItem, TestOutcome
from assay.model.selection import Reason, ReasonKind, Selection
from assay.model.source import MODULE_UNIT
from assay.selection.select import SETTLED, TreeNow, node_words, select

HERE = ("Python=3.11.7", "pytest=9.0")
A, B = "tests/test_a.py::test_a", "tests/test_b.py::test_b"
RATE = UnitRef("tax.py", "rate", "d1")
DUE = UnitRef("tax.py", "due", "d2")
BODY = UnitRef("tax.py", MODULE_UNIT, "d3")


def item(node_id: str) -> CollectedItem:
    return CollectedItem(node_id, node_id.partition("::")[0], 1, is_doctest=False)


def test_node(node_id: str, *units: UnitRef, uses: Iterable[str] = ()) -> Node:
    return Node(f"test:{node_id}", frozenset(units), uses=frozenset(uses))


test_node.__test__ = False  # type: ignore[attr-defined]


def impact_of(*nodes: Node, **outcomes: TestOutcome) -> ImpactMap:
    tests = {
        node.key.removeprefix("test:"): TestRecord(TestOutcome.PASSED, 0.5)
        for node in nodes
        if node.key.startswith("test:")
    }
    return ImpactMap({node.key: node for node in nodes}, tests, HERE)


def outcome_of(impact: ImpactMap, node_id: str, outcome: TestOutcome) -> ImpactMap:
    tests = {**impact.tests, node_id: TestRecord(outcome, 0.5)}
    return ImpactMap(impact.nodes, tests, impact.fingerprint)


def file(path: str, status: FileStatus = FileStatus.MODIFIED) -> FileChange:
    before = None if status is FileStatus.ADDED else b""
    after = None if status is FileStatus.DELETED else b""
    return FileChange(path, status, before, after, frozenset(), frozenset())


def changed(
    *units: tuple[str, str],
    files: Iterable[FileChange] = (),
    status: UnitStatus = UnitStatus.MODIFIED,
) -> SemanticChange:
    paths = dict.fromkeys(path for path, _ in units)
    all_files = (*(file(path) for path in paths), *files)
    found = tuple(UnitChange(p, u, status, frozenset({1}), frozenset()) for p, u in units)
    return SemanticChange(Change("base", "base", all_files), {}, {}, found, (), ())


NOTHING = changed()


def now(
    units: Mapping[tuple[str, str], str] | None = None,
    shas: Mapping[str, str] | None = None,
    dirs: Mapping[str, str] | None = None,
    roots: Iterable[str] = ("",),
) -> TreeNow:
    return TreeNow(units or {}, shas or {}, dirs or {}, tuple(roots))


def chosen(
    impact: ImpactMap,
    change: SemanticChange = NOTHING,
    tree: TreeNow | None = None,
    tests: Iterable[str] = (A, B),
    fingerprint: tuple[str, ...] = HERE,
    general: Reason | None = None,
) -> Selection:
    items = [item(test) for test in tests]
    return select(items, impact, change, tree or now(), fingerprint, general)


def reasons(selection: Selection) -> dict[str, list[tuple[ReasonKind, str]]]:
    return {t.node_id: [(r.kind, r.text) for r in t.reasons] for t in selection.selected}


def only_reason(selection: Selection, node_id: str = A) -> Reason:
    (selected,) = (test for test in selection.selected if test.node_id == node_id)
    (reason,) = selected.reasons
    return reason


TWO = impact_of(test_node(A, RATE), test_node(B, DUE))


# Nothing changed


def test_without_a_change_no_test_is_selected() -> None:
    assert chosen(TWO) == Selection((), (A, B))


@pytest.mark.parametrize("outcome", [outcome for outcome in TestOutcome if outcome in SETTLED])
def test_a_settled_outcome_does_not_select(outcome: TestOutcome) -> None:
    assert chosen(outcome_of(TWO, A, outcome)).selected == ()


def test_every_test_is_either_selected_or_dropped() -> None:
    found = chosen(TWO, changed(("tax.py", "rate")), tests=(A, B, "t.py::new"))
    assert {*found.node_ids, *found.dropped} == {A, B, "t.py::new"}
    assert not set(found.node_ids) & set(found.dropped)


# CODE_CHANGED


def test_a_changed_function_selects_the_test_that_ran_it_and_no_other() -> None:
    found = chosen(TWO, changed(("tax.py", "rate")))
    assert reasons(found) == {A: [(ReasonKind.CODE_CHANGED, "tax.py::rate changed")]}
    assert found.dropped == (B,)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (UnitStatus.ADDED, "is new"),
        (UnitStatus.MODIFIED, "changed"),
        (UnitStatus.DELETED, "is deleted"),
    ],
)
def test_the_reason_says_how_the_unit_changed(status: UnitStatus, words: str) -> None:
    reason = only_reason(chosen(TWO, changed(("tax.py", "rate"), status=status)))
    assert reason.text == f"tax.py::rate {words}"


def test_an_unrelated_function_selects_nothing() -> None:
    assert chosen(TWO, changed(("tax.py", "refund"))).selected == ()


def test_a_function_of_the_same_name_in_another_file_selects_nothing() -> None:
    assert chosen(TWO, changed(("other.py", "rate"))).selected == ()


def test_a_function_that_differs_from_what_was_recorded_selects_without_any_change() -> None:
    reason = only_reason(chosen(TWO, tree=now({("tax.py", "rate"): "edited"})))
    assert reason.kind is ReasonKind.CODE_CHANGED
    assert reason.text == "tax.py::rate changed since it was recorded"


def test_a_function_that_is_gone_since_it_was_recorded_selects() -> None:
    reason = only_reason(chosen(TWO, tree=now({("tax.py", "rate"): ABSENT})))
    assert reason.text == "tax.py::rate is gone since it was recorded"


def test_a_function_that_is_as_recorded_does_not_select_though_its_file_differs() -> None:
    tree = now({("tax.py", "rate"): "d1", ("tax.py", "due"): "d2"})
    assert chosen(TWO, tree=tree).selected == ()


def test_a_function_says_more_than_the_module_body_around_it() -> None:
    impact = impact_of(test_node(A, BODY, RATE))
    change = changed(("tax.py", MODULE_UNIT), ("tax.py", "rate"))
    assert only_reason(chosen(impact, change, tests=(A,))).text == "tax.py::rate changed"


# MODULE_CHANGED and chains


def test_a_changed_module_body_selects_the_test_that_ran_it_directly() -> None:
    reason = only_reason(
        chosen(impact_of(test_node(A, BODY)), changed(("tax.py", MODULE_UNIT)), tests=(A,))
    )
    assert reason == Reason(ReasonKind.MODULE_CHANGED, "tax.py::(module body) changed", ())


CHAIN = impact_of(
    test_node(A, uses=["module:app.py"]),
    Node("module:app.py", uses=frozenset({"module:tax.py"})),
    Node("module:tax.py", frozenset({BODY})),
    test_node(B, uses=["module:other.py"]),
    Node("module:other.py"),
)


def test_a_module_body_selects_through_the_modules_that_import_it() -> None:
    found = chosen(CHAIN, changed(("tax.py", MODULE_UNIT)))
    assert only_reason(found) == Reason(
        ReasonKind.MODULE_CHANGED,
        "tax.py::(module body) changed ← import of tax.py ← import of app.py",
        ("module:app.py", "module:tax.py"),
    )
    assert found.dropped == (B,)


def test_a_module_that_uses_itself_through_others_ends_the_search() -> None:
    impact = impact_of(
        test_node(A, uses=["module:a.py"]),
        Node("module:a.py", uses=frozenset({"module:b.py"})),
        Node("module:b.py", frozenset({BODY}), uses=frozenset({"module:a.py"})),
    )
    found = chosen(impact, changed(("tax.py", MODULE_UNIT)), tests=(A,))
    assert only_reason(found).chain == ("module:a.py", "module:b.py")


def test_the_shortest_chain_is_told() -> None:
    impact = impact_of(
        test_node(A, uses=["module:long.py", "module:tax.py"]),
        Node("module:long.py", uses=frozenset({"module:tax.py"})),
        Node("module:tax.py", frozenset({BODY})),
    )
    found = chosen(impact, changed(("tax.py", MODULE_UNIT)), tests=(A,))
    assert only_reason(found).chain == ("module:tax.py",)


def test_a_function_run_while_a_module_was_imported_counts_as_the_modules() -> None:
    impact = impact_of(
        test_node(A, uses=["module:app.py"]), Node("module:app.py", frozenset({RATE}))
    )
    reason = only_reason(chosen(impact, changed(("tax.py", "rate")), tests=(A,)))
    assert reason.kind is ReasonKind.MODULE_CHANGED


# FIXTURE_CHANGED


FIXTURE = impact_of(
    test_node(A, uses=["fixture:tests::db"]),
    Node("fixture:tests::db", frozenset({RATE})),
    test_node(B),
)


def test_a_function_that_a_shared_fixture_ran_selects_the_tests_that_use_it() -> None:
    found = chosen(FIXTURE, changed(("tax.py", "rate")))
    assert only_reason(found) == Reason(
        ReasonKind.FIXTURE_CHANGED,
        "tax.py::rate changed ← fixture db of tests",
        ("fixture:tests::db",),
    )
    assert found.dropped == (B,)


# TEST_CHANGED


def test_a_change_in_the_tests_own_file_is_a_changed_test() -> None:
    own = UnitRef("tests/test_a.py", "test_a", "d")
    found = chosen(impact_of(test_node(A, own)), changed(("tests/test_a.py", "test_a")), tests=(A,))
    assert only_reason(found).kind is ReasonKind.TEST_CHANGED


def test_a_change_in_another_test_file_is_changed_code() -> None:
    helper = UnitRef("tests/helpers.py", "make", "d")
    found = chosen(
        impact_of(test_node(A, helper)), changed(("tests/helpers.py", "make")), tests=(A,)
    )
    assert only_reason(found).kind is ReasonKind.CODE_CHANGED


@pytest.mark.parametrize(
    ("path", "applies"), [("conftest.py", {A, B}), ("tests/conftest.py", {A, B})]
)
def test_a_new_conftest_selects_every_test_below_it(path: str, applies: set[str]) -> None:
    found = chosen(TWO, changed(files=[file(path, FileStatus.ADDED)]))
    assert set(found.node_ids) == applies
    assert only_reason(found) == Reason(
        ReasonKind.TEST_CHANGED, f"{path} is new and applies to it", ()
    )


@pytest.mark.parametrize(
    "path", ["test/conftest.py", "tests/unit/conftest.py", "tests/conftests.py"]
)
def test_a_new_conftest_elsewhere_selects_nothing(path: str) -> None:
    assert chosen(TWO, changed(files=[file(path, FileStatus.ADDED)])).selected == ()


def test_a_conftest_that_the_map_knows_is_not_new() -> None:
    impact = impact_of(test_node(A), Node("module:conftest.py"))
    found = chosen(impact, changed(files=[file("conftest.py", FileStatus.ADDED)]), tests=(A,))
    assert found.selected == ()


# NEW_TEST


def test_a_test_the_map_does_not_know_is_selected() -> None:
    found = chosen(TWO, tests=(A, "tests/test_a.py::test_new"))
    assert reasons(found) == {
        "tests/test_a.py::test_new": [(ReasonKind.NEW_TEST, "the map does not know this test")]
    }


def test_a_test_that_is_no_longer_collected_is_neither_selected_nor_dropped() -> None:
    assert chosen(TWO, changed(("tax.py", "due")), tests=(A,)) == Selection((), (A,))


# FAILED_LAST_TIME


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (TestOutcome.FAILED, "failed"),
        (TestOutcome.ERROR, "had an error"),
        (TestOutcome.XPASSED, "passed although marked xfail"),
        (TestOutcome.CRASHED, "took its process down"),
        (TestOutcome.TIMEOUT, "timed out"),
        (TestOutcome.NOT_RUN, "did not run"),
    ],
)
def test_an_unsettled_outcome_selects_though_nothing_changed(
    outcome: TestOutcome, words: str
) -> None:
    found = chosen(outcome_of(TWO, A, outcome))
    text = f"it {words} when it was last recorded"
    assert reasons(found) == {A: [(ReasonKind.FAILED_LAST_TIME, text)]}


def test_every_outcome_is_settled_or_has_words() -> None:
    for outcome in set(TestOutcome) - SETTLED:
        assert only_reason(chosen(outcome_of(TWO, A, outcome))).text


def test_a_failed_test_whose_code_changed_has_both_reasons() -> None:
    found = chosen(outcome_of(TWO, A, TestOutcome.FAILED), changed(("tax.py", "rate")))
    kinds = [kind for kind, _ in reasons(found)[A]]
    assert kinds == [ReasonKind.FAILED_LAST_TIME, ReasonKind.CODE_CHANGED]


# FILE_CHANGED


READS = impact_of(
    Node(f"test:{A}", files={"data/rates.json": "s1", "none.ini": ABSENT}, dirs={"data": "n1"}),
    test_node(B),
)


@pytest.mark.parametrize("status", FileStatus)
def test_a_changed_file_selects_the_test_that_reads_it(status: FileStatus) -> None:
    found = chosen(READS, changed(files=[file("data/rates.json", status)]))
    text = f"data/rates.json, which it reads, is {status.value}"
    assert reasons(found) == {A: [(ReasonKind.FILE_CHANGED, text)]}


def test_a_file_that_differs_from_what_was_recorded_selects_without_any_change() -> None:
    found = chosen(READS, tree=now(shas={"data/rates.json": "s2"}))
    text = "data/rates.json, which it reads, changed since it was recorded"
    assert reasons(found) == {A: [(ReasonKind.FILE_CHANGED, text)]}


def test_a_file_that_was_asked_for_and_is_there_now_selects() -> None:
    assert chosen(READS, tree=now(shas={"none.ini": "s"})).node_ids == (A,)


def test_a_file_that_is_as_recorded_does_not_select() -> None:
    tree = now(shas={"data/rates.json": "s1", "none.ini": ABSENT}, dirs={"data": "n1"})
    assert chosen(READS, tree=tree).selected == ()


def test_an_unread_file_selects_nothing() -> None:
    assert chosen(READS, changed(files=[file("README.md")])).selected == ()


@pytest.mark.parametrize("status", [FileStatus.ADDED, FileStatus.DELETED])
def test_another_set_of_names_selects_the_test_that_lists_the_directory(status: FileStatus) -> None:
    found = chosen(READS, changed(files=[file("data/new.json", status)]))
    text = "data/, which it lists, has other files"
    assert reasons(found) == {A: [(ReasonKind.FILE_CHANGED, text)]}


def test_a_modified_file_does_not_change_the_listing_of_its_directory() -> None:
    assert chosen(READS, changed(files=[file("data/other.json")])).selected == ()


def test_a_new_file_deeper_than_the_listed_directory_selects_nothing() -> None:
    found = chosen(READS, changed(files=[file("data/deep/new.json", FileStatus.ADDED)]))
    assert found.selected == ()


def test_a_listing_that_differs_from_what_was_recorded_selects_without_any_change() -> None:
    assert chosen(READS, tree=now(dirs={"data": "n2"})).node_ids == (A,)


def test_the_repository_itself_is_called_dot_when_it_was_listed() -> None:
    impact = impact_of(Node(f"test:{A}", dirs={"": "n1"}))
    found = chosen(impact, changed(files=[file("new.txt", FileStatus.ADDED)]), tests=(A,))
    assert only_reason(found).text == "./, which it lists, has other files"


# NAME_APPEARED


ASKS = impact_of(Node(f"test:{A}", names=frozenset({"shop.extra"})), test_node(B))


def test_a_new_file_selects_the_tests_that_asked_for_its_name() -> None:
    change = changed(files=[file("src/shop/extra.py", FileStatus.ADDED)])
    found = chosen(ASKS, change, now(roots=["src"]))
    text = "src/shop/extra.py is new and answers `import shop.extra`"
    assert reasons(found) == {A: [(ReasonKind.NAME_APPEARED, text)]}


def test_a_new_package_answers_to_its_name_too() -> None:
    change = changed(files=[file("shop/extra/__init__.py", FileStatus.ADDED)])
    assert chosen(ASKS, change).node_ids == (A,)


def test_a_new_file_under_no_root_answers_to_no_such_name() -> None:
    change = changed(files=[file("lib/shop/extra.py", FileStatus.ADDED)])
    assert chosen(ASKS, change, now(roots=["src"])).selected == ()


@pytest.mark.parametrize("status", [FileStatus.MODIFIED, FileStatus.DELETED])
def test_a_file_that_is_not_new_does_not_appear(status: FileStatus) -> None:
    assert chosen(ASKS, changed(files=[file("shop/extra.py", status)])).selected == ()


def test_a_new_file_that_is_not_python_answers_no_import() -> None:
    change = changed(files=[file("shop/extra.txt", FileStatus.ADDED)])
    assert chosen(ASKS, change).selected == ()


def test_a_new_file_that_was_recorded_already_is_told_apart_by_its_units() -> None:
    impact = impact_of(
        Node(f"test:{A}", names=frozenset({"shop.extra"})), Node("module:shop/extra.py")
    )
    change = changed(files=[file("shop/extra.py", FileStatus.ADDED)])
    assert chosen(impact, change, tests=(A,)).selected == ()


# OPAQUE


OPAQUE = impact_of(Node(f"test:{A}", opaque=frozenset({"started a subprocess"})), test_node(B))


@pytest.mark.parametrize(
    "change", [changed(("any.py", "f")), changed(files=[file("README.md")])], ids=["unit", "file"]
)
def test_any_change_selects_a_test_whose_dependencies_cannot_be_known(
    change: SemanticChange,
) -> None:
    found = chosen(OPAQUE, change)
    text = "it started a subprocess, so any change may affect it"
    assert reasons(found) == {A: [(ReasonKind.OPAQUE, text)]}


def test_an_opaque_test_is_not_selected_when_nothing_changed() -> None:
    assert chosen(OPAQUE).selected == ()


def test_an_opaque_test_is_selected_when_recorded_code_was_edited_since() -> None:
    impact = impact_of(Node(f"test:{A}", opaque=frozenset({"forked"})), test_node(B, RATE))
    assert chosen(impact, tree=now({("tax.py", "rate"): "edited"})).node_ids == (B, A)


def test_an_opaque_fixture_makes_its_users_opaque() -> None:
    impact = impact_of(
        test_node(A, uses=["fixture:::f"]),
        Node("fixture:::f", opaque=frozenset({"forked"})),
        test_node(B),
    )
    found = chosen(impact, changed(("any.py", "f")))
    assert found.node_ids == (A,)
    assert only_reason(found).kind is ReasonKind.OPAQUE


# ENVIRONMENT, NO_MAP and a reason that holds for all


def test_without_a_map_every_test_is_selected() -> None:
    found = chosen(ImpactMap({}, {}, ()))
    assert set(found.node_ids) == {A, B}
    assert only_reason(found) == Reason(ReasonKind.NO_MAP, "there is no impact map yet")


def test_another_environment_selects_every_test_and_names_what_differs() -> None:
    found = chosen(TWO, fingerprint=("Python=3.12.0", "attrs=1", "pytest=9.0"))
    assert set(found.node_ids) == {A, B}
    assert only_reason(found) == Reason(
        ReasonKind.ENVIRONMENT,
        "the environment changed since the map was recorded: "
        "Python 3.11.7 → 3.12.0, attrs none → 1",
    )


def test_only_three_differences_of_the_environment_are_named() -> None:
    there = (*HERE, "a=1", "b=1", "c=1", "d=1", "e=1")
    text = only_reason(chosen(TWO, fingerprint=there)).text
    assert text.endswith(": a none → 1, b none → 1, c none → 1 and 2 more")


def test_a_general_reason_selects_every_test() -> None:
    reason = Reason(ReasonKind.ENVIRONMENT, "the pytest settings changed")
    found = chosen(TWO, general=reason)
    assert set(found.node_ids) == {A, B}
    assert only_reason(found) == reason


# Order


def test_the_likeliest_to_fail_come_first() -> None:
    tests = [f"t.py::{kind.name.lower()}" for kind in ReasonKind][:9]
    failed, own, _, code, reads, body, fixed, named, dark = tests
    impact = outcome_of(
        impact_of(
            test_node(failed),
            test_node(own, UnitRef("t.py", "own", "d")),
            test_node(code, RATE),
            Node(f"test:{reads}", files={"rates.json": "s"}),
            test_node(body, BODY),
            test_node(fixed, uses=["fixture:::f"]),
            Node("fixture:::f", frozenset({DUE})),
            Node(f"test:{named}", names=frozenset({"extra"})),
            Node(f"test:{dark}", opaque=frozenset({"forked"})),
        ),
        failed,
        TestOutcome.FAILED,
    )
    change = changed(
        ("t.py", "own"),
        ("tax.py", "rate"),
        ("tax.py", "due"),
        ("tax.py", MODULE_UNIT),
        files=[file("rates.json"), file("extra.py", FileStatus.ADDED)],
    )
    assert chosen(impact, change, tests=reversed(tests)).node_ids == tuple(tests)


def test_tests_of_the_same_kind_keep_the_order_of_collection() -> None:
    impact = impact_of(test_node(A, RATE), test_node(B, RATE))
    change = changed(("tax.py", "rate"))
    assert chosen(impact, change, tests=(B, A)).node_ids == (B, A)
    assert chosen(impact, change, tests=(A, B)).node_ids == (A, B)


@pytest.mark.parametrize(
    ("seconds_of_a", "first"),
    [(3.0, B), (0.7, B), (0.54, A), (0.46, A)],
    ids=["slower", "a little slower", "no slower to speak of", "no faster to speak of"],
)
def test_of_the_same_kind_the_fastest_comes_first(seconds_of_a: float, first: str) -> None:
    impact = impact_of(test_node(A, RATE), test_node(B, RATE))
    timed = {**impact.tests, A: TestRecord(TestOutcome.PASSED, seconds_of_a)}
    found = chosen(replace(impact, tests=timed), changed(("tax.py", "rate")), tests=(A, B))
    assert found.node_ids[0] == first


def test_a_selected_test_carries_its_last_duration_and_a_new_one_none() -> None:
    found = chosen(TWO, changed(("tax.py", "rate")), tests=(A, "t.py::new"))
    assert {test.node_id: test.seconds for test in found.selected} == {A: 0.5, "t.py::new": 0.0}


# Words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("fixture:::db", "fixture db"),
        ("fixture:tests/test_a.py::db", "fixture db of tests/test_a.py"),
        ("fixture:tests/test_a.py::TestX::db", "fixture db of tests/test_a.py::TestX"),
        ("module:src/app.py", "import of src/app.py"),
        ("session:", "collection"),
        ("test:t.py::a", "t.py::a"),
    ],
)
def test_nodes_are_called_what_people_call_them(key: str, words: str) -> None:
    assert node_words(key) == words
