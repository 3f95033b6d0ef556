"""`assay show`: one mutant of the last runs: diff, covering tests, verdict, how to repeat it."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.commands.common import Context
from assay.errors import ExitCode, UsageError
from assay.report.as_json import FORMAT
from assay.report.text import shown_mutant


@dataclass(frozen=True, slots=True)
class ShowOptions:
    """`mutant` is an id or the beginning of one."""

    mutant: str
    format: str


def run(context: Context, options: ShowOptions) -> int:
    found = find(context, options.mutant)
    if options.format == "json":
        context.out(json.dumps({"format": FORMAT, **found}, indent=1, ensure_ascii=False) + "\n")
    else:
        where = context.project.root
        options_for_repeat = "" if where == Path.cwd() else f" --project {shlex.quote(str(where))}"
        context.show(shown_mutant(found, options_for_repeat))
    return ExitCode.CLEAN


def find(context: Context, wanted: str) -> dict[str, Any]:
    """The mutant's entry in the newest record that has it."""
    records = sorted(
        context.project.reports.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    if not records:
        raise UsageError(
            f"no run is recorded in {context.project.reports}: run `assay impact` first"
        )
    for path in records:
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))["mutants"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        matches = [entry for entry in entries if entry["id"].startswith(wanted)]
        if len({entry["id"] for entry in matches}) > 1:
            ids = ", ".join(entry["id"] for entry in matches[:5])
            raise UsageError(f"{wanted!r} is the beginning of several mutants: {ids}")
        if matches:
            entry: dict[str, Any] = matches[0]
            return entry
    raise UsageError(f"no mutant {wanted!r} in the last runs: `assay mutate --list` shows the ids")
