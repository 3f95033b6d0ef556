"""What one test, run alone under one mutant, has said of it (pure)."""

from __future__ import annotations

from assay.model.matrix import Cell, Pair
from assay.model.mutant import PlannedMutant, Status
from assay.model.run import ChildEnd, Outcome, TestOutcome
from assay.verdict.classify import classify, first_noticed

MOST_TEXT = 200


def pair_of(planned: PlannedMutant, outcome: Outcome) -> Pair:
    """The cell of a mutant and its one planned test. What is not known is never a kill or a pass."""
    verdict = classify(planned, outcome)
    reason = verdict.reason[:MOST_TEXT]
    if verdict.status is Status.TIMEOUT:
        return Pair(Cell.TIMEOUT, reason)
    if verdict.status is Status.KILLED:
        if outcome.collect_error:
            return Pair(Cell.SET_UP, reason)
        noticed = first_noticed(outcome)
        if noticed is not None and noticed.failure is not None:
            if noticed.failure.phase == "setup":
                return Pair(Cell.SET_UP, reason)
            return Pair(Cell.ASSERTION if verdict.by_assertion else Cell.CRASH, reason)
        return Pair(Cell.CRASH, reason)
    if _passed(outcome):
        return Pair(Cell.PASSED if outcome.entered else Cell.NOT_ENTERED)
    if verdict.status is Status.SURVIVED:
        ends = ", ".join(sorted({result.outcome.value for result in outcome.results}))
        return Pair(Cell.INCONCLUSIVE, f"the test is {ends} under the mutant")
    return Pair(Cell.INCONCLUSIVE, reason)


def _passed(outcome: Outcome) -> bool:
    return (
        outcome.end is ChildEnd.FINISHED
        and bool(outcome.results)
        and not (outcome.unfit or outcome.collect_error or outcome.missing)
        and all(result.outcome is TestOutcome.PASSED for result in outcome.results)
    )
