"""`assay integration`: where the modules of the project meet, and what the tests make of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from assay.commands.common import Context
from assay.commands.weaknesses import place_of
from assay.errors import ExitCode
from assay.gather import NO_CHANGE
from assay.integrating import integrate
from assay.model.seams import Integration
from assay.pipeline import refresh
from assay.recording import collected_suite
from assay.report.seams_json import integration_json
from assay.report.seams_text import integration_text
from assay.report.write import write_json
from assay.watching import with_all_lines


@dataclass(frozen=True, slots=True)
class IntegrationOptions:
    """`paths` are files or directories of code that a seam must touch; none: all seams."""

    paths: tuple[str, ...]
    format: str
    everything: bool


def run(context: Context, options: IntegrationOptions) -> int:
    found = look(context, options)
    code = exit_code(found)
    record = integration_json(found, code)
    write_json(context.project.reports / "integration.json", record)
    if context.reports is not None:
        write_json(context.reports / f"{context.project.root.name}-integration.json", record)
    if options.format == "json":
        context.out(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    else:
        context.show(integration_text(found, options.everything))
    return code


def look(context: Context, options: IntegrationOptions) -> Integration:
    """Bring the map up to date, and watch the tests."""
    project, progress = context.project, context.progress
    places = dict(place_of(project, path) for path in options.paths)
    with collected_suite(project, progress) as suite:
        tests = {item.path for item in suite.collected.items}
        _, baseline = refresh(suite, NO_CHANGE, progress, tests)
        baseline = with_all_lines(suite, baseline, progress)
        return integrate(suite, baseline, places, progress)


def exit_code(found: Integration) -> ExitCode:
    """Seams without a test are no failure; that nothing at all was seen is no answer."""
    if found.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.CLEAN if found.watched else ExitCode.INCONCLUSIVE
