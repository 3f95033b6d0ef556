"""How much filling a kill matrix may run and how long that may take, before it begins (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.model.matrix import Pair
from assay.model.mutant import PlannedMutant

TWICE = 2
"""A kill in a shared process is run once more with the unmutated code in place."""

SHARE = 0.004
"""Seconds that a pair costs besides its test: its share of a fork, and of telling."""

WORTH_A_HINT = 60.0
"""Seconds from which on it is told how to run less."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is still to be run: `pairs` of a mutant and a test, without those `known` already, and
    the `seconds` that this takes at most, if every test takes as long as when it was recorded."""

    mutants: int
    pairs: int
    known: int
    seconds: float


def forecast(
    planned: Sequence[PlannedMutant],
    known: Mapping[str, Mapping[str, Pair]],
    seconds: Mapping[str, float],
    workers: int,
) -> Forecast:
    """Every pair of the plan; a witness schedule leaves many of them out, nobody knows which."""
    pairs = already = 0
    total = 0.0
    for one in planned:
        row = known.get(one.mutant.id, {})
        for test in one.tests:
            if test.node_id in row:
                already += 1
            else:
                pairs += 1
                total += TWICE * seconds.get(test.node_id, test.limit) + SHARE
    return Forecast(len(planned), pairs, already, total / max(1, workers))


def forecast_line(told: Forecast, *, full: bool, bounded: bool) -> str:
    """One line for who waits; `bounded`: there is a budget. Empty if nothing is to be run."""
    if not told.pairs:
        return ""
    known = f", {told.known} more known from earlier runs" if told.known else ""
    bound = "about" if full else "at most about"
    words = (
        f"{_counted(told.mutants, 'mutant')}, {_counted(told.pairs, 'pair')} of a mutant and a test"
        f"{known}: {bound} {_rounded(told.seconds)}, as tests were timed"
    )
    if bounded or told.seconds < WORTH_A_HINT:
        return words
    return f"{words}; a PATH or --budget 5m runs less, and Ctrl-C keeps what was run"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _rounded(seconds: float) -> str:
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
