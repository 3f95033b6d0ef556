"""`assay history`: the finished runs of this project, and what the newest ones found."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assay.commands.common import Context
from assay.errors import ExitCode
from assay.history.lines import run_json
from assay.past import past_runs
from assay.report.history_text import history_text
from assay.report.write import write_text


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """`export` is a file for all runs, a JSON object a line (`-`: standard output); `last` how many
    of them are shown."""

    export: Path | None
    last: int


def run(context: Context, options: HistoryOptions) -> int:
    """Nothing is run, and nothing written but the export."""
    runs, notice = past_runs(context.project)
    if notice:
        context.progress.say(notice)
    if options.export is None:
        context.show(history_text(runs, options.last))
        return ExitCode.CLEAN
    lines = [json.dumps(run_json(one), ensure_ascii=True) + "\n" for one in runs]
    if str(options.export) == "-":
        context.out("".join(lines))
    else:
        write_text(options.export, "".join(lines))
    return ExitCode.CLEAN
