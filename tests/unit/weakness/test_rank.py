"""Findings stand in the order of severity, confidence, and closeness to the change."""

from __future__ import annotations

from assay.model.finding import Anchor, Confidence, Evidence, Finding, Severity
from assay.weakness.rank import Recent, ranked


def finding(
    name: str,
    confidence: Confidence = Confidence.CERTAIN,
    severity: Severity = Severity.MEDIUM,
    path: str = "test_a.py",
) -> Finding:
    return Finding(
        id=name,
        kind="tautology",
        level=0,
        anchor=Anchor(path, name, 1, "digest"),
        tests=(f"{path}::{name}",),
        sentence="It is so.",
        evidence=(Evidence("line 1", "assert True"),),
        fix="mend it",
        confidence=confidence,
        severity=severity,
    )


def order(findings: list[Finding], recent: Recent = Recent()) -> list[str]:  # noqa: B008
    return [one.id for one in ranked(findings, recent)]


def test_the_severer_and_the_surer_stand_first() -> None:
    findings = [
        finding("low", severity=Severity.LOW),
        finding("hint", confidence=Confidence.HINT),
        finding("likely", confidence=Confidence.LIKELY),
        finding("high", severity=Severity.HIGH),
        finding("certain"),
    ]
    assert order(findings) == ["high", "certain", "likely", "low", "hint"]


def test_what_was_changed_stands_before_what_runs_it_before_its_file_before_the_rest() -> None:
    findings = [
        finding("elsewhere", path="test_b.py"),
        finding("beside"),
        finding("runs"),
        finding("itself"),
    ]
    recent = Recent({("test_a.py", "itself")}, {"test_a.py"}, {"test_a.py::runs"})
    assert order(findings, recent) == ["itself", "runs", "beside", "elsewhere"]


def test_equal_ones_stand_in_the_order_of_their_places() -> None:
    findings = [finding("b", path="test_b.py"), finding("a")]
    assert order(findings) == order(findings[::-1]) == ["a", "b"]
