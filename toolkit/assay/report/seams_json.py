"""The seams of a project as JSON: documented in docs/integration.md."""

from __future__ import annotations

from typing import Any

from assay.model.seams import Drift, End, Integration, Seam, SeamCard, SeamState
from assay.report.as_json import FORMAT


def integration_json(found: Integration, exit_code: int) -> dict[str, Any]:
    """The record that `assay integration` leaves under the reports directory."""
    return {
        "format": FORMAT,
        "verb": "integration",
        "project": found.project,
        "paths": list(found.paths),
        "exit_code": exit_code,
        "interrupted": found.interrupted,
        "modules": found.modules,
        "collected": found.collected,
        "watched": found.watched,
        "left_out": dict(found.left_out),
        "counts": {state.value: found.count(state) for state in SeamState},
        "seams": [_seam(one) for one in found.seams],
        "drifts": [_drift(one) for one in found.drifts],
        "cards": [_card(one) for one in found.cards],
        "notices": list(found.notices),
    }


def _end(end: End) -> dict[str, str]:
    return {"path": end.path, "unit": end.name}


def _seam(one: Seam) -> dict[str, Any]:
    return {
        "caller": _end(one.caller),
        "callee": _end(one.callee),
        "lines": list(one.lines),
        "state": one.state.value,
        "tests": list(one.tests),
        "mocking": list(one.mocking),
        "why": one.why,
    }


def _drift(one: Drift) -> dict[str, Any]:
    return {
        "targets": sorted({standin.target for standin in one.standins}),
        "callee": _end(one.callee),
        "made": [{"path": path, "line": line} for path, line in one.made],
        "certain": one.certain,
        "sentences": list(one.sentences),
        "tests": list(one.tests),
    }


def _card(one: SeamCard) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "sentence": one.sentence,
        "path": one.at[0],
        "line": one.at[1],
        "caller": None if one.caller is None else _end(one.caller),
        "callee": _end(one.callee),
        "evidence": [{"label": piece.label, "text": piece.text} for piece in one.evidence],
        "fix": one.fix,
        "tests": list(one.tests),
    }
