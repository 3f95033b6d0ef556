"""`assay weaknesses`: tests that look as if they guarded something, and do not."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from assay import __version__
from assay.commands.common import Context, earlier_runs, texts_of, with_run, write_outputs
from assay.committed import standing_of_findings
from assay.errors import ExitCode, UsageError
from assay.findings import keep_findings
from assay.gather import NO_CHANGE
from assay.history.compare import last_difference
from assay.history.lines import run_json
from assay.history.rows import Looked, run_of_findings
from assay.killing import Amount
from assay.model.answer import Answer
from assay.model.history import Run
from assay.model.selection import Selection
from assay.past import past_runs, stamp_of
from assay.pipeline import refresh
from assay.project import Project
from assay.recording import collected_suite
from assay.report.account import Account
from assay.report.cards import Weaknesses, head_of_weaknesses, weaknesses_text
from assay.report.history_text import difference_line, trend_text
from assay.report.html import trend_html, weaknesses_html
from assay.report.outputs import rendered
from assay.report.weaknesses_json import weaknesses_json
from assay.report.write import write_json
from assay.suppliers import AS_NEEDED, Looking, findings, recent_change
from assay.weakness.rank import ranked
from assay.weakness.table import KINDS


@dataclass(frozen=True, slots=True)
class WeaknessOptions:
    """`paths` are files or directories, of tests or of code; none: everything. `kinds` are names of
    detectors; none: all of them. `trend`: nothing is looked for, so many reports so far are shown
    (None: no)."""

    paths: tuple[str, ...]
    level: int
    kinds: tuple[str, ...]
    format: str
    everything: bool
    amount: Amount = AS_NEEDED
    trend: int | None = None


def run(context: Context, options: WeaknessOptions) -> int:
    unknown = [kind for kind in options.kinds if kind not in KINDS]
    if unknown:
        raise UsageError(
            f"there is no kind of weakness {' or '.join(unknown)}: known are {', '.join(KINDS)}"
        )
    refuse_formats(context)
    if options.trend is not None:
        return _trend(context, options)
    begun = context.now()
    found = look(context, options)
    accepted = standing_of_findings(context.project, found.findings, context.today)
    found = replace(found, accepted=accepted, seconds=context.now() - begun)
    if not found.interrupted:
        keep_findings(context.project, "weaknesses", found.findings)
    code = exit_code(found)
    runs = _runs(context, options, found, code)
    record = weaknesses_json(found, code)
    write_json(context.project.reports / "weaknesses.json", record)
    if context.reports is not None:
        write_json(context.reports / f"{context.project.root.name}-weaknesses.json", record)
    as_json = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    formats = {
        "html": lambda: weaknesses_html(
            found, runs, texts_of(context, {v.mutant.path for v in found.verdicts})
        ),
        "json": lambda: as_json,
        "text": lambda: weaknesses_text(found, everything=True),
    }
    account = account_of(found, code)

    def text_of(name: str) -> str:
        return formats[name]() if name in formats else rendered(name, account)

    to_standard_output = write_outputs(context, text_of)
    if options.format == "json":
        context.out(as_json)
    elif not to_standard_output:
        since = difference_line(last_difference(runs)) if not found.interrupted else ""
        text = weaknesses_text(found, options.everything)
        context.show(text + (f"\n{since} `--trend` shows which.\n" if since else ""))
    return code


FORMATS = ("annotations", "codequality", "html", "json", "markdown", "sarif", "text")
"""Those of the formats of reports that tell of weaknesses."""


def refuse_formats(context: Context) -> None:
    """UsageError for a report that cannot be made, before anything runs."""
    for output in context.outputs:
        if output.format not in FORMATS:
            raise UsageError(
                f"the format {output.format} tells of mutants, not of weaknesses: "
                f"`assay weaknesses` writes {', '.join(FORMATS)}"
            )


def _runs(
    context: Context, options: WeaknessOptions, found: Weaknesses, code: ExitCode
) -> tuple[Run, ...]:
    """The runs so far and this one, which is kept unless it was cut short."""
    if found.interrupted:
        return earlier_runs(context)
    looked = Looked(
        scope_of(context.project, options),
        found.collected,
        found.findings,
        found.verdicts,
        found.seconds,
        found.accepted,
    )
    stamp = stamp_of(context.project, int(context.now()))
    return with_run(context, run_of_findings(looked, code, stamp))


def account_of(found: Weaknesses, code: ExitCode) -> Account:
    """The findings as those formats take them that tell of answers to a change, too."""
    answer = Answer(
        verb="weaknesses",
        project=found.project,
        compared=", ".join(found.paths) or "everything",
        versions={"assay": __version__},
        collected=found.collected,
        selection=Selection((), ()),
        results={},
        units=(),
        verdicts=(),
        diffs={},
        changed_tests=(),
        notices=found.notices,
        flaky={},
        inconclusive=found.inconclusive,
        interrupted=found.interrupted,
        seconds={},
        accepted=found.accepted,
    )
    head = tuple(head_of_weaknesses(found))
    return Account(answer, found.findings, code=code, head=head)


def scope_of(project: Project, options: WeaknessOptions) -> str:
    """What is looked for and where, in words that are the same from run to run."""
    amount = options.amount
    places = sorted({place_of(project, path)[0] for path in options.paths})
    words = [f"level {options.level}", *(places or ("everything",))]
    words += [f"only {kind}" for kind in sorted(set(options.kinds))]
    if options.level and amount.base is not None:
        words.append(f"base {amount.base}")
    if options.level and amount.sample is not None:
        words.append(f"sample {amount.sample} seed {amount.seed}")
    if options.level and amount.budget is not None:
        words.append(f"budget {amount.budget:g} s")
    return ", ".join(words)


def _trend(context: Context, options: WeaknessOptions) -> int:
    """What the reports so far say, of the scope that is asked for or else of the newest; runs
    nothing."""
    runs, notice = past_runs(context.project)
    if notice:
        context.progress.say(notice)
    mine = [one for one in runs if one.verb == "weaknesses"]
    if options.paths or options.kinds or options.level:
        scope = scope_of(context.project, options)
        mine = [one for one in mine if one.scope == scope]
    text = trend_text(mine, options.trend or 0, options.everything)
    formats = {
        "html": lambda: trend_html(context.project.root.name, mine),
        "json": lambda: json.dumps([run_json(one) for one in mine], indent=1) + "\n",
        "text": lambda: text,
    }
    to_standard_output = write_outputs(context, lambda name: formats.get(name, lambda: text)())
    if options.format == "json":
        context.out(formats["json"]())
    elif not to_standard_output:
        context.show(text)
    return ExitCode.CLEAN


def exit_code(found: Weaknesses) -> ExitCode:
    """Findings are no failure: that is for a policy to say."""
    if found.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.INCONCLUSIVE if found.inconclusive else ExitCode.CLEAN


def look(context: Context, options: WeaknessOptions) -> Weaknesses:
    """Bring the map up to date, ask the suppliers, and put what they found in order."""
    project, progress = context.project, context.progress
    places = dict(place_of(project, path) for path in options.paths)
    with collected_suite(project, progress) as suite:
        tests = {item.path for item in suite.collected.items}
        _, baseline = refresh(suite, NO_CHANGE, progress, tests)
        looking = Looking(suite, baseline, places, options.amount)
        supplied = findings(options.level, looking, progress)
        kept = [one for one in supplied.findings if not options.kinds or one.kind in options.kinds]
        return Weaknesses(
            project=str(project.root),
            level=options.level,
            paths=options.paths,
            kinds=options.kinds,
            findings=ranked(kept, recent_change(project, baseline.impact)),
            collected=len(suite.collected.items),
            looked_at=supplied.looked_at,
            left_out=supplied.left_out,
            notices=(*baseline.notices, *supplied.notices),
            inconclusive=supplied.inconclusive,
            interrupted=supplied.interrupted or baseline.run.interrupted,
            verdicts=supplied.verdicts,
            diffs=supplied.diffs,
        )


def place_of(project: Project, text: str) -> tuple[str, bool]:
    """A path relative to the repository, and whether it is a directory. UsageError."""
    path = Path(text)
    places = [Path.cwd() / path, project.root / path, project.repo / path]
    inside = [place.resolve() for place in places if place.resolve().is_relative_to(project.repo)]
    full = next((place for place in inside if place.exists()), None)
    if full is None:
        raise UsageError(f"no file or directory {text} in the project at {project.repo}")
    return full.relative_to(project.repo).as_posix(), full.is_dir()
