"""Facts about controls: which sequences of tests prove a kill, and which prove others too."""

from __future__ import annotations

import pytest
from conftest import A_MUTANT as MUTANT

from assay.execution.lane import Run, maximal, prefix_of, without
from assay.execution.mutants import Listener, MutantRunner
from assay.model.mutant import PlannedMutant, PlannedTest, Route, Status, Verdict
from assay.model.run import ChildEnd, Outcome

HOT = Route.HOT


def planned(*tests: str) -> PlannedMutant:
    return PlannedMutant(MUTANT, tuple(PlannedTest(test, 3.0) for test in tests), HOT)


def run_of(*tests: str, killer: str) -> Run:
    outcome = Outcome(ChildEnd.FINISHED, (), "", True, "", "", (), "", 0.1)
    return Run(
        planned(*tests), outcome, Verdict(MUTANT, Status.KILLED, (), killer, True, "", 1, 0.1)
    )


# The tests up to a kill


@pytest.mark.parametrize(
    ("killer", "prefix"), [("a", ("a",)), ("b", ("a", "b")), ("c", ("a", "b", "c"))]
)
def test_a_kill_rests_on_the_tests_up_to_the_killer(killer: str, prefix: tuple[str, ...]) -> None:
    assert prefix_of(run_of("a", "b", "c", killer=killer)) == prefix


@pytest.mark.parametrize("killer", ["", "z"])
def test_a_kill_by_no_planned_test_rests_on_nothing(killer: str) -> None:
    assert prefix_of(run_of("a", "b", killer=killer)) == ()


# Sequences worth a control


def test_a_sequence_that_another_begins_with_is_dropped() -> None:
    assert maximal([("a",), ("a", "b"), ("a", "b", "c")]) == [("a", "b", "c")]


def test_sequences_that_part_are_both_kept() -> None:
    found = maximal([("a",), ("a", "b"), ("a", "c"), ("b",)])
    assert found == [("a", "b"), ("a", "c"), ("b",)]


def test_a_sequence_within_another_but_not_at_its_start_is_kept() -> None:
    assert len(maximal([("b",), ("a", "b")])) == 2


def test_names_that_only_begin_alike_are_not_one_sequence() -> None:
    assert len(maximal([("a",), ("ab",)])) == 2


def test_the_same_sequence_is_kept_once() -> None:
    assert maximal([("a", "b"), ("a", "b")]) == [("a", "b")]


def test_empty_sequences_need_no_control() -> None:
    assert maximal([(), ()]) == []


# Leaving tests out


def test_the_same_mutant_goes_on_without_the_guilty_tests() -> None:
    found = without(planned("a", "b", "c"), {"b"})
    assert [test.node_id for test in found.tests] == ["a", "c"]
    assert (found.mutant, found.route) == (MUTANT, HOT)


def test_a_mutant_whose_tests_are_innocent_stays_as_it_is() -> None:
    assert without(planned("a"), {"z"}) == planned("a")


def test_a_mutant_may_be_left_without_tests() -> None:
    assert without(planned("a"), {"a"}).tests == ()


# Keeping


def test_an_interrupt_while_a_verdict_is_kept_leaves_it_unsettled() -> None:
    def interrupted(_: Verdict) -> None:
        raise KeyboardInterrupt

    runner = MutantRunner.__new__(MutantRunner)
    runner._verdicts = {"m": run_of("a", killer="a").verdict}
    runner._settled = set()
    runner._listener = Listener(came=interrupted, settled=interrupted)
    with pytest.raises(KeyboardInterrupt):
        runner._settle(["m"])
    assert runner._settled == set()
