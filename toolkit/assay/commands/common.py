"""What every verb is given, and how an answer leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from assay.committed import standing_of
from assay.errors import ExitCode, StateError
from assay.findings import keep_findings
from assay.gate.decide import Decision
from assay.history.rows import run_of_answer
from assay.model.answer import Answer
from assay.model.finding import Finding
from assay.model.history import Run
from assay.model.source import decode
from assay.past import keep_run, past_runs, stamp_of
from assay.progress import Progress
from assay.project import Project
from assay.report.account import Account
from assay.report.as_json import account_json
from assay.report.gate_text import account_text
from assay.report.outputs import Output, rendered
from assay.report.write import append_text, write_json, write_text
from assay.verdict.answer import exit_code


@dataclass(frozen=True, slots=True)
class Context:
    """The project, where progress goes, and the two ways to standard output.

    `out` writes what programs read, as it is; `show` a report for people, which may be coloured.

    `reports` is a directory to leave the JSON record in, beside the project's own state; `outputs`
    are further reports to write; `today` is the day on which accepted findings have to hold, `now`
    the clock: seconds since 1970.
    """

    project: Project
    progress: Progress
    out: Callable[[str], None]
    show: Callable[[str], None]
    reports: Path | None
    today: date
    now: Callable[[], float]
    outputs: tuple[Output, ...] = ()


def with_accepted(context: Context, found: Answer, findings: Sequence[Finding] = ()) -> Answer:
    """The answer, and what people have said of what it found, and of `findings`."""
    every = (*found.lost, *findings)
    return replace(found, accepted=standing_of(context.project, found, every, context.today))


def deliver(
    context: Context,
    found: Answer,
    format: str,
    everything: bool,
    findings: tuple[Finding, ...] = (),
    decision: Decision | None = None,
) -> ExitCode:
    """Keep the record, write the reports that were asked for, print the answer; its exit code.

    `found` says already what is accepted.
    """
    code = exit_code(found) if decision is None else decision.code
    account = Account(
        found,
        findings,
        decision,
        code,
        below=_below(context),
        texts=_texts(context, found),
        everything=everything,
        runs=_runs(context, found, findings, code),
    )
    _keep_record(context, account)
    if found.is_of_change and not found.interrupted:
        keep_findings(context.project, found.verb, (*found.lost, *findings))
    to_standard_output = write_outputs(context, lambda name: rendered(name, account))
    if format == "json":
        context.out(json.dumps(account_json(account), indent=1, ensure_ascii=False) + "\n")
    elif not to_standard_output:
        context.show(account_text(account))
    return code


def write_outputs(context: Context, text_of: Callable[[str], str]) -> bool:
    """Write the reports that were asked for, made by their format's name; whether one of them went
    to standard output."""
    to_standard_output = False
    for output in context.outputs:
        text = text_of(output.format)
        if output.file is None:
            to_standard_output = True
            context.out(text)
        elif str(output.file) == context.project.environ.get("GITHUB_STEP_SUMMARY"):
            append_text(output.file, text)
        else:
            write_text(output.file, text)
    return to_standard_output


def _runs(
    context: Context, found: Answer, findings: tuple[Finding, ...], code: ExitCode
) -> tuple[Run, ...]:
    """The runs so far and this one, which is kept unless it was cut short."""
    if found.interrupted:
        return earlier_runs(context)
    stamp = stamp_of(context.project, int(context.now()))
    run = run_of_answer(found, findings, code, exit_code(found), stamp)
    return with_run(context, run)


def with_run(context: Context, run: Run) -> tuple[Run, ...]:
    """Keep a finished run; all runs, it as the last."""
    runs = earlier_runs(context)
    try:
        keep_run(context.project, run)
    except StateError as problem:
        context.progress.say(problem.message)
    return (*runs, run)


def earlier_runs(context: Context) -> tuple[Run, ...]:
    """The runs so far: none, and a word about it, where they cannot be read. What a run found is
    not lost because it cannot be put beside the others."""
    try:
        runs, notice = past_runs(context.project)
    except StateError as problem:
        runs, notice = (), problem.message
    if notice:
        context.progress.say(notice)
    return runs


def _below(context: Context) -> str:
    project = context.project
    below = project.root.relative_to(project.repo).as_posix()
    return "" if below == "." else below


def _texts(context: Context, found: Answer) -> dict[str, str]:
    """The mutated and changed files as they are now, if a report shows them."""
    if not any(output.format in ("elements", "html") for output in context.outputs):
        return {}
    mutated = {verdict.mutant.path for verdict in found.verdicts}
    return texts_of(context, mutated | {one.path for one in found.changed_lines})


def texts_of(context: Context, paths: Iterable[str]) -> dict[str, str]:
    """Files of the repository as they are now."""
    texts = {}
    for path in paths:
        # Whether it still is what was mutated is for the report to say.
        with suppress(OSError, SyntaxError, LookupError, UnicodeDecodeError):
            texts[path] = decode((context.project.repo / path).read_bytes())
    return texts


def _keep_record(context: Context, account: Account) -> None:
    found, record = account.answer, account_json(account)
    write_json(context.project.reports / f"{found.verb}.json", record)
    if context.reports is not None:
        shard = found.plan
        which = f"-{shard.shard}-of-{shard.of}" if shard is not None and shard.of > 1 else ""
        name = f"{context.project.root.name}-{found.verb}{which}.json"
        write_json(context.reports / name, record)
