"""Cuts a plan into batches that take about as long as each other (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.model.mutant import PlannedMutant, Route

LONGEST = 5.0
"""Seconds of work in one batch at most: progress is seen, and little is lost with a worker."""

SHORTEST = 1.0
"""Seconds of work below which handing a batch out costs more than it spreads the work."""

ROUNDS = 4
"""Batches for each thread of the cluster at least, so that none waits long for the last."""

FORK = 0.02
"""Seconds that a mutant costs besides its tests."""

IMPORT = 0.5
"""Seconds more where the project is imported anew."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Mutants that one worker runs one after another; `seconds` is what they may take."""

    mutants: tuple[PlannedMutant, ...]
    seconds: float


def cut(
    planned: Sequence[PlannedMutant], seconds: Mapping[str, float], threads: int
) -> list[Batch]:
    """Batches for so many threads, those of one route together, in the order of the plan.

    The time of a mutant is taken to be that of all its tests, as if it survived; those whose
    project is imported anew come first, as they take longest and start a process of their own.
    """
    costs = {mutant.mutant.id: cost(mutant, seconds) for mutant in planned}
    share = sum(costs.values()) / max(1, threads * ROUNDS)
    wanted = min(LONGEST, max(SHORTEST, share))
    found: list[Batch] = []
    for route in (Route.COLD, Route.HOT):
        mine = [mutant for mutant in planned if mutant.route is route]
        found += _filled(mine, costs, wanted)
    return found


def cost(planned: PlannedMutant, seconds: Mapping[str, float]) -> float:
    """Seconds that a mutant takes if no test notices it."""
    tests = sum(seconds.get(test.node_id, 0.0) for test in planned.tests)
    return FORK + tests + (IMPORT if planned.route is Route.COLD else 0.0)


def _filled(
    planned: Sequence[PlannedMutant], costs: Mapping[str, float], wanted: float
) -> list[Batch]:
    found: list[Batch] = []
    mutants: list[PlannedMutant] = []
    load = 0.0
    for mutant in planned:
        mutants.append(mutant)
        load += costs[mutant.mutant.id]
        if load >= wanted:
            found.append(Batch(tuple(mutants), load))
            mutants, load = [], 0.0
    if mutants:
        found.append(Batch(tuple(mutants), load))
    return found
