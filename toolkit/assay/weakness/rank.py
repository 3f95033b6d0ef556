"""Which findings are shown first: severity, confidence, closeness to what changed lately."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from assay.model.finding import Confidence, Finding, Severity

_SEVERITY = {Severity.HIGH: 4.0, Severity.MEDIUM: 2.0, Severity.LOW: 1.0}
_CONFIDENCE = {Confidence.CERTAIN: 1.0, Confidence.LIKELY: 0.7, Confidence.HINT: 0.3}
CHANGED_ITSELF, RUNS_CHANGED, BESIDE_CHANGED, ELSEWHERE = 4.0, 3.0, 1.5, 1.0
"""What closeness multiplies by: the test or function itself was changed; its tests run changed
code; its file was changed; none of these."""


@dataclass(frozen=True, slots=True)
class Recent:
    """What changed: units (path and name), files, and the tests that ran changed units."""

    units: Collection[tuple[str, str]] = field(default=frozenset(), hash=False)
    paths: Collection[str] = field(default=frozenset(), hash=False)
    tests: Collection[str] = field(default=frozenset(), hash=False)


def ranked(findings: Iterable[Finding], recent: Recent) -> tuple[Finding, ...]:
    """The weightiest first; equal ones by place, so that the order is always the same."""
    return tuple(
        sorted(
            findings,
            key=lambda one: (
                -weight(one, recent),
                one.anchor.path,
                one.anchor.line,
                one.kind,
                one.id,
            ),
        )
    )


def weight(finding: Finding, recent: Recent) -> float:
    return (
        _SEVERITY[finding.severity] * _CONFIDENCE[finding.confidence] * closeness(finding, recent)
    )


def closeness(finding: Finding, recent: Recent) -> float:
    anchor = finding.anchor
    if (anchor.path, anchor.unit) in recent.units:
        return CHANGED_ITSELF
    if any(test in recent.tests for test in finding.tests):
        return RUNS_CHANGED
    return BESIDE_CHANGED if anchor.path in recent.paths else ELSEWHERE


def by_kind(findings: Iterable[Finding]) -> Mapping[str, int]:
    """How many findings of each kind, in the order of first appearance."""
    counts: dict[str, int] = {}
    for one in findings:
        counts[one.kind] = counts.get(one.kind, 0) + 1
    return counts
