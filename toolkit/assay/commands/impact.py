"""`assay impact`: the whole chain for a change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assay.answering import ALL, Effort, Request, answer
from assay.commands.common import Context, keep_record
from assay.pipeline import read_change
from assay.report.as_json import answer_json
from assay.report.text import answer_text


@dataclass(frozen=True, slots=True)
class ImpactOptions:
    base: str | None
    diff: Path | None
    format: str
    everything: bool
    effort: Effort = ALL


def run(context: Context, options: ImpactOptions) -> int:
    change = read_change(context.project, options.base, options.diff)
    request = Request("impact", change.change.description, change, None, effort=options.effort)
    found = answer(context.project, request, context.progress)
    code = keep_record(context, found)
    if options.format == "json":
        context.out(json.dumps(answer_json(found, code), indent=1, ensure_ascii=False) + "\n")
    else:
        context.show(answer_text(found, options.everything))
    return code
