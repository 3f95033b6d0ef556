"""What every verb is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assay.model.answer import Answer
from assay.progress import Progress
from assay.project import Project
from assay.report.as_json import answer_json
from assay.report.write import write_json
from assay.verdict.answer import exit_code


@dataclass(frozen=True, slots=True)
class Context:
    """The project, where progress goes, and the two ways to standard output.

    `out` writes what programs read, as it is; `show` a report for people, which may be coloured.

    `reports` is a directory to leave the JSON record in, beside the project's own state.
    """

    project: Project
    progress: Progress
    out: Callable[[str], None]
    show: Callable[[str], None]
    reports: Path | None


def keep_record(context: Context, answer: Answer) -> int:
    """Write the JSON record of an answer; its exit code."""
    code = exit_code(answer)
    record = answer_json(answer, code)
    write_json(context.project.reports / f"{answer.verb}.json", record)
    if context.reports is not None:
        shard = answer.plan
        which = f"-{shard.shard}-of-{shard.of}" if shard is not None and shard.of > 1 else ""
        name = f"{context.project.root.name}-{answer.verb}{which}.json"
        write_json(context.reports / name, record)
    return code
