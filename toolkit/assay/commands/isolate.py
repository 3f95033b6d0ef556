"""`assay isolate`: the least set of tests that make another one fail, and the state they leave."""

from __future__ import annotations

import json
from dataclasses import dataclass

from assay.commands.common import Context
from assay.errors import ExitCode
from assay.isolating import isolate
from assay.model.isolation import Dependence, Isolation
from assay.recording import collected_suite
from assay.report.isolation_json import isolation_json
from assay.report.isolation_text import isolation_text


@dataclass(frozen=True, slots=True)
class IsolateOptions:
    """`budget`: no further search begins after so many seconds (None: as long as it takes)."""

    test: str
    budget: float | None
    format: str


def run(context: Context, options: IsolateOptions) -> int:
    with collected_suite(context.project, context.progress) as suite:
        found = isolate(suite, options.test, context.progress, options.budget)
    code = exit_code(found)
    if options.format == "json":
        record = isolation_json(found, code)
        context.out(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    else:
        context.show(isolation_text(found))
    return code


def exit_code(found: Isolation) -> ExitCode:
    if found.interrupted:
        return ExitCode.INTERRUPTED
    if found.dependence is Dependence.UNKNOWN:
        return ExitCode.INCONCLUSIVE
    return ExitCode.GATE if found.is_finding else ExitCode.CLEAN
