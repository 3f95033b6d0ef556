"""Fills the kill matrix of chosen mutants, with the pairs that earlier runs know."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from assay.execution.forecast import forecast, forecast_line
from assay.execution.matrix import MatrixOptions, MatrixRunner
from assay.model.matrix import Goal, KillMatrix, Pair
from assay.model.mutant import PlannedMutant
from assay.mutating import edited_meanwhile, mutants_of, passed_tests
from assay.mutation.plan import Candidates, Plan, plan
from assay.mutation.portion import in_turns, unit_of
from assay.mutation.targets import Target
from assay.progress import Progress
from assay.recording import Baseline, Suite
from assay.reuse import remembered

GoalsOf = Callable[[Plan], Iterable[Goal]]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a matrix is filled: `full`, or by the witness schedule; no pair begins after
    `budget` seconds (None: no end); `fresh` without the pairs that earlier runs know; `prove` that
    a test kills nothing, where it does not (of a sample of the mutants nothing rests on that)."""

    full: bool = False
    budget: float | None = None
    fresh: bool = False
    seed: int = 0
    prove: bool = True


@dataclass(frozen=True, slots=True)
class Filled:
    """A matrix, the plan it was filled by, and what has to be said."""

    matrix: KillMatrix
    plan: Plan
    notices: tuple[str, ...] = ()


def fill_matrix(
    suite: Suite,
    targets: Sequence[Target],
    baseline: Baseline,
    goals_of: GoalsOf,
    extent: Extent,
    progress: Progress,
) -> Filled:
    """Run the pairs of the targets' mutants and the tests that passed, as far as is asked for."""
    sources = {target.source.path: target.source for target in targets}
    passed = passed_tests(baseline.impact, {item.node_id for item in suite.collected.items})
    limits = suite.limits(passed)
    planned = plan(
        mutants_of(targets),
        sources,
        baseline.impact,
        Candidates(passed),
        limits.of,
        suite.collected.can_fork,
    )
    with remembered(suite.project, baseline.impact, baseline.times, planned.planned, targets) as (
        memory,
        notice,
    ):
        known = {} if extent.fresh else memory.known_pairs()

        def came(mutant_id: str, test: str, pair: Pair) -> None:
            memory.keep_pair(mutant_id, test, pair)
            progress.pair(pair)

        deadline = None if extent.budget is None else time.monotonic() + extent.budget
        bench = suite.bench(sources, limits)
        runner = MatrixRunner(
            bench,
            came,
            MatrixOptions(extent.full, deadline, extent.prove),
            known,
        )
        to_run = in_order(planned.planned, extent)
        ahead = forecast(to_run, known, passed, bench.workers)
        line = forecast_line(ahead, full=extent.full, bounded=extent.budget is not None)
        if line:
            progress.say(line)
        words = "filling the kill matrix, pairs" if extent.full else "looking for kills, pairs"
        progress.start(words, ahead.pairs)
        matrix = runner.run(to_run, goals_of(planned))
        progress.finish()
        memory.forget_pairs(matrix.out)
        edited = edited_meanwhile(suite, baseline.impact)
        if edited:
            memory.forget_this_run()
            edited = (f"{edited[0]} was edited while mutants ran: nothing of this run is kept",)
    return Filled(matrix, planned, (*filter(None, [notice]), *edited))


def in_order(planned: Sequence[PlannedMutant], extent: Extent) -> list[PlannedMutant]:
    """As they stand; under a budget function by function in turns."""
    if extent.budget is None:
        return list(planned)
    by_id = {one.mutant.id: one for one in planned}
    units = {mutant_id: unit_of(one.mutant) for mutant_id, one in by_id.items()}
    return [by_id[mutant_id] for mutant_id in in_turns(units, extent.seed)]


def any_kill(planned: Plan) -> list[Goal]:
    """Does it kill anything at all? Of each test, over all mutants that it reaches."""
    reached: dict[str, set[str]] = {}
    for one in planned.planned:
        for test in one.tests:
            if test.near:
                reached.setdefault(test.node_id, set()).add(one.mutant.id)
    return [Goal(test, frozenset(ids)) for test, ids in reached.items()]
