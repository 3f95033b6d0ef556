"""Pairs of a mutant and a test that share a process, as the probe is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from assay.execution.speculation import SOON
from assay.execution.timeouts import FACTOR
from assay.execution.wire import TICKS, JobMaker
from assay.execution.zygote import Job
from assay.model.mutant import PlannedMutant, PlannedTest
from assay.model.run import Trial, TrialEnd


@dataclass(frozen=True, slots=True)
class Ask:
    """One run to be made: a mutant, a test, and whether it is the second try of a timeout."""

    planned: PlannedMutant
    test: PlannedTest
    again: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.planned.mutant.id, self.test.node_id


@dataclass(frozen=True, slots=True)
class Portion:
    """Pairs to be run in this order, until the first kill or `all`; one alone unless it `shares`
    its process."""

    asks: tuple[Ask, ...]
    shares: bool
    all: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One mutant's tests in a batch; `group` is the portion whose first kill ends it (0: none)."""

    planned: PlannedMutant
    asks: tuple[Ask, ...]
    group: int


def entries_of(portions: Sequence[Portion]) -> list[Entry]:
    """What a batch holds, in order: pairs of one mutant that stand together are one entry."""
    found: list[Entry] = []
    for number, portion in enumerate(portions, start=1):
        group = 0 if portion.all else number
        for mutant_id, asks in groupby(portion.asks, key=lambda ask: ask.planned.mutant.id):
            together = tuple(asks)
            assert together[0].planned.mutant.id == mutant_id
            found.append(Entry(together[0].planned, together, group))
    return found


def batch_of(entries: Sequence[Entry], maker: JobMaker) -> Job:
    known = maker.limits.seconds
    tests = list(dict.fromkeys(ask.test.node_id for entry in entries for ask in entry.asks))
    batch = tuple(
        {
            "mutant": maker.wire(entry.planned.mutant),
            "tests": [ask.test.node_id for ask in entry.asks],
            "group": entry.group,
        }
        for entry in entries
    )
    return Job(
        tests=tuple(tests),
        limits=tuple(max(SOON, known.get(test, SOON) * FACTOR) for test in tests),
        collect_limit=maker.limits.collection,
        shared_limit=maker.limits.shared,
        record=False,
        stop_at_failure=False,
        quick=True,
        batch=batch,
        pairs=True,
        ticks=TICKS,
    )


def first_unfinished(entries: Sequence[Entry], trials: Iterable[Trial]) -> Ask | None:
    """The pair that nothing was heard of when a process ended; None if it had said why."""
    told = list(trials)
    if told and told[-1].end in (TrialEnd.SPOILED, TrialEnd.OVER):
        return None
    last = (told[-1].index, told[-1].test) if told else None
    killed = {entries[t.index].group for t in told if t.end is TrialEnd.KILLED} - {0}
    unfit = {t.index for t in told if t.end is TrialEnd.UNFIT}
    reached = last is None
    for index, entry in enumerate(entries):
        for ask in entry.asks:
            if reached and entry.group not in killed and index not in unfit:
                return ask
            reached = reached or last == (index, ask.test.node_id)
    return None


def scope_of(ask: Ask) -> tuple[str, str, str]:
    """The function that a run is about, and its test."""
    mutant = ask.planned.mutant
    return mutant.path, mutant.scope, ask.test.node_id


def imported(planned: PlannedMutant) -> frozenset[str]:
    """The tests that reach a mutant by an import alone."""
    return frozenset(test.node_id for test in planned.tests if not test.near)


def reach_of(planned: Iterable[PlannedMutant]) -> dict[str, dict[str, PlannedTest]]:
    """By test the mutants that it reaches other than by an import, with the test as planned."""
    found: dict[str, dict[str, PlannedTest]] = {}
    for one in planned:
        for test in one.tests:
            if test.near:
                found.setdefault(test.node_id, {})[one.mutant.id] = test
    return found
