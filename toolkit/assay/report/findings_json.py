"""Findings as JSON and back: documented in docs/json.md (pure)."""

from __future__ import annotations

from typing import Any

from assay.model.finding import Anchor, Confidence, Evidence, Finding, Severity


def finding_json(finding: Finding) -> dict[str, Any]:
    """One finding; `finding_of` reads it."""
    anchor = finding.anchor
    return {
        "id": finding.id,
        "kind": finding.kind,
        "level": finding.level,
        "path": anchor.path,
        "unit": anchor.unit,
        "line": anchor.line,
        "digest": anchor.digest,
        "tests": list(finding.tests),
        "sentence": finding.sentence,
        "evidence": [
            {"label": one.label, "text": one.text, "language": one.language}
            for one in finding.evidence
        ],
        "fix": finding.fix,
        "confidence": finding.confidence.value,
        "severity": finding.severity.value,
        "patch": finding.patch,
    }


def finding_of(row: dict[str, Any]) -> Finding:
    """KeyError, TypeError or ValueError for what is no finding."""
    return Finding(
        id=row["id"],
        kind=row["kind"],
        level=int(row["level"]),
        anchor=Anchor(row["path"], row["unit"], int(row["line"]), row["digest"]),
        tests=tuple(row["tests"]),
        sentence=row["sentence"],
        evidence=tuple(Evidence(e["label"], e["text"], e["language"]) for e in row["evidence"]),
        fix=row["fix"],
        confidence=Confidence(row["confidence"]),
        severity=Severity(row["severity"]),
        patch=row["patch"],
    )
