"""Facts about verdicts: what each end of a child means; unknown is neither kill nor survival."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import A_MUTANT

from assay.model.mutant import PlannedMutant, PlannedTest, Route, Status, Verdict
from assay.model.run import ChildEnd, Failure, Outcome, TestOutcome, TestResult
from assay.verdict.classify import classify, first_noticed

MUTANT = replace(A_MUTANT, id="m1")
PLANNED = PlannedMutant(MUTANT, (PlannedTest("a", 3.0), PlannedTest("b", 3.0)), Route.HOT)


def result(
    node_id: str, outcome: TestOutcome = TestOutcome.PASSED, failure: Failure | None = None
) -> TestResult:
    return TestResult(node_id, outcome, 0.1, failure)


def failure(
    exception: str = "AssertionError",
    message: str = "1 == 2",
    phase: str = "call",
    by_assertion: bool = True,
) -> Failure:
    return Failure(phase, exception, message, by_assertion, "")


PASSES = (result("a"), result("b"))
FAILS = (result("a"), result("b", TestOutcome.FAILED, failure()))


def outcome(
    end: ChildEnd = ChildEnd.FINISHED,
    results: tuple[TestResult, ...] = PASSES,
    entered: bool = True,
    current: str = "",
    unfit: str = "",
    collect_error: str = "",
    detail: str = "",
    missing: tuple[str, ...] = (),
) -> Outcome:
    return Outcome(end, results, current, entered, unfit, collect_error, missing, detail, 0.5)


def verdict(of: Outcome) -> Verdict:
    return classify(PLANNED, of)


# Killed


def test_a_failing_test_kills() -> None:
    found = verdict(outcome(results=FAILS))
    assert (found.status, found.killer) == (Status.KILLED, "b")
    assert found.reason == "AssertionError: 1 == 2"


def test_an_error_in_set_up_kills_and_says_where() -> None:
    failed = result("a", TestOutcome.ERROR, failure("KeyError", "x", "setup", by_assertion=False))
    found = verdict(outcome(results=(failed,)))
    assert (found.status, found.killer, found.by_assertion) == (Status.KILLED, "a", False)
    assert found.reason == "KeyError: x in setup"


@pytest.mark.parametrize("by_assertion", [True, False])
def test_a_kill_tells_an_assertion_from_a_crash(by_assertion: bool) -> None:
    failed = result("a", TestOutcome.FAILED, failure(by_assertion=by_assertion))
    assert verdict(outcome(results=(failed,))).by_assertion is by_assertion


def test_a_kill_without_a_message_has_the_exception_alone() -> None:
    failed = result("a", TestOutcome.FAILED, failure("SystemExit", ""))
    assert verdict(outcome(results=(failed,))).reason == "SystemExit"


def test_a_kill_without_details_is_still_a_kill() -> None:
    found = verdict(outcome(results=(result("a", TestOutcome.FAILED),)))
    assert (found.status, found.killer, found.reason) == (Status.KILLED, "a", "failed")


def test_the_first_test_that_noticed_is_the_killer() -> None:
    both = (result("a", TestOutcome.FAILED), result("b", TestOutcome.FAILED))
    assert verdict(outcome(results=both)).killer == "a"


@pytest.mark.parametrize("end", [ChildEnd.TIMEOUT, ChildEnd.DIED, ChildEnd.STOPPED])
def test_a_test_that_noticed_counts_however_the_child_ended_later(end: ChildEnd) -> None:
    found = verdict(outcome(end, FAILS, current="c", detail="killed by SIGKILL"))
    assert (found.status, found.killer) == (Status.KILLED, "b")


@pytest.mark.parametrize(
    "quiet",
    [
        TestOutcome.PASSED,
        TestOutcome.SKIPPED,
        TestOutcome.XFAILED,
        TestOutcome.XPASSED,
        TestOutcome.NOT_RUN,
    ],
)
def test_other_outcomes_notice_nothing(quiet: TestOutcome) -> None:
    found = outcome(results=(result("a", quiet), result("b")))
    assert first_noticed(found) is None
    assert verdict(found).status is not Status.KILLED


# Survived


def test_a_mutant_survives_if_all_planned_tests_ran_and_entered_it() -> None:
    found = verdict(outcome())
    assert (found.status, found.killer, found.reason) == (Status.SURVIVED, "", "")


def test_a_mutant_that_was_never_entered_does_not_survive() -> None:
    found = verdict(outcome(entered=False))
    assert found.status is Status.RUNTIME_ERROR
    assert found.reason == (
        "no covering test entered the mutated code, though the map says that they ran it"
    )


def test_a_mutant_whose_planned_tests_did_not_all_run_does_not_survive() -> None:
    found = verdict(outcome(results=(result("a"),), missing=("b",)))
    assert found.status is Status.RUNTIME_ERROR
    assert found.reason == "1 planned test(s) did not run, such as b"


def test_a_mutant_that_no_test_ran_against_does_not_survive() -> None:
    assert verdict(outcome(results=())).status is Status.RUNTIME_ERROR


# Timeout


def test_a_test_over_its_limit_is_a_timeout_and_no_kill() -> None:
    found = verdict(outcome(ChildEnd.TIMEOUT, (result("a"),), current="b", entered=False))
    assert (found.status, found.killer) == (Status.TIMEOUT, "b")
    assert found.reason == "ran over its limit in b"


def test_a_timeout_outside_any_test_names_none() -> None:
    found = verdict(outcome(ChildEnd.TIMEOUT, (), entered=False))
    assert (found.status, found.killer) == (Status.TIMEOUT, "")
    assert "between tests" in found.reason


# Died


@pytest.mark.parametrize("detail", ["killed by SIGSEGV", "left with exit status 3"])
def test_a_process_that_dies_within_a_test_is_killed_by_it(detail: str) -> None:
    found = verdict(outcome(ChildEnd.DIED, (), current="a", entered=False, detail=detail))
    assert (found.status, found.killer, found.by_assertion) == (Status.KILLED, "a", False)
    assert found.reason == f"the process {detail}"


def test_a_process_that_dies_before_any_test_says_nothing_about_the_mutant() -> None:
    found = verdict(outcome(ChildEnd.DIED, (), entered=False, detail="left with exit status 3"))
    assert (found.status, found.killer) == (Status.RUNTIME_ERROR, "")


@pytest.mark.parametrize("current", ["a", ""])
def test_a_sigkill_is_no_kill(current: str) -> None:
    found = verdict(outcome(ChildEnd.DIED, (), current=current, detail="killed by SIGKILL"))
    assert (found.status, found.killer) == (Status.RUNTIME_ERROR, "")
    assert "SIGKILL" in found.reason


def test_a_process_that_dies_between_tests_has_no_killer() -> None:
    found = verdict(
        outcome(ChildEnd.DIED, (result("a"),), entered=False, detail="killed by SIGBUS")
    )
    assert (found.status, found.killer) == (Status.RUNTIME_ERROR, "")


# Broken


def test_a_fault_of_our_own_is_not_conclusive() -> None:
    detail = "Traceback (most recent call last):\n  File ...\nKeyError: 'span'\n"
    found = verdict(outcome(ChildEnd.BROKEN, (), entered=False, detail=detail))
    assert (found.status, found.reason) == (Status.RUNTIME_ERROR, "KeyError: 'span'")


def test_a_fault_of_our_own_is_not_conclusive_although_a_test_failed() -> None:
    assert verdict(outcome(ChildEnd.BROKEN, FAILS)).status is Status.RUNTIME_ERROR


def test_a_mutant_that_does_not_compile_is_a_compile_error() -> None:
    detail = "Traceback ...\n_assay_probe.mutation.Unfit: does not compile: invalid syntax\n"
    assert verdict(outcome(ChildEnd.BROKEN, (), detail=detail)).status is Status.COMPILE_ERROR


def test_a_fault_without_a_word_has_a_reason_all_the_same() -> None:
    assert verdict(outcome(ChildEnd.BROKEN, ())).reason == "no reason given"


def test_a_long_reason_is_cut() -> None:
    assert len(verdict(outcome(ChildEnd.BROKEN, (), detail="x" * 5000)).reason) == 300


# Stopped


def test_an_interrupted_child_leaves_its_mutant_pending() -> None:
    found = verdict(outcome(ChildEnd.STOPPED, (result("a"),)))
    assert (found.status, found.reason) == (Status.PENDING, "interrupted before it was done")


# Unfit and collection


def test_a_mutant_that_does_not_fit_its_route_is_not_conclusive() -> None:
    found = verdict(outcome(results=(), unfit="it captures other variables", entered=False))
    assert (found.status, found.reason) == (Status.RUNTIME_ERROR, "it captures other variables")


def test_a_mutant_that_breaks_collection_once_entered_is_killed() -> None:
    found = verdict(outcome(results=(), collect_error="E\nValueError: bad table"))
    assert (found.status, found.killer, found.by_assertion) == (Status.KILLED, "a", False)
    assert found.reason == "collection fails: ValueError: bad table"


def test_collection_that_breaks_before_the_mutant_was_entered_is_no_kill() -> None:
    found = verdict(outcome(results=(), collect_error="ImportError: no x", entered=False))
    assert (found.status, found.killer) == (Status.RUNTIME_ERROR, "")
    assert found.reason == "tests could not be collected: ImportError: no x"


# For every end


@pytest.mark.parametrize("end", ChildEnd)
def test_an_end_without_results_and_entry_is_neither_a_kill_nor_a_survival(end: ChildEnd) -> None:
    found = verdict(outcome(end, (), entered=False, detail="gone"))
    assert found.status not in (Status.KILLED, Status.SURVIVED)
    assert found.reason


@pytest.mark.parametrize("end", ChildEnd)
def test_every_verdict_carries_what_was_planned_and_what_ran(end: ChildEnd) -> None:
    found = verdict(outcome(end, (result("a"),)))
    assert (found.mutant, found.covering) == (MUTANT, ("a", "b"))
    assert (found.tests_run, found.seconds) == (1, 0.5)


# Ends that look like a kill and are none


def test_leaving_with_success_is_no_kill() -> None:
    """What a shell takes for a good run, a plain run would not have noticed."""
    found = verdict(outcome(ChildEnd.DIED, (), current="a", detail="left with exit status 0"))
    assert (found.status, found.killer) == (Status.RUNTIME_ERROR, "")
    assert found.reason.startswith("a ended the process with exit status 0")


def test_running_into_the_memory_limit_counts_as_a_timeout() -> None:
    failed = result("a", TestOutcome.FAILED, failure("MemoryError", "", by_assertion=False))
    found = verdict(outcome(results=(failed,)))
    assert (found.status, found.killer, found.by_assertion) == (Status.TIMEOUT, "a", False)
    assert "memory-limit" in found.reason


def test_breaking_off_the_session_is_no_kill_and_names_the_test() -> None:
    found = verdict(outcome(ChildEnd.BROKEN, (), current="a", detail="x\nExit: enough"))
    assert found.status is Status.RUNTIME_ERROR
    assert found.reason == "a broke off the session: Exit: enough"
