"""What a reader should look at, with its place: what editors and code hosts can show (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from assay.gate.baseline import NOT_GUARDED, UNGUARDED, unguarded_id
from assay.model.accepted import SURVIVOR, Acceptance
from assay.model.answer import Guard, UnitAnswer
from assay.model.finding import Confidence, Finding, Severity
from assay.model.mutant import Mutant, Status, Verdict
from assay.model.source import Span, unit_name
from assay.report.account import Account
from assay.report.text import failure_words, plural

FAILING = "failing-test"
UNCOVERED = "no-coverage"
TIMED_OUT = "timeout"


class Level(Enum):
    """How loud an issue is; the words are SARIF's."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


RULES = {
    FAILING: "A test fails without any mutant",
    UNGUARDED: "A changed function is guarded by no test",
    SURVIVOR: "A mutant survived: no test notices this fault",
    UNCOVERED: "No test runs this code",
    TIMED_OUT: "A mutant was ended by a time limit only",
}
"""The rules that are not kinds of findings, with a title each."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to look at.

    `rule` is a key of `RULES` or the kind of a finding; `id` what `assay show` and `assay accept`
    know it by ("" for a failing test), `fingerprint` the same from run to run; `span` has lines
    from 1 and columns from 0 in code points; `accepted` what was answered to it.
    """

    rule: str
    id: str
    fingerprint: str
    path: str
    span: Span
    level: Level
    title: str
    message: str
    accepted: Acceptance | None = None


def issues(account: Account) -> list[Issue]:
    """All there is to look at, the loudest first."""
    return [
        *_failing(account),
        *_unguarded(account),
        *_survivors(account),
        *_uncovered(account),
        *_timeouts(account),
        *(_finding(account, one) for one in (*account.answer.lost, *account.findings)),
    ]


def _print(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _line(number: int) -> Span:
    return Span(max(number, 1), 0, max(number, 1), 0)


def _failing(account: Account) -> Iterator[Issue]:
    for result in account.failed:
        yield Issue(
            FAILING,
            "",
            _print(FAILING, result.node_id),
            account.file_of(result.node_id),
            _line(1),
            Level.ERROR,
            f"{result.node_id.partition('::')[2] or result.node_id} fails",
            f"{result.node_id}: {failure_words(result)}",
        )


def _unguarded(account: Account) -> Iterator[Issue]:
    for unit in account.answer.units:
        if unit.guard in NOT_GUARDED and not _all_accepted(account, unit.verdicts):
            name = unit_name(unit.unit)
            yield Issue(
                UNGUARDED,
                unguarded_id(unit),
                _print(UNGUARDED, unit.path, unit.unit),
                unit.path,
                _line(unit.line),
                Level.WARNING,
                f"{name} is {unit.guard.value}",
                f"{name}: {_guard_words(unit)}",
            )


def _guard_words(unit: UnitAnswer) -> str:
    if unit.guard is Guard.UNTOUCHED:
        return "no test runs it"
    if unit.guard is Guard.MOCKED:
        return f"no test runs it, {plural(len(unit.mocking), 'test')} put a mock in its place"
    tests = len(unit.touching)
    return f"{plural(tests, 'test')} run{'s' * (tests == 1)} it, none notices a fault in it"


def _all_accepted(account: Account, verdicts: tuple[Verdict, ...]) -> bool:
    return bool(verdicts) and all(account.accepted(v.mutant.id) for v in verdicts)


def _survivors(account: Account) -> Iterator[Issue]:
    for verdict in account.of_status(Status.SURVIVED):
        mutant, tests = verdict.mutant, len(verdict.covering)
        ran = f"{plural(tests, 'test')} ran it"
        yield Issue(
            SURVIVOR,
            mutant.id,
            _print(SURVIVOR, mutant.id),
            mutant.path,
            mutant.span,
            Level.WARNING,
            f"survived: {change_words(mutant)}",
            f"{unit_name(mutant.scope)}: no test notices {change_words(mutant)}; {ran}: "
            f"{', '.join(verdict.covering[:3])}{' …' * (tests > 3)} (assay show {mutant.id})",
            account.accepted(mutant.id),
        )


def change_words(mutant: Mutant, limit: int = 60) -> str:
    """A mutant in a few words."""
    before, after = (_short(text, limit) for text in (mutant.original, mutant.replacement))
    if not after:
        return f"`{before}` deleted"
    return f"`{before}` changed to `{after}`" if before else f"`{after}` inserted"


def _short(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _uncovered(account: Account) -> Iterator[Issue]:
    """By function: one sentence says it for all of its lines."""
    told = {(u.path, u.unit) for u in account.answer.units if u.guard is Guard.UNTOUCHED}
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in account.of_status(Status.NO_COVERAGE):
        mutant = verdict.mutant
        if (mutant.path, mutant.unit) not in told:
            groups.setdefault((mutant.path, mutant.scope), []).append(verdict)
    for (path, scope), verdicts in groups.items():
        mutants = [verdict.mutant for verdict in verdicts]
        first = min(mutant.span for mutant in mutants)
        last = max(mutant.span.end_line for mutant in mutants)
        done = _all_accepted(account, tuple(verdicts))
        yield Issue(
            UNCOVERED,
            mutants[0].id,
            _print(UNCOVERED, path, scope),
            path,
            Span(first.start_line, 0, last, 0),
            Level.WARNING,
            f"no test runs this part of {unit_name(scope)}",
            f"{unit_name(scope)}: {plural(len(mutants), 'mutant')} without coverage: "
            f"{verdicts[0].reason}",
            account.accepted(mutants[0].id) if done else None,
        )


def _timeouts(account: Account) -> Iterator[Issue]:
    for verdict in account.of_status(Status.TIMEOUT):
        mutant = verdict.mutant
        yield Issue(
            TIMED_OUT,
            mutant.id,
            _print(TIMED_OUT, mutant.id),
            mutant.path,
            mutant.span,
            Level.NOTE,
            f"timed out: {change_words(mutant)}",
            f"{unit_name(mutant.scope)}: {change_words(mutant)} {verdict.reason} "
            f"(assay show {mutant.id})",
            account.accepted(mutant.id),
        )


_LEVELS = {Severity.HIGH: Level.WARNING, Severity.MEDIUM: Level.WARNING, Severity.LOW: Level.NOTE}


def _finding(account: Account, finding: Finding) -> Issue:
    anchor = finding.anchor
    return Issue(
        finding.kind,
        finding.id,
        _print(finding.kind, finding.id),
        anchor.path,
        _line(anchor.line),
        Level.NOTE if finding.confidence is Confidence.HINT else _LEVELS[finding.severity],
        f"{finding.kind}: {unit_name(anchor.unit)}",
        f"{finding.sentence} Fix: {finding.fix} ({finding.confidence.value}, {finding.id})",
        account.accepted(finding.id),
    )
