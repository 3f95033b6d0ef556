"""`assay merge`: the records of the shards of one `assay mutate` as one answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assay.commands.common import Context, deliver, with_accepted
from assay.errors import UsageError
from assay.model.answer import Answer
from assay.report.as_json import FORMAT
from assay.report.from_json import answer_of
from assay.verdict.shards import joined


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """`records` are the JSON records of all shards, in any order."""

    records: tuple[Path, ...]
    format: str
    everything: bool


def run(context: Context, options: MergeOptions) -> int:
    found = joined({name: read(Path(name)) for name in _names(options.records)})
    context.project.prepare_state()
    return deliver(context, with_accepted(context, found), options.format, options.everything)


def _names(paths: tuple[Path, ...]) -> list[str]:
    names = [str(path) for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name} is given twice: give the record of each shard once")
    return names


def read(path: Path) -> Answer:
    """One record; UsageError if it is none."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise UsageError(f"cannot read {path}: {problem.strerror}") from problem
    except ValueError as problem:
        raise UsageError(f"{path} is no JSON record of assay: {problem}") from problem
    if not isinstance(record, dict) or "plan" not in record or "mutants" not in record:
        raise UsageError(f"{path} is no record of `assay mutate`")
    if record.get("format") != FORMAT:
        raise UsageError(f"{path} has format {record.get('format')}: this assay reads {FORMAT}")
    if record["plan"] is None:
        raise UsageError(f"{path} is a record of `assay {record.get('verb')}`: no shard to join")
    try:
        return answer_of(record)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UsageError(f"{path} is a damaged record: {problem!r}") from problem
