"""How detectors of level 0 make a finding about a test function."""

from __future__ import annotations

from collections.abc import Iterable

from assay.model.finding import Anchor, Confidence, Evidence, Finding, Severity, finding_id
from assay.weakness.facts import TestFunction
from assay.weakness.syntax import shown

Grade = tuple[Confidence, Severity]


def about(
    test: TestFunction,
    kind: str,
    sentence: str,
    evidence: Iterable[Evidence],
    fix: str,
    grade: Grade,
    detail: str = "",
) -> Finding:
    """A finding of level 0 about one test function."""
    return Finding(
        id=finding_id(kind, test.path, test.unit, detail),
        kind=kind,
        level=0,
        anchor=Anchor(test.path, test.unit, test.node.lineno, test.file.digest(test.unit)),
        tests=test.tests,
        sentence=sentence,
        evidence=tuple(evidence),
        fix=fix,
        confidence=grade[0],
        severity=grade[1],
    )


def code(test: TestFunction, label: str, first: int, last: int) -> Evidence:
    """Lines of the test's file, with their number."""
    where = f"{label}, line {first}" if label else f"line {first}"
    return Evidence(where, shown(test.file.text, first, last), "python")


def words(label: str, text: str) -> Evidence:
    return Evidence(label, text)
