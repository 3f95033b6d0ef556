"""`assay select`: the tests a change can affect, each with the reason. Writes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from assay.commands.common import Context
from assay.errors import ExitCode, NothingToCompare
from assay.gather import NO_CHANGE
from assay.model.change import Change, SemanticChange
from assay.pipeline import choose_tests, read_change
from assay.report.as_json import FORMAT, selection_json
from assay.report.text import selection_text


@dataclass(frozen=True, slots=True)
class SelectOptions:
    base: str | None
    diff: Path | None
    format: str
    everything: bool


def run(context: Context, options: SelectOptions) -> int:
    change = _change(context, options)
    chosen = choose_tests(context.project, change, context.progress)
    selection = chosen.selection
    if chosen.notice:
        context.progress.say(f"{chosen.notice}; every test is selected")
    if options.format == "ids":
        context.out("".join(f"{node_id}\n" for node_id in selection.node_ids))
    elif options.format == "json":
        record = {
            "format": FORMAT,
            "compared": change.change.description,
            **selection_json(selection),
        }
        context.out(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    else:
        compared = change.change.description
        context.show(selection_text(selection, options.everything, compared))
    return ExitCode.CLEAN


def _change(context: Context, options: SelectOptions) -> SemanticChange:
    """The change; where git sees none, and none was asked for, what differs from the record."""
    try:
        return read_change(context.project, options.base, options.diff)
    except NothingToCompare:
        asked = options.base is not None or options.diff is not None
        known = context.project.is_repository and context.project.map_file.exists()
        if asked or not known:
            raise
    described = Change("", "working tree against what was recorded", ())
    return replace(NO_CHANGE, change=described)
