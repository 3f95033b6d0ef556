"""`assay map`: record the impact map, or bring it up to date."""

from __future__ import annotations

from dataclasses import dataclass

from assay.commands.common import Context
from assay.errors import ExitCode
from assay.model.run import TestOutcome
from assay.pipeline import NO_CHANGE, collected_suite, record_isolated, refresh
from assay.report.text import plural
from assay.verdict.answer import BAD_RESULTS


@dataclass(frozen=True, slots=True)
class MapOptions:
    """`fresh`: forget what is recorded and run everything. `isolated`: every test in a process of
    its own."""

    fresh: bool
    isolated: bool


def run(context: Context, options: MapOptions) -> int:
    if options.fresh:
        for path in context.project.state.glob("map.sqlite*"):
            if ".damaged-" not in path.name:
                path.unlink()
    with collected_suite(context.project, context.progress) as suite:
        if options.isolated:
            baseline = record_isolated(suite, context.progress)
        else:
            _, baseline = refresh(suite, NO_CHANGE, context.progress)
        collected = len(suite.collected.items)
    results = baseline.run.results
    bad = [result for result in results.values() if result.outcome in BAD_RESULTS]
    for notice in baseline.notices:
        context.out(f"Note: {notice}.\n")
    ran = f"{len(results)} recorded" if results else "nothing to record"
    valid = collected - len(results)
    context.out(f"{plural(collected, 'test')}: {ran}, {valid} still valid.\n")
    unfinished = sum(r.outcome is TestOutcome.NOT_RUN for r in results.values())
    if unfinished:
        count = plural(unfinished, "test")
        context.out(f"{count} did not run when asked to: still selected next time.\n")
    for result in bad[:10]:
        failure = result.failure
        words = f": {failure.exception}: {failure.message}" if failure else ""
        context.out(f"  {result.outcome.value}: {result.node_id}{words}\n")
    if len(bad) > 10:
        context.out(f"  … and {len(bad) - 10} more\n")
    if baseline.run.interrupted:
        context.out("Interrupted: what was finished is kept; run the same command to go on.\n")
        return ExitCode.INTERRUPTED
    return ExitCode.BASELINE if bad else ExitCode.CLEAN
