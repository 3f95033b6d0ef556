"""`assay select`: the tests a change can affect, each with the reason. Writes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assay.commands.common import Context
from assay.errors import ExitCode
from assay.pipeline import collected_suite, load_map, read_change, select_tests
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
    impact, notice = load_map(context.project)
    if notice:
        context.progress.say(f"{notice}; every test is selected")
    with collected_suite(context.project, context.progress, read_only=True) as suite:
        selection = select_tests(suite, impact, change)
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
