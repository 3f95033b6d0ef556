"""`assay weaknesses`: tests that look as if they guarded something, and do not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from assay.commands.common import Context
from assay.errors import ExitCode, UsageError
from assay.gather import NO_CHANGE
from assay.killing import Amount
from assay.pipeline import refresh
from assay.project import Project
from assay.recording import collected_suite
from assay.report.cards import Weaknesses, weaknesses_text
from assay.report.weaknesses_json import weaknesses_json
from assay.report.write import write_json
from assay.suppliers import AS_NEEDED, Looking, findings, recent_change
from assay.weakness.rank import ranked
from assay.weakness.table import KINDS


@dataclass(frozen=True, slots=True)
class WeaknessOptions:
    """`paths` are files or directories, of tests or of code; none: everything. `kinds` are names of
    detectors; none: all of them."""

    paths: tuple[str, ...]
    level: int
    kinds: tuple[str, ...]
    format: str
    everything: bool
    amount: Amount = AS_NEEDED


def run(context: Context, options: WeaknessOptions) -> int:
    unknown = [kind for kind in options.kinds if kind not in KINDS]
    if unknown:
        raise UsageError(
            f"there is no kind of weakness {' or '.join(unknown)}: known are {', '.join(KINDS)}"
        )
    found = look(context, options)
    code = exit_code(found)
    record = weaknesses_json(found, code)
    write_json(context.project.reports / "weaknesses.json", record)
    if context.reports is not None:
        write_json(context.reports / f"{context.project.root.name}-weaknesses.json", record)
    if options.format == "json":
        context.out(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    else:
        context.show(weaknesses_text(found, options.everything))
    return code


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
