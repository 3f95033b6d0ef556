"""`assay map`: record the impact map, or bring it up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.commands.common import Context
from assay.errors import ExitCode, UsageError
from assay.gather import NO_CHANGE, absorb_run, runs_in, taking_turns
from assay.impact.store import copy_map, reading, set_aside_if_damaged, why_no_map
from assay.join import join_into, read_shard
from assay.model.run import TestOutcome
from assay.pipeline import refresh
from assay.recording import collected_suite, record_isolated
from assay.report.text import plural
from assay.verdict.answer import BAD_RESULTS


@dataclass(frozen=True, slots=True)
class MapOptions:
    """`fresh`: forget what is recorded and run everything. `second_look`: run tests again, alone,
    that may have used what others left behind. `isolated`: every test in a process of its own.
    `merge`, `export` and `install` (`--import`) run nothing."""

    fresh: bool
    second_look: bool
    isolated: bool
    merge: tuple[Path, ...] = ()
    export: Path | None = None
    install: Path | None = None


def run(context: Context, options: MapOptions) -> int:
    if options.export is not None:
        return export_map(context, options.export)
    if options.install is not None:
        return import_map(context, options.install)
    if options.fresh:
        context.project.prepare_state()
        for path in context.project.state.glob("map.sqlite*"):
            if ".damaged-" not in path.name:
                path.unlink()
    if options.merge:
        return merge(context, options.merge)
    with collected_suite(context.project, context.progress) as suite:
        if options.isolated:
            baseline = record_isolated(suite, context.progress)
        else:
            again = (lambda _: True) if options.second_look else None
            _, baseline = refresh(suite, NO_CHANGE, context.progress, again=again)
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


def export_map(context: Context, target: Path) -> int:
    """Write the map to one file, whoever records meanwhile."""
    source = context.project.map_file
    problem = why_no_map(source)
    if problem:
        raise UsageError(f"{source} {problem}: record a map with `assay map` first")
    if not target.parent.is_dir():
        raise UsageError(f"no directory {target.parent}: make it first")
    copy_map(source, target)
    context.out(f"{_tests_in(target)} exported to {target}.\n")
    return ExitCode.CLEAN


def import_map(context: Context, source: Path) -> int:
    """Put a map in place of the project's; one that cannot be used is set aside."""
    problem = why_no_map(source)
    if problem:
        raise UsageError(f"{source} {problem}: give a map that `assay map --export` has written")
    context.project.prepare_state()
    target = context.project.map_file
    with taking_turns(context.project, context.progress.say):
        notice = set_aside_if_damaged(target)
        copy_map(source, target)
    if notice:
        context.out(f"Note: {notice}.\n")
    context.out(f"{_tests_in(target)} imported from {source}.\n")
    return ExitCode.CLEAN


def merge(context: Context, paths: Sequence[Path]) -> int:
    """Join maps, and what ordinary runs have left behind, into the project's map."""
    project = context.project
    project.prepare_state()
    runs = [run for path in paths if path.is_dir() for run in runs_in(path)]
    maps = [path for path in paths if not path.is_dir()]
    shards = [read_shard(path) for path in maps]
    with taking_turns(project, context.progress.say):
        if shards:
            join_into(project.map_file, shards)
        for run in runs:
            for words in absorb_run(project, run):
                context.out(f"Note: {words}.\n")
    count = plural(len(paths), "recording")
    context.out(f"{count} joined: {_tests_in(project.map_file)} in the map.\n")
    return ExitCode.CLEAN


def _tests_in(path: Path) -> str:
    with reading(path) as (store, _):
        return plural(len(store.tests()), "test")
