"""`assay select`: the tests a change can affect, each with the reason. Writes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assay.commands.common import Context
from assay.errors import ExitCode
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
    change = read_change(context.project, options.base, options.diff)
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
