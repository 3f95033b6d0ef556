"""Weaknesses as JSON: documented in docs/json.md."""

from __future__ import annotations

from typing import Any

from assay.report.as_json import FORMAT
from assay.report.cards import Weaknesses
from assay.report.findings_json import finding_json


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
