"""`assay impact`: the whole chain for a change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assay.answering import Request, answer
from assay.commands.common import Context, deliver, with_accepted
from assay.errors import BaselineError
from assay.model.answer import Answer
from assay.mutating import ALL, Effort
from assay.pipeline import read_change


@dataclass(frozen=True, slots=True)
class ImpactOptions:
    base: str | None
    diff: Path | None
    format: str
    everything: bool
    effort: Effort = ALL


def run(context: Context, options: ImpactOptions) -> int:
    found = answer_to_change(context, "impact", options.base, options.diff, options.effort)
    found = with_accepted(context, found)
    return deliver(context, found, options.format, options.everything)


def answer_to_change(
    context: Context, verb: str, base: str | None, diff: Path | None, effort: Effort
) -> Answer:
    """The whole chain for a change; NothingToCompare if there is none."""
    change = read_change(context.project, base, diff)
    request = Request(verb, change.change.description, change, None, effort=effort)
    try:
        return answer(context.project, request, context.progress)
    except BaselineError as problem:
        hint = "`assay diagnose` says whether the change is the reason, and what to edit"
        raise BaselineError(problem.message, (*problem.details, hint)) from problem
