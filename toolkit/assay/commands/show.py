"""`assay show`: one mutant of the last runs: diff, covering tests, verdict, and why it survived."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.answering import mutation_settings
from assay.commands.common import Context
from assay.errors import ExitCode, UsageError
from assay.model.explanation import Explanation
from assay.model.mutant import Status
from assay.report.as_json import FORMAT, explanation_json
from assay.report.from_json import verdict_of
from assay.report.text import shown_mutant
from assay.survivors import explain_one


@dataclass(frozen=True, slots=True)
class ShowOptions:
    """`mutant` is an id or the beginning of one; `patch`: print the patch alone."""

    mutant: str
    format: str
    patch: bool = False


def run(context: Context, options: ShowOptions) -> int:
    entry = find(context, options.mutant)
    found: Explanation | None = None
    if entry["status"] == Status.SURVIVED.value:
        verdict = verdict_of(entry)
        extreme = entry["operator"].startswith("extreme_")
        settings = mutation_settings(context.project, extreme=extreme)
        told = entry.get("explanation")
        found = explain_one(context.project, verdict, told, settings, context.progress)
    if options.patch:
        context.out(patch_of(entry, found))
    elif options.format == "json":
        whole = {"format": FORMAT, **entry, "explanation": explanation_json(found)}
        context.out(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    else:
        where = context.project.root
        options_for_repeat = "" if where == Path.cwd() else f" --project {shlex.quote(str(where))}"
        context.show(shown_mutant(entry, options_for_repeat, found))
    return ExitCode.CLEAN


def patch_of(entry: dict[str, Any], found: Explanation | None) -> str:
    """The patch; UsageError, with the reason, if there is none."""
    if found is None:
        raise UsageError(f"{entry['id']} did not survive ({entry['status']}): nothing to patch")
    if found.proposal is None:
        why = f"{found.sentence}. {found.none}".strip(" .")
        raise UsageError(f"there is no verified assertion for {entry['id']}: {why}")
    return found.proposal.patch


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
