"""Sums verdicts up for each changed unit: touched by whom, guarded by whom (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from assay.errors import ExitCode
from assay.model.answer import Answer, Guard, UnitAnswer
from assay.model.change import UnitChange, UnitStatus
from assay.model.mutant import NOT_REACHED, Status, Verdict
from assay.model.run import TestOutcome

INCONCLUSIVE = frozenset({Status.RUNTIME_ERROR, Status.PENDING})
BAD_RESULTS = frozenset(
    {TestOutcome.FAILED, TestOutcome.ERROR, TestOutcome.CRASHED, TestOutcome.TIMEOUT}
)


def answer_unit(
    unit: UnitChange, line: int, touching: Collection[str], verdicts: Iterable[Verdict]
) -> UnitAnswer:
    """The guard of one changed unit from the verdicts on its mutants."""
    mine = tuple(verdicts)
    guarding = tuple(sorted({v.killer for v in mine if v.status is Status.KILLED and v.killer}))
    return UnitAnswer(
        path=unit.path,
        unit=unit.unit,
        line=line,
        status=unit.status,
        guard=_guard(mine, bool(touching)),
        touching=tuple(touching),
        guarding=guarding,
        verdicts=mine,
    )


def _guard(verdicts: tuple[Verdict, ...], touched: bool) -> Guard:
    statuses = {verdict.status for verdict in verdicts}
    if Status.KILLED in statuses:
        return Guard.GUARDED
    if not touched:
        return Guard.UNTOUCHED
    if statuses & INCONCLUSIVE:
        return Guard.UNKNOWN
    if not statuses - {Status.COMPILE_ERROR, Status.IGNORED}:
        return Guard.NO_MUTANTS
    return Guard.TOUCHED


def with_mocked(
    units: Iterable[UnitAnswer], mocking: Mapping[tuple[str, str], Collection[str]]
) -> tuple[UnitAnswer, ...]:
    """The answers, those units only mocked that no test runs and some test replaces: `mocking` are
    these tests by path and unit."""
    return tuple(
        replace(unit, guard=Guard.MOCKED, mocking=tuple(mocking[unit.path, unit.unit]))
        if unit.guard is Guard.UNTOUCHED and mocking.get((unit.path, unit.unit))
        else unit
        for unit in units
    )


def exit_code(answer: Answer) -> ExitCode:
    """What the shell is told: the first of these that holds."""
    if answer.interrupted:
        return ExitCode.INTERRUPTED
    if any(result.outcome in BAD_RESULTS for result in answer.results.values()):
        return ExitCode.BASELINE
    if any(result.outcome is TestOutcome.NOT_RUN for result in answer.results.values()):
        return ExitCode.INCONCLUSIVE
    if answer.inconclusive or any(map(is_inconclusive, answer.every_verdict)):
        return ExitCode.INCONCLUSIVE
    # A budget in which not one mutant got a verdict has told nothing.
    if answer.verdicts and all(v.status is Status.PENDING for v in answer.verdicts):
        return ExitCode.INCONCLUSIVE
    return ExitCode.CLEAN


def is_inconclusive(verdict: Verdict) -> bool:
    """Whether something went wrong; that the budget was over is as it was asked for."""
    return verdict.status in INCONCLUSIVE and verdict.reason != NOT_REACHED


def is_mutable(unit: UnitChange) -> bool:
    """A deleted unit has no code left to guard."""
    return unit.status is not UnitStatus.DELETED
