"""Tests that do not always end alike: under which conditions, how often, and how that was tried."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Axis(Enum):
    """What was changed from one run to the next, everything else being the same."""

    SAME = "same everything"
    ORDER = "order"
    RANDOM = "random seed"
    HASH = "hash seed"


@dataclass(frozen=True, slots=True)
class Condition:
    """One way of running tests; `alone`: each in a process of its own, else after one another.
    `label` says the rest, seeds included."""

    axis: Axis
    alone: bool
    label: str


@dataclass(frozen=True, slots=True)
class Observation:
    """How a test ended under a condition, and when that was repeated (None: it was not)."""

    condition: Condition
    failed: bool
    again: bool | None = None


@dataclass(frozen=True, slots=True)
class Varying:
    """A test with both outcomes.

    `axes` change its outcome, each repeatably; with `Axis.SAME` nothing that was held still
    explains it. `failures` of `runs` failed, between `low` and `high` of all with 95 %
    confidence; so many runs as `needed` show a failure with 95 % probability. `failing` and
    `passing` are conditions of either outcome.
    """

    test: str
    axes: tuple[Axis, ...]
    failures: int
    runs: int
    low: float
    high: float
    needed: int
    failing: tuple[str, ...]
    passing: tuple[str, ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Flakiness:
    """What re-runs of `tests` tests said, `runs` of each kind from `seed` on.

    `failing` are tests that failed in every run, `starts` how many processes ran tests.
    """

    tests: int
    runs: int
    seed: int
    varying: tuple[Varying, ...]
    failing: tuple[str, ...]
    tried: tuple[str, ...]
    starts: int
    notices: tuple[str, ...] = ()
    interrupted: bool = False
