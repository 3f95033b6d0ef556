"""`assay flaky`: tests that do not always end alike, and which change of condition does it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from assay.commands.common import Context
from assay.errors import ExitCode, UsageError
from assay.isolating import check_known
from assay.model.flakiness import Flakiness
from assay.recording import collected_suite
from assay.report.isolation_json import flakiness_json
from assay.report.isolation_text import flakiness_text
from assay.rerunning import rerun

RUNS_OF_NAMED, RUNS_OF_ALL = 10, 4


@dataclass(frozen=True, slots=True)
class FlakyOptions:
    """`tests` are node ids; none: all. `runs` of each kind (None: as many as usual)."""

    tests: tuple[str, ...]
    runs: int | None
    seed: int
    format: str
    everything: bool


def run(context: Context, options: FlakyOptions) -> int:
    if options.runs == 0:
        raise UsageError("--runs must be 1 or more")
    usual = RUNS_OF_NAMED if options.tests else RUNS_OF_ALL
    with collected_suite(context.project, context.progress) as suite:
        check_known(suite, options.tests)
        found = rerun(suite, options.tests, options.runs or usual, options.seed, context.progress)
    code = exit_code(found)
    if options.format == "json":
        record = flakiness_json(found, code)
        context.out(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    else:
        context.show(flakiness_text(found, options.everything))
    return code


def exit_code(found: Flakiness) -> ExitCode:
    if found.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.GATE if found.varying else ExitCode.CLEAN
