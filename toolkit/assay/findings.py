"""The findings of the last run, kept in the state directory for whoever asks about one by id."""

from __future__ import annotations

import json
from collections.abc import Iterable

from assay.errors import StateError
from assay.model.finding import Finding
from assay.project import Project
from assay.report.findings_json import finding_json, finding_of
from assay.report.write import write_json

FORMAT = 1
NAME = "findings.json"


def keep_findings(project: Project, findings: Iterable[Finding]) -> None:
    """Keep what a run found, in place of what the run before did."""
    rows = [finding_json(finding) for finding in findings]
    write_json(project.state / NAME, {"format": FORMAT, "findings": rows})


def last_findings(project: Project) -> tuple[Finding, ...]:
    """What the last run found; nothing if none is kept, or another version of assay kept it."""
    path = project.state / NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as problem:
        raise StateError(f"cannot read {path}: delete it, and look for findings anew") from problem
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return ()
    try:
        return tuple(finding_of(row) for row in document["findings"])
    except (KeyError, TypeError, ValueError) as problem:
        raise StateError(f"{path} is damaged: delete it, and look for findings anew") from problem
