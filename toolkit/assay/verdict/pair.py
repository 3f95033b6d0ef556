"""What one test, run alone under one mutant, has said of it (pure)."""

from __future__ import annotations

from assay.model.matrix import Cell, Pair
from assay.model.mutant import PlannedMutant, Status
from assay.model.run import ChildEnd, Outcome, TestOutcome, TestResult, Trial, TrialEnd
from assay.verdict.classify import classify, first_noticed, tried

MOST_TEXT = 200


def pair_of(planned: PlannedMutant, outcome: Outcome) -> Pair:
    """The cell of a mutant and its one planned test; the unknown is never a kill or a pass."""
    verdict = classify(planned, outcome)
    reason = verdict.reason[:MOST_TEXT]
    if verdict.status is Status.TIMEOUT:
        return Pair(Cell.TIMEOUT, reason, alone=True)
    if verdict.status is Status.KILLED:
        if outcome.collect_error:
            return Pair(Cell.SET_UP, reason, alone=True)
        return Pair(_kind(first_noticed(outcome)), reason, alone=True)
    if _passed(outcome):
        return Pair(Cell.PASSED if outcome.entered else Cell.NOT_ENTERED, alone=True)
    if verdict.status is Status.SURVIVED:
        ends = ", ".join(sorted({result.outcome.value for result in outcome.results}))
        return Pair(Cell.INCONCLUSIVE, f"the test is {ends} under the mutant", alone=True)
    return Pair(Cell.INCONCLUSIVE, reason, alone=True)


def pair_of_trial(planned: PlannedMutant, trial: Trial) -> Pair | None:
    """The cell of a test that shared its process; None if it has to be run alone."""
    if trial.end is TrialEnd.OPEN:
        return Pair(Cell.PASSED if trial.entered else Cell.NOT_ENTERED)
    verdict = tried(planned, trial, 0.0)
    if verdict is None:
        return None
    return Pair(_kind(trial.result), verdict.reason[:MOST_TEXT])


def _kind(noticed: TestResult | None) -> Cell:
    """What it was that noticed a mutant; the end of the process is a crash."""
    failure = None if noticed is None else noticed.failure
    if failure is not None and failure.phase == "setup":
        return Cell.SET_UP
    return Cell.ASSERTION if failure is not None and failure.by_assertion else Cell.CRASH


def _passed(outcome: Outcome) -> bool:
    return (
        outcome.end is ChildEnd.FINISHED
        and bool(outcome.results)
        and not (outcome.unfit or outcome.collect_error or outcome.missing)
        and all(result.outcome is TestOutcome.PASSED for result in outcome.results)
    )
