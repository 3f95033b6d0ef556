"""Facts about what one test, alone under one mutant, has said."""

from __future__ import annotations

from dataclasses import replace

from assay.model.matrix import Cell, Goal, KillMatrix, Pair
from assay.model.mutant import Mutant, PlannedMutant, PlannedTest, Route
from assay.model.run import (
    ChildEnd,
    Failure,
    Outcome,
    TestOutcome,
    TestResult,
    Trial,
    TrialEnd,
)
from assay.model.source import Span
from assay.verdict.pair import pair_of, pair_of_trial

MUTANT = Mutant("m", "tax.py", "rate", "rate", "n", Span(1, 0, 1, 1), "1", "2", 1, frozenset({1}))
PLANNED = PlannedMutant(MUTANT, (PlannedTest("t", 1.0),), Route.HOT)
FINISHED = Outcome(ChildEnd.FINISHED, (), "", True, "", "", (), "", 0.1)


def result(
    outcome: TestOutcome, phase: str = "call", exception: str = "AssertionError"
) -> TestResult:
    by_assertion = exception == "AssertionError"
    failure = Failure(phase, exception, "", by_assertion, "")
    bad = outcome in (TestOutcome.FAILED, TestOutcome.ERROR)
    return TestResult("t", outcome, 0.1, failure if bad else None)


def cell(one: TestResult, entered: bool = True) -> Cell:
    return pair_of(PLANNED, replace(FINISHED, results=(one,), entered=entered)).cell


def test_an_assertion_is_told_from_a_crash() -> None:
    assert cell(result(TestOutcome.FAILED)) is Cell.ASSERTION
    assert cell(result(TestOutcome.FAILED, exception="TypeError")) is Cell.CRASH


def test_a_fixture_that_fails_before_the_test_kills_nothing() -> None:
    assert cell(result(TestOutcome.ERROR, "setup")) is Cell.SET_UP
    assert cell(result(TestOutcome.ERROR, "teardown")) is Cell.ASSERTION


def test_a_module_that_cannot_be_imported_kills_nothing() -> None:
    broken = replace(FINISHED, collect_error="ImportError: no")
    assert pair_of(PLANNED, broken).cell is Cell.SET_UP


def test_a_pass_counts_only_where_the_mutated_code_was_entered() -> None:
    assert cell(result(TestOutcome.PASSED)) is Cell.PASSED
    assert cell(result(TestOutcome.PASSED), entered=False) is Cell.NOT_ENTERED


def test_a_failure_without_entering_the_code_is_not_conclusive() -> None:
    assert cell(result(TestOutcome.FAILED), entered=False) is Cell.INCONCLUSIVE


def test_a_test_that_is_skipped_under_a_mutant_has_not_passed() -> None:
    assert cell(result(TestOutcome.SKIPPED)) is Cell.INCONCLUSIVE
    assert cell(result(TestOutcome.XFAILED)) is Cell.INCONCLUSIVE


def test_a_test_that_did_not_run_has_not_passed() -> None:
    assert pair_of(PLANNED, FINISHED).cell is Cell.INCONCLUSIVE
    assert pair_of(PLANNED, replace(FINISHED, missing=("t",))).cell is Cell.INCONCLUSIVE


def test_a_timeout_is_kept_apart() -> None:
    for end in (ChildEnd.TIMEOUT, ChildEnd.OVER):
        assert pair_of(PLANNED, replace(FINISHED, end=end, current="t")).cell is Cell.TIMEOUT
    assert cell(result(TestOutcome.FAILED, exception="MemoryError")) is Cell.TIMEOUT


def test_the_end_of_the_process_is_a_crash_unless_it_may_be_the_machine() -> None:
    died = replace(FINISHED, end=ChildEnd.DIED, current="t")
    assert pair_of(PLANNED, replace(died, detail="killed by SIGSEGV")).cell is Cell.CRASH
    killed = replace(died, detail="killed by SIGKILL")
    assert pair_of(PLANNED, killed).cell is Cell.INCONCLUSIVE


def test_what_shared_a_process_is_a_kill_with_its_control_or_a_pass_or_open() -> None:
    failed = result(TestOutcome.FAILED)
    killed = pair_of_trial(PLANNED, Trial(0, TrialEnd.KILLED, 1, failed, "t", True))
    assert killed == Pair(Cell.ASSERTION, "AssertionError")
    passed = pair_of_trial(PLANNED, Trial(0, TrialEnd.OPEN, 1, None, "t", True))
    assert passed == Pair(Cell.PASSED)
    elsewhere = pair_of_trial(PLANNED, Trial(0, TrialEnd.OPEN, 1, None, "t", False))
    assert elsewhere == Pair(Cell.NOT_ENTERED)
    for end in (TrialEnd.SPOILED, TrialEnd.OVER, TrialEnd.UNFIT):
        assert pair_of_trial(PLANNED, Trial(0, end, 1, failed, "t", True)) is None


# What a matrix answers


def matrix(**pairs: Pair) -> KillMatrix:
    return KillMatrix(
        {name: replace(MUTANT, id=name) for name in ("m", "n")},
        {"m": ("t",), "n": ("t",)},
        {name: {"t": pair} for name, pair in pairs.items()},
    )


BOTH = Goal("t", frozenset({"m", "n"}))
ALONE = Pair(Cell.PASSED, alone=True)


def test_one_kill_answers_yes_whatever_else_has_run() -> None:
    assert matrix(m=Pair(Cell.CRASH)).answer(BOTH) is True


def test_no_is_an_answer_only_if_every_pair_ran_alone() -> None:
    assert matrix(m=ALONE, n=ALONE).answer(BOTH) is False
    assert matrix(m=ALONE).answer(BOTH) is None
    assert matrix(m=ALONE, n=Pair(Cell.PASSED)).answer(BOTH) is None
    assert matrix(m=ALONE, n=Pair(Cell.INCONCLUSIVE, alone=True)).answer(BOTH) is None


def test_a_crash_is_no_kill_by_an_assertion() -> None:
    crash = Pair(Cell.CRASH, alone=True)
    asked = replace(BOTH, by_assertion=True)
    assert matrix(m=crash, n=ALONE).answer(asked) is False
    assert matrix(m=Pair(Cell.ASSERTION), n=ALONE).answer(asked) is True


def test_of_a_test_that_is_out_no_is_never_the_answer() -> None:
    assert replace(matrix(m=ALONE, n=ALONE), out={"t": "flaky"}).answer(BOTH) is None
