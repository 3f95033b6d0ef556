"""Weaknesses as JSON: documented in docs/json.md."""

from __future__ import annotations

from typing import Any

from assay.model.finding import Finding
from assay.report.as_json import FORMAT
from assay.report.cards import Weaknesses


def weaknesses_json(found: Weaknesses, exit_code: int) -> dict[str, Any]:
    """The record that `assay weaknesses` leaves under the reports directory."""
    return {
        "format": FORMAT,
        "verb": "weaknesses",
        "project": found.project,
        "level": found.level,
        "paths": list(found.paths),
        "kinds": list(found.kinds),
        "exit_code": exit_code,
        "interrupted": found.interrupted,
        "collected": found.collected,
        "looked_at": found.looked_at,
        "left_out": dict(found.left_out),
        "findings": [finding_json(one) for one in found.findings],
        "notices": list(found.notices),
        "inconclusive": list(found.inconclusive),
    }


def finding_json(one: Finding) -> dict[str, Any]:
    """One finding; every field is there."""
    return {
        "id": one.id,
        "kind": one.kind,
        "level": one.level,
        "path": one.anchor.path,
        "unit": one.anchor.unit,
        "line": one.anchor.line,
        "digest": one.anchor.digest,
        "tests": list(one.tests),
        "sentence": one.sentence,
        "evidence": [
            {"label": piece.label, "text": piece.text, "language": piece.language}
            for piece in one.evidence
        ],
        "fix": one.fix,
        "patch": one.patch,
        "confidence": one.confidence.value,
        "severity": one.severity.value,
    }
