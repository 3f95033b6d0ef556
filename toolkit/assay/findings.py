"""The findings of the last run of each verb, kept for whoever asks about one by id."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from assay.errors import StateError
from assay.model.finding import Finding
from assay.project import Project
from assay.report.findings_json import finding_json, finding_of
from assay.report.write import write_json

FORMAT = 2
NAME = "findings.json"


def keep_findings(project: Project, verb: str, findings: Iterable[Finding]) -> None:
    """Keep what a run found, in place of what the last run of the same verb did."""
    try:
        kept = _kept(project)
    except StateError:
        kept = {}
    # Last, for where two verbs found the same, the newer one is right about it.
    kept.pop(verb, None)
    kept[verb] = [finding_json(finding) for finding in findings]
    write_json(project.state / NAME, {"format": FORMAT, "verbs": kept})


def last_findings(project: Project) -> tuple[Finding, ...]:
    """What the last run of each verb found, each finding once; nothing if none is kept, or another
    version of assay kept it."""
    try:
        rows = [row for rows in _kept(project).values() for row in rows]
        found = {row["id"]: finding_of(row) for row in rows}
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        path = project.state / NAME
        raise StateError(f"{path} is damaged: delete it, and look for findings anew") from problem
    return tuple(found.values())


def _kept(project: Project) -> dict[str, Any]:
    """The rows of the findings by verb, the latest run last."""
    path = project.state / NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        raise StateError(f"cannot read {path}: delete it, and look for findings anew") from problem
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return {}
    verbs = document.get("verbs")
    if not isinstance(verbs, dict):
        raise StateError(f"{path} is damaged: delete it, and look for findings anew")
    return verbs
