"""Facts about controls: which sequences of tests prove a kill, and which prove others too."""

from __future__ import annotations

import pytest

from assay.execution.mutants import maximal, prefix_of, without
from assay.model.mutant import Mutant, PlannedMutant, PlannedTest, Route, Status, Verdict
from assay.model.source import Span

MUTANT = Mutant(
    id="m",
    path="tax.py",
    unit="rate",
    scope="rate",
    operator="number",
    span=Span(3, 0, 3, 1),
    original="1",
    replacement="2",
    statement_line=3,
    lines=frozenset({3}),
)
HOT, COLD = Route.HOT, Route.COLD


def planned(*tests: str) -> PlannedMutant:
    return PlannedMutant(MUTANT, tuple(PlannedTest(test, 3.0) for test in tests), HOT)


def killed_by(killer: str) -> Verdict:
    return Verdict(MUTANT, Status.KILLED, (), killer, True, "", 1, 0.1)


# The tests up to a kill


@pytest.mark.parametrize(
    ("killer", "prefix"), [("a", ("a",)), ("b", ("a", "b")), ("c", ("a", "b", "c"))]
)
def test_a_kill_rests_on_the_tests_up_to_the_killer(killer: str, prefix: tuple[str, ...]) -> None:
    assert prefix_of(planned("a", "b", "c"), killed_by(killer)) == prefix


@pytest.mark.parametrize("killer", ["", "z"])
def test_a_kill_by_no_planned_test_rests_on_nothing(killer: str) -> None:
    assert prefix_of(planned("a", "b"), killed_by(killer)) == ()


# Sequences worth a control


def test_a_sequence_that_another_begins_with_is_dropped() -> None:
    found = maximal([(HOT, ("a",)), (HOT, ("a", "b")), (HOT, ("a", "b", "c"))])
    assert found == [(HOT, ("a", "b", "c"))]


def test_sequences_that_part_are_both_kept() -> None:
    found = maximal([(HOT, ("a",)), (HOT, ("a", "b")), (HOT, ("a", "c")), (HOT, ("b",))])
    assert found == [(HOT, ("a", "b")), (HOT, ("a", "c")), (HOT, ("b",))]


def test_a_sequence_within_another_but_not_at_its_start_is_kept() -> None:
    assert len(maximal([(HOT, ("b",)), (HOT, ("a", "b"))])) == 2


def test_a_sequence_of_one_route_proves_nothing_for_the_other() -> None:
    found = maximal([(HOT, ("a",)), (COLD, ("a", "b"))])
    assert sorted(found, key=lambda pair: pair[1]) == [(HOT, ("a",)), (COLD, ("a", "b"))]


def test_names_that_only_begin_alike_are_not_one_sequence() -> None:
    assert len(maximal([(HOT, ("a",)), (HOT, ("ab",))])) == 2


def test_the_same_sequence_is_kept_once() -> None:
    assert maximal([(HOT, ("a", "b")), (HOT, ("a", "b"))]) == [(HOT, ("a", "b"))]


def test_empty_sequences_need_no_control() -> None:
    assert maximal([(HOT, ()), (COLD, ())]) == []


# Leaving tests out


def test_the_same_mutant_goes_on_without_the_guilty_tests() -> None:
    found = without(planned("a", "b", "c"), {"b"})
    assert [test.node_id for test in found.tests] == ["a", "c"]
    assert (found.mutant, found.route) == (MUTANT, HOT)


def test_a_mutant_whose_tests_are_innocent_stays_as_it_is() -> None:
    assert without(planned("a"), {"z"}) == planned("a")


def test_a_mutant_may_be_left_without_tests() -> None:
    assert without(planned("a"), {"a"}).tests == ()
