"""`assay diagnose`: why tests fail after a change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assay.commands.common import Context
from assay.comparing import compared
from assay.diagnosing import diagnosis_of
from assay.errors import ExitCode
from assay.model.diagnosis import Category, Diagnosis
from assay.pipeline import read_change
from assay.report.diagnosis_json import diagnosis_json
from assay.report.diagnosis_text import diagnosis_text
from assay.report.write import write_json

NOT_OF_THE_CHANGE = frozenset({Category.KNOWN_FAILURE})


@dataclass(frozen=True, slots=True)
class DiagnoseOptions:
    base: str | None
    everything: bool
    format: str


def run(context: Context, options: DiagnoseOptions) -> int:
    """1 if a test fails that did not fail at base, or is gone; else 0."""
    change = read_change(context.project, options.base, None)
    with compared(context.project, change, options.everything, context.progress) as comparison:
        found = diagnosis_of(comparison)
    record = diagnosis_json(found)
    write_json(record_file(context), record)
    if options.format == "json":
        context.out(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    else:
        context.show(diagnosis_text(found, options.everything))
    return exit_code(found)


def record_file(context: Context) -> Path:
    return context.project.reports / "diagnose.json"


def exit_code(found: Diagnosis) -> ExitCode:
    new = [one for one in found.failing if one.category not in NOT_OF_THE_CHANGE]
    return ExitCode.GATE if new else ExitCode.CLEAN
