"""Answers and findings to hold against a policy, made of a few words each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from assay.gate.policy import Policy
from assay.model.accepted import Acceptance, Stance, Standing
from assay.model.answer import Answer, ChangedLines, Guard, UnitAnswer
from assay.model.change import UnitStatus
from assay.model.finding import Anchor, Confidence, Finding, Severity
from assay.model.mutant import Mutant, Status, Verdict
from assay.model.run import TestOutcome, TestResult
from assay.model.selection import Selection
from assay.model.source import Span

TODAY = date(2026, 6, 1)

OPEN = Policy(
    "open",
    max_unguarded=None,
    max_survivors=None,
    max_lost=None,
    max_timeouts=None,
    max_inconclusive=10**6,
    min_covered=0.0,
    weak_kinds="none",
    nothing_to_mutate="allow",
    partial=True,
    tests_pass=False,
)
"""Refuses nothing that a policy can let pass."""

TIGHT = Policy("tight")


def mutant(name: str = "m1", unit: str = "rate", path: str = "tax.py") -> Mutant:
    return Mutant(
        id=name,
        path=path,
        unit=unit,
        scope=unit,
        operator="number",
        span=Span(3, 11, 3, 12),
        original="1",
        replacement="2",
        statement_line=3,
        lines=frozenset({3}),
    )


def verdict(status: Status, name: str = "m1", reason: str = "", unit: str = "rate") -> Verdict:
    killer = "t.py::a" if status is Status.KILLED else ""
    return Verdict(mutant(name, unit), status, ("t.py::a",), killer, True, reason, 1, 0.1)


DIFF = "--- a/tax.py\n+++ b/tax.py\n@@ -3 +3 @@\n-    return 1\n+    return 2  # {}\n"

KILLED = verdict(Status.KILLED, "k")


def unit(guard: Guard, *verdicts: Verdict, name: str = "rate") -> UnitAnswer:
    touching = () if guard is Guard.UNTOUCHED else ("t.py::a",)
    return UnitAnswer(
        "tax.py", name, 3, UnitStatus.MODIFIED, guard, touching, ("t.py::a",), verdicts
    )


def answer(*verdicts: Verdict, units: tuple[UnitAnswer, ...] | None = None) -> Answer:
    """The answer of a gate to a change of one guarded function, if not told otherwise."""
    mine = verdicts or (KILLED,)
    return Answer(
        verb="gate",
        project="/p",
        compared="main",
        versions={"assay": "0.1.0", "mutmut": "3.8.1", "python": "3.12.1", "operators": "o1"},
        collected=1,
        selection=Selection((), ()),
        results={"t.py::a": TestResult("t.py::a", TestOutcome.PASSED, 0.1, None)},
        units=(unit(Guard.GUARDED, *mine),) if units is None else units,
        verdicts=mine,
        diffs={v.mutant.id: DIFF.format(v.mutant.id) for v in mine},
        changed_tests=("t.py",),
        notices=(),
        flaky={},
        inconclusive=(),
        interrupted=False,
        seconds={"tests": 0.1},
        changed_lines=(ChangedLines("tax.py", (3, 4), ()),),
        digests={("tax.py", "rate"): "d" * 64},
    )


def result(outcome: TestOutcome) -> dict[str, TestResult]:
    return {"t.py::a": TestResult("t.py::a", outcome, 0.1, None)}


def finding(
    confidence: Confidence = Confidence.CERTAIN, kind: str = "rotten-green", name: str = "w1234567"
) -> Finding:
    return Finding(
        id=name,
        kind=kind,
        level=0,
        anchor=Anchor("t.py", "a", 7, "e" * 64),
        tests=("t.py::a",),
        sentence="The assertion of a never runs.",
        evidence=(),
        fix="take the assertion out of the branch",
        confidence=confidence,
        severity=Severity.MEDIUM,
    )


def accepted(name: str, digest: str = "d" * 16, until: date | None = None) -> Acceptance:
    return Acceptance(
        id=name,
        kind="survivor",
        path="tax.py",
        unit="rate",
        digest=digest,
        stance=Stance.EQUIVALENT,
        reason="both are the same",
        about="1 → 2",
        on=date(2026, 1, 1),
        until=until,
    )


def with_accepted(of: Answer, *names: str) -> Answer:
    return replace(of, accepted=Standing({name: accepted(name) for name in names}, {}))
