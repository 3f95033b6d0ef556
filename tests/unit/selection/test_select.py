"""Facts about selection: what selects a test, by which reason, and what leaves it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from assay.impact.readers import Readers
from assay.model.difference import Difference
from assay.model.impact import LineSet, Node, TestRecord
from assay.model.run import CollectedItem, TestOutcome
from assay.model.selection import Reason, ReasonKind, Selection
from assay.selection.select import (
    NO_MAP,
    SETTLED,
    Affected,
    environment_reason,
    may_be_selected,
    node_words,
    reaches_collection,
    select,
    spread,
)
from assay.selection.touch import Altered, Cause

HERE = ("Python=3.11.7", "pytest=9.0")
A, B = "tests/test_a.py::test_a", "tests/test_b.py::test_b"
NEW = "tests/test_a.py::test_new"
PASSED = TestRecord(TestOutcome.PASSED, 0.5)

RATE = Cause(ReasonKind.CODE_CHANGED, "tax.py::rate changed")
BODY = Cause(ReasonKind.MODULE_CHANGED, "tax.py::(module body) changed")
VAT = Cause(ReasonKind.NAME_CHANGED, "shop/tax.py::VAT changed ← named in shop/cart.py")


def item(node_id: str) -> CollectedItem:
    return CollectedItem(node_id, node_id.partition("::")[0], 1, is_doctest=False)


def node(key: str, *uses: str, lines: int = 0) -> Node:
    found = {"tax.py": LineSet("s", (1 << lines) - 1)} if lines else {}
    return Node(key, found, uses=frozenset(uses))


def affected(
    direct: Mapping[str, Cause] | None = None,
    *nodes: Node,
    altered: Iterable[Altered] = (),
    conftests: Iterable[str] = (),
) -> Affected:
    direct = direct or {}
    every = {key: Node(key) for key in direct} | {one.key: one for one in nodes}
    return Affected(every, direct, tuple(altered), tuple(conftests))


def chosen(
    reached: Affected | None = None,
    tests: Iterable[str] = (A, B),
    records: Mapping[str, TestRecord] | None = None,
    general: Reason | None = None,
    kills: Mapping[str, int] | None = None,
) -> Selection:
    known = {A: PASSED, B: PASSED} if records is None else records
    tests, reached = list(tests), reached or affected()
    found = select(map(item, tests), known, reached, general, kills)
    if general is None:
        # Whatever is selected of what was recorded is worth looking at.
        standing = [(t, item(t).path, known[t].outcome in SETTLED) for t in tests if t in known]
        assert {i.node_id for i in may_be_selected(standing, reached)} >= (
            set(found.node_ids) & known.keys()
        )
    return found


def test_recorded_tests_that_nothing_concerns_are_not_looked_at() -> None:
    standing = [(A, "tests/test_a.py", True), (B, "tests/test_b.py", True)]
    assert may_be_selected(standing, affected()) == []
    reached = affected({f"test:{A}": RATE})
    assert [i.node_id for i in may_be_selected(standing, reached)] == [A]


def reasons(selection: Selection) -> dict[str, list[tuple[ReasonKind, str]]]:
    return {t.node_id: [(r.kind, r.text) for r in t.reasons] for t in selection.selected}


def only_reason(selection: Selection, node_id: str = A) -> Reason:
    (selected,) = (test for test in selection.selected if test.node_id == node_id)
    (reason,) = selected.reasons
    return reason


def record(outcome: TestOutcome = TestOutcome.PASSED, seconds: float = 0.5) -> TestRecord:
    return TestRecord(outcome, seconds)


# Nothing changed


def test_without_a_change_no_test_is_selected() -> None:
    assert chosen() == Selection((), (A, B))


@pytest.mark.parametrize("outcome", [outcome for outcome in TestOutcome if outcome in SETTLED])
def test_a_settled_outcome_does_not_select(outcome: TestOutcome) -> None:
    assert chosen(records={A: record(outcome), B: PASSED}).selected == ()


def test_every_test_is_either_selected_or_dropped() -> None:
    found = chosen(affected({f"test:{A}": RATE}), tests=(A, B, NEW))
    assert {*found.node_ids, *found.dropped} == {A, B, NEW}
    assert not set(found.node_ids) & set(found.dropped)


# What a test ran


def test_what_touches_a_test_selects_it_and_no_other() -> None:
    found = chosen(affected({f"test:{A}": RATE}))
    assert reasons(found) == {A: [(ReasonKind.CODE_CHANGED, "tax.py::rate changed")]}
    assert only_reason(found).chain == ()
    assert found.dropped == (B,)


@pytest.mark.parametrize("kind", ReasonKind)
def test_a_test_that_is_touched_itself_has_the_kind_of_its_cause(kind: ReasonKind) -> None:
    found = chosen(affected({f"test:{A}": Cause(kind, "because")}))
    assert only_reason(found) == Reason(kind, "because")


# Chains


CHAIN = (
    node(f"test:{A}", "module:app.py"),
    node("module:app.py", "module:tax.py"),
    node("module:tax.py"),
    node(f"test:{B}", "module:other.py"),
    node("module:other.py"),
)


def test_a_module_body_selects_through_the_modules_that_import_it() -> None:
    found = chosen(affected({"module:tax.py": BODY}, *CHAIN))
    assert only_reason(found) == Reason(
        ReasonKind.MODULE_CHANGED,
        # That its own change reaches those who import it needs no link.
        "tax.py::(module body) changed ← imported by app.py",
        ("module:app.py", "module:tax.py"),
    )
    assert found.dropped == (B,)


def test_a_name_is_followed_to_where_it_is_named_and_from_there_through_imports() -> None:
    nodes = (
        node(f"test:{A}", "module:shop/api.py"),
        node("module:shop/api.py", "module:shop/cart.py"),
        node("module:shop/cart.py"),
    )
    assert only_reason(chosen(affected({"module:shop/cart.py": VAT}, *nodes))) == Reason(
        ReasonKind.MODULE_CHANGED,
        "shop/tax.py::VAT changed ← named in shop/cart.py ← imported by shop/api.py",
        ("module:shop/api.py", "module:shop/cart.py"),
    )


def test_modules_that_use_each_other_end_the_search() -> None:
    nodes = (
        node(f"test:{A}", "module:a.py"),
        node("module:a.py", "module:b.py"),
        node("module:b.py", "module:a.py"),
    )
    found = chosen(affected({"module:b.py": BODY}, *nodes), tests=(A,))
    assert only_reason(found).chain == ("module:a.py", "module:b.py")


def test_the_shortest_chain_is_told() -> None:
    nodes = (
        node(f"test:{A}", "module:long.py", "module:tax.py"),
        node("module:long.py", "module:tax.py"),
        node("module:tax.py"),
    )
    found = chosen(affected({"module:tax.py": BODY}, *nodes), tests=(A,))
    assert only_reason(found).chain == ("module:tax.py",)


def test_a_function_run_while_a_module_was_imported_counts_as_the_modules() -> None:
    found = chosen(affected({"module:app.py": RATE}, node(f"test:{A}", "module:app.py")))
    assert only_reason(found).kind is ReasonKind.MODULE_CHANGED


def test_a_node_that_nobody_uses_selects_nothing() -> None:
    assert chosen(affected({"fixture:::db": RATE}, node(f"test:{A}"))).selected == ()


def test_a_node_that_came_along_untouched_selects_nothing() -> None:
    assert chosen(affected({}, *CHAIN)).selected == ()


def test_a_function_that_a_shared_fixture_ran_selects_the_tests_that_use_it() -> None:
    nodes = (node(f"test:{A}", "fixture:tests::db"), node(f"test:{B}"))
    found = chosen(affected({"fixture:tests::db": RATE}, *nodes))
    assert only_reason(found) == Reason(
        ReasonKind.FIXTURE_CHANGED,
        "tax.py::rate changed ← fixture db of tests",
        ("fixture:tests::db",),
    )
    assert found.dropped == (B,)


def test_what_another_test_left_behind_selects_who_found_it() -> None:
    nodes = (
        node(f"test:{A}", "memo:tax.py::table"),
        node("memo:tax.py::table", f"test:{B}"),
    )
    found = chosen(affected({f"test:{B}": RATE}, *nodes))
    assert only_reason(found) == Reason(
        ReasonKind.MEMO,
        f"tax.py::rate changed ← {B} ← kept by tax.py::table",
        ("memo:tax.py::table", f"test:{B}"),
    )
    assert only_reason(found, B).kind is ReasonKind.CODE_CHANGED


def test_an_opaque_fixture_makes_its_users_opaque() -> None:
    cause = Cause(ReasonKind.OPAQUE, "it forked, so any change may affect it")
    nodes = (node(f"test:{A}", "fixture:::f"), node(f"test:{B}"))
    found = chosen(affected({"fixture:::f": cause}, *nodes))
    assert found.node_ids == (A,)
    assert only_reason(found).kind is ReasonKind.OPAQUE


# TEST_CHANGED


def test_a_change_in_the_tests_own_file_is_a_changed_test() -> None:
    cause = Cause(ReasonKind.CODE_CHANGED, "tests/test_a.py::test_a changed")
    found = chosen(affected({f"test:{A}": cause}))
    assert only_reason(found).kind is ReasonKind.TEST_CHANGED


def test_a_change_in_another_test_file_is_changed_code() -> None:
    cause = Cause(ReasonKind.CODE_CHANGED, "tests/helpers.py::make changed")
    assert only_reason(chosen(affected({f"test:{A}": cause}))).kind is ReasonKind.CODE_CHANGED


def own(*tests: str, path: str = "tests/test_a.py", classes: Iterable[str] = ()) -> Altered:
    """A difference of a test file which says whose tests it affects."""
    readers = Readers({}, frozenset(classes), followed=True) if classes else None
    difference = Difference("TestX.helper", "changed", tests=frozenset(tests))
    return Altered((path, "s"), difference, readers, at_import=False)


def of_own(altered: Altered, *tests: str) -> set[str]:
    known = dict.fromkeys(tests, PASSED)
    found = chosen(affected(altered=[altered]), tests, known)
    assert all(r.kind is ReasonKind.TEST_CHANGED for t in found.selected for r in t.reasons)
    return set(found.node_ids)


def test_a_test_function_that_a_difference_names_is_selected_and_no_other() -> None:
    tests = ("tests/test_a.py::test_x", "tests/test_a.py::test_y", "tests/test_b.py::test_x")
    assert of_own(own("test_x"), *tests) == {"tests/test_a.py::test_x"}


def test_all_parameters_of_a_named_test_are_selected() -> None:
    tests = ("tests/test_a.py::test_x[a::b]", "tests/test_a.py::test_x[1]")
    assert of_own(own("test_x"), *tests) == set(tests)


def test_what_a_parameter_says_names_no_test() -> None:
    assert of_own(own("test_x"), "tests/test_a.py::test_y[a::test_x]") == set()


def test_a_directory_with_a_bracket_in_its_name_hides_no_test() -> None:
    test = "te[sts/test_a.py::test_x"
    assert of_own(own("test_x", path="te[sts/test_a.py"), test) == {test}


def test_a_class_that_a_difference_names_selects_its_tests() -> None:
    tests = ("tests/test_a.py::TestX::test_a", "tests/test_a.py::TestY::test_a")
    assert of_own(own("TestX"), *tests) == {"tests/test_a.py::TestX::test_a"}


def test_a_class_derived_from_a_changed_one_is_affected_wherever_it_stands() -> None:
    tests = ("tests/test_b.py::TestY::test_a", "tests/test_b.py::TestZ::test_a")
    assert of_own(own(classes=["Base", "TestY"]), *tests) == {"tests/test_b.py::TestY::test_a"}


def test_a_test_function_with_the_name_of_a_class_is_none() -> None:
    assert of_own(own(classes=["TestY"]), "tests/test_b.py::TestY") == set()


def test_a_class_whose_test_has_its_name_is_one() -> None:
    assert of_own(own(classes=["T"]), "tests/test_b.py::T::T") == {"tests/test_b.py::T::T"}


@pytest.mark.parametrize("path", ["conftest.py", "tests/conftest.py"])
def test_a_new_conftest_selects_every_test_below_it(path: str) -> None:
    found = chosen(affected(conftests=[path]))
    assert set(found.node_ids) == {A, B}
    assert only_reason(found) == Reason(
        ReasonKind.TEST_CHANGED, f"{path} is new and applies to it", ()
    )


@pytest.mark.parametrize("path", ["test/conftest.py", "tests/unit/conftest.py"])
def test_a_new_conftest_elsewhere_selects_nothing(path: str) -> None:
    assert chosen(affected(conftests=[path])).selected == ()


# NEW_TEST


def test_a_test_the_map_does_not_know_is_selected() -> None:
    found = chosen(tests=(A, NEW))
    assert reasons(found) == {NEW: [(ReasonKind.NEW_TEST, "the map does not know this test")]}


def test_a_test_that_is_no_longer_collected_is_neither_selected_nor_dropped() -> None:
    assert chosen(affected({f"test:{B}": RATE}), tests=(A,)) == Selection((), (A,))


# FAILED_LAST_TIME


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (TestOutcome.FAILED, "failed"),
        (TestOutcome.ERROR, "had an error"),
        (TestOutcome.CRASHED, "took its process down"),
        (TestOutcome.TIMEOUT, "timed out"),
        (TestOutcome.NOT_RUN, "did not run"),
    ],
)
def test_an_unsettled_outcome_selects_though_nothing_changed(
    outcome: TestOutcome, words: str
) -> None:
    found = chosen(records={A: record(outcome), B: PASSED})
    text = f"it {words} when it was last recorded"
    assert reasons(found) == {A: [(ReasonKind.FAILED_LAST_TIME, text)]}


def test_every_outcome_is_settled_or_has_words() -> None:
    for outcome in set(TestOutcome) - SETTLED:
        assert only_reason(chosen(records={A: record(outcome), B: PASSED})).text


def test_a_failed_test_that_is_touched_has_both_reasons() -> None:
    failed = {A: record(TestOutcome.FAILED), B: PASSED}
    kinds = [kind for kind, _ in reasons(chosen(affected({f"test:{A}": RATE}), records=failed))[A]]
    assert kinds == [ReasonKind.FAILED_LAST_TIME, ReasonKind.CODE_CHANGED]


def test_a_test_can_have_a_reason_of_its_own_and_one_by_what_it_ran() -> None:
    found = chosen(affected({f"test:{A}": RATE}, altered=[own("test_a")]))
    assert [kind for kind, _ in reasons(found)[A]] == [
        ReasonKind.TEST_CHANGED,
        ReasonKind.CODE_CHANGED,
    ]


# ENVIRONMENT, NO_MAP and a reason that holds for all


def test_a_general_reason_selects_every_test_and_is_the_only_one() -> None:
    found = chosen(affected({f"test:{A}": RATE}), tests=(A, B, NEW), general=NO_MAP)
    assert set(found.node_ids) == {A, B, NEW}
    assert only_reason(found) == Reason(ReasonKind.NO_MAP, "there is no impact map yet")


def test_the_same_environment_is_no_reason() -> None:
    assert environment_reason(HERE, HERE) is None


def test_another_environment_names_what_differs() -> None:
    assert environment_reason(HERE, ("Python=3.12.0", "attrs=1", "pytest=9.0")) == Reason(
        ReasonKind.ENVIRONMENT,
        "the environment changed since the map was recorded: "
        "Python 3.11.7 → 3.12.0, attrs none → 1",
    )


def test_only_three_differences_of_the_environment_are_named() -> None:
    reason = environment_reason(HERE, (*HERE, "a=1", "b=1", "c=1", "d=1", "e=1"))
    assert reason is not None
    assert reason.text.endswith(": a none → 1, b none → 1, c none → 1 and 2 more")


# Order


def test_the_likeliest_to_fail_come_first() -> None:
    kinds = [kind for kind in ReasonKind if kind is not ReasonKind.FAILED_LAST_TIME]
    touched = [kind for kind in kinds if kind is not ReasonKind.NEW_TEST]
    direct = {f"test:t.py::{kind.name}": Cause(kind, "because") for kind in touched}
    records = {f"t.py::{kind.name}": PASSED for kind in touched}
    records["t.py::FAILED_LAST_TIME"] = record(TestOutcome.FAILED)
    tests = [f"t.py::{kind.name}" for kind in ReasonKind]
    found = chosen(affected(direct), reversed(tests), records)
    assert found.node_ids == tuple(tests)
    assert [test.partition("::")[2] for test in found.node_ids[:4]] == [
        "FAILED_LAST_TIME",
        "TEST_CHANGED",
        "NEW_TEST",
        "CODE_CHANGED",
    ]


BOTH = affected({f"test:{A}": RATE, f"test:{B}": RATE})


def first(
    seconds: tuple[float, float] = (0.5, 0.5),
    lines: tuple[int, int] = (0, 0),
    kills: Mapping[str, int] | None = None,
    causes: tuple[Cause, Cause] = (RATE, RATE),
) -> str:
    """Which of two tests comes first, of which A was collected first."""
    keys = (f"test:{A}", f"test:{B}")
    nodes = [node(key, lines=count) for key, count in zip(keys, lines, strict=True)]
    reached = affected(dict(zip(keys, causes, strict=True)), *nodes)
    records = {A: record(seconds=seconds[0]), B: record(seconds=seconds[1])}
    return chosen(reached, records=records, kills=kills).node_ids[0]


def test_tests_of_the_same_kind_keep_the_order_of_collection() -> None:
    assert chosen(BOTH, tests=(B, A)).node_ids == (B, A)
    assert chosen(BOTH, tests=(A, B)).node_ids == (A, B)


@pytest.mark.parametrize(
    ("seconds_of_a", "wanted"),
    [(3.0, B), (0.7, B), (0.54, A), (0.46, A)],
    ids=["slower", "a little slower", "no slower to speak of", "no faster to speak of"],
)
def test_of_the_same_kind_the_fastest_comes_first(seconds_of_a: float, wanted: str) -> None:
    assert first(seconds=(seconds_of_a, 0.5)) == wanted


@pytest.mark.parametrize(("lines_of_a", "wanted"), [(100, B), (20, B), (15, A), (8, A)], ids=str)
def test_of_the_same_kind_those_that_run_little_come_first(lines_of_a: int, wanted: str) -> None:
    # By steps of a factor two: 8 to 15 lines are the same.
    assert first(lines=(lines_of_a, 8)) == wanted


def test_running_little_says_more_than_being_fast() -> None:
    assert first(seconds=(0.1, 9.0), lines=(100, 3)) == B


def test_of_the_same_kind_those_that_noticed_mutants_come_first() -> None:
    assert first(kills={B: 1}) == B
    assert first(kills={A: 1, B: 3}) == B


def test_having_noticed_mutants_says_more_than_running_little() -> None:
    assert first(lines=(3, 900), seconds=(0.1, 9.0), kills={B: 1}) == B


def test_the_reason_says_more_than_having_noticed_mutants() -> None:
    assert first(kills={B: 9}, causes=(RATE, BODY)) == A


def test_a_selected_test_carries_what_it_is_ranked_by() -> None:
    reached = affected({f"test:{A}": RATE}, node(f"test:{A}", lines=12))
    found = chosen(reached, tests=(A, NEW), kills={A: 2, B: 5})
    assert {t.node_id: (t.seconds, t.breadth, t.kills) for t in found.selected} == {
        A: (0.5, 12, 2),
        NEW: (0.0, 0, 0),
    }


# Collecting


@pytest.mark.parametrize(
    ("key", "wanted"),
    [("module:t.py", True), ("session:", True), (f"test:{A}", False), ("fixture:::f", False)],
)
def test_collecting_may_differ_where_something_that_it_imports_is_affected(
    key: str, wanted: bool
) -> None:
    assert reaches_collection(spread(affected({key: RATE}))) is wanted


def test_collecting_may_differ_where_a_module_uses_what_is_affected() -> None:
    reached = affected({"fixture:::f": RATE}, node("module:t.py", "fixture:::f"))
    assert reaches_collection(spread(reached))
    assert not reaches_collection(spread(replace(reached, direct={})))


# Words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("fixture:::db", "fixture db"),
        ("fixture:tests/test_a.py::db", "fixture db of tests/test_a.py"),
        ("fixture:tests/test_a.py::TestX::db", "fixture db of tests/test_a.py::TestX"),
        ("module:src/app.py", "imported by src/app.py"),
        ("memo:tax.py::table", "kept by tax.py::table"),
        ("session:", "collection"),
        ("test:t.py::a", "t.py::a"),
    ],
)
def test_nodes_are_called_what_people_call_them(key: str, words: str) -> None:
    assert node_words(key) == words
