"""Runs planned mutants: hot in forks of the collected session, cold in forks without it.

Controls: a kill stands only if the tests that ran up to it pass in the same order without the
mutant; a timeout only if it happens again alone with twice the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from assay.errors import InconclusiveError
from assay.execution.jobs import run_jobs
from assay.execution.suite import Collected, files_of
from assay.execution.timeouts import Limits
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.model.mutant import NOT_REACHED, PlannedMutant, PlannedTest, Route, Status, Verdict
from assay.model.run import ChildEnd, Outcome
from assay.model.source import SourceFile
from assay.verdict.classify import NOTICED, classify

OnVerdict = Callable[[Verdict], None]
Prefix = tuple[str, ...]

CHUNK = 200
"""So many mutants run before the controls of their kills: what an interrupt can cost at most."""

FIRST_CHUNK = 20

PATIENCE = 2.0
"""How many times its limit a test that timed out may take on the second try."""


@dataclass(frozen=True, slots=True)
class MutantRun:
    """Verdicts by mutant id; `flaky` are tests that failed in a control, with the reason."""

    verdicts: Mapping[str, Verdict]
    flaky: Mapping[str, str]
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told of verdicts: `came` of each at once, for the progress; `settled` of each that no
    control will overturn any more, for whoever keeps it."""

    came: OnVerdict
    settled: OnVerdict


class MutantRunner:
    """Runs a plan to its verdicts on the zygotes of one project.

    No mutant begins after `deadline`, in seconds of `time.monotonic()`; what has begun is brought
    to its end, controls included.
    """

    def __init__(
        self,
        settings: ZygoteSettings,
        zygote: Zygote,
        collected: Collected,
        sources: Mapping[str, SourceFile],
        limits: Limits,
        workers: int,
        listener: Listener,
        deadline: float | None = None,
    ) -> None:
        self._settings = settings
        self._zygote = zygote
        self._collected = collected
        self._sources = sources
        self._limits = limits
        self._workers = workers
        self._listener = listener
        self._deadline = deadline
        self._told: set[str] = set()
        self._cold: Zygote | None = None
        self._verdicts: dict[str, Verdict] = {}
        self._flaky: dict[str, str] = {}
        self._unfit: set[str] = set()
        self._proven: set[tuple[Route, Prefix]] = set()

    def run(self, planned: Sequence[PlannedMutant]) -> MutantRun:
        """Every planned mutant gets a verdict; those not reached before an interrupt, Pending."""
        interrupted = False
        try:
            for chunk in chunks(planned):
                self._verdicts.update(self._round(chunk, self._in_time))
                rest = self._overturned([m for m in chunk if m.mutant.id in self._verdicts])
                while rest:
                    self._verdicts.update(self._round(rest, iter))
                    rest = self._overturned(rest)
                self._tell(
                    self._verdicts[m.mutant.id] for m in chunk if m.mutant.id in self._verdicts
                )
        except KeyboardInterrupt:
            interrupted = True
        finally:
            if self._cold is not None:
                self._cold.close()
        if interrupted:
            # A kill without its control proves nothing.
            self._verdicts = {one: self._verdicts[one] for one in self._told}
        for mutant in planned:
            self._verdicts.setdefault(mutant.mutant.id, _pending(mutant, interrupted))
        return MutantRun(self._verdicts, self._flaky, interrupted)

    def _in_time(self, planned: Iterable[PlannedMutant]) -> Iterator[PlannedMutant]:
        """Hand out mutants until the deadline."""
        for mutant in planned:
            if self._deadline is not None and time.monotonic() >= self._deadline:
                return
            yield mutant

    def _tell(self, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.mutant.id not in self._told:
                self._told.add(verdict.mutant.id)
                self._listener.settled(verdict)

    # -- one round over some mutants

    def _round(
        self,
        planned: Sequence[PlannedMutant],
        handed: Callable[[Iterable[PlannedMutant]], Iterator[PlannedMutant]],
    ) -> dict[str, Verdict]:
        """Run hot ones, then cold ones (with hot ones that did not fit), then timeouts again."""
        verdicts: dict[str, Verdict] = {}
        hot = [mutant for mutant in planned if mutant.route is Route.HOT]
        cold = handed(mutant for mutant in planned if mutant.route is Route.COLD)
        unfit = []
        for mutant, outcome in self._batch(self._zygote, handed(hot), self._workers, 1.0):
            if outcome.unfit:
                self._unfit.add(mutant.mutant.id)
                unfit.append(self._routed(mutant))
            else:
                self._settle(verdicts, mutant, outcome)
        first = next(chain(unfit, cold), None)
        if first is not None:
            rest = chain([first], unfit[1:], cold)
            for mutant, outcome in self._batch(self._cold_zygote(), rest, self._workers, 1.0):
                self._settle(verdicts, mutant, outcome)
        begun = [mutant for mutant in planned if mutant.mutant.id in verdicts]
        slow = [m for m in begun if verdicts[m.mutant.id].status is Status.TIMEOUT]
        for mutant in map(self._routed, slow):
            zygote = self._zygote if mutant.route is Route.HOT else self._cold_zygote()
            for _, outcome in self._batch(zygote, [mutant], 1, PATIENCE):
                verdict = classify(mutant, outcome)
                if verdict.status is not Status.TIMEOUT and outcome.unfit == "":
                    verdicts[mutant.mutant.id] = verdict
        return verdicts

    def _settle(
        self, verdicts: dict[str, Verdict], mutant: PlannedMutant, outcome: Outcome
    ) -> None:
        verdict = classify(mutant, outcome)
        verdicts[mutant.mutant.id] = verdict
        self._listener.came(verdict)
        if verdict.status is Status.SURVIVED:
            self._verdicts[mutant.mutant.id] = verdict
            self._tell([verdict])

    def _batch(
        self, zygote: Zygote, planned: Iterable[PlannedMutant], workers: int, patience: float
    ) -> Iterable[tuple[PlannedMutant, Outcome]]:
        jobs = ((mutant, self._job(mutant, patience)) for mutant in planned)
        for done in run_jobs(zygote, jobs, workers):
            yield done.tag, done.outcome

    def _cold_zygote(self) -> Zygote:
        if self._cold is None:
            self._cold = Zygote(self._settings, "cold", record=False)
            self._cold.greeting()
        return self._cold

    def _routed(self, mutant: PlannedMutant) -> PlannedMutant:
        """The mutant by the route it really took: its control must take the same."""
        unfit = mutant.mutant.id in self._unfit
        return replace(mutant, route=Route.COLD) if unfit else mutant

    # -- controls

    def _overturned(self, planned: Sequence[PlannedMutant]) -> list[PlannedMutant]:
        """Mutants whose killer fails without them too: to be run again without that test."""
        killed = [
            (mutant, self._verdicts[mutant.mutant.id])
            for mutant in map(self._routed, planned)
            if self._verdicts[mutant.mutant.id].status in (Status.KILLED, Status.RUNTIME_ERROR)
            and self._verdicts[mutant.mutant.id].killer
        ]
        prefixes = {(m.route, prefix_of(m, v)) for m, v in killed} - self._proven
        failures = self._control(maximal(prefixes))
        again = []
        for mutant, verdict in killed:
            guilty = failures & set(prefix_of(mutant, verdict))
            if guilty:
                again.append(without(mutant, guilty))
            else:
                self._proven.add((mutant.route, prefix_of(mutant, verdict)))
        for mutant in [mutant for mutant in again if not mutant.tests]:
            self._verdicts[mutant.mutant.id] = _no_sound_test(mutant)
        return [mutant for mutant in again if mutant.tests]

    def _control(self, prefixes: Iterable[tuple[Route, Prefix]]) -> set[str]:
        """Run sequences of tests with no mutant; the tests that fail."""
        failures: set[str] = set()
        for route in Route:
            mine = [prefix for one, prefix in prefixes if one is route]
            if not mine:
                continue
            zygote = self._zygote if route is Route.HOT else self._cold_zygote()
            jobs = ((prefix, self._control_job(prefix)) for prefix in mine)
            for done in run_jobs(zygote, jobs, self._workers):
                failures |= self._control_failures(done.tag, done.outcome)
        return failures

    def _control_failures(self, prefix: Prefix, outcome: Outcome) -> set[str]:
        failed = {r.node_id for r in outcome.results if r.outcome in NOTICED}
        for node_id in failed:
            self._flaky[node_id] = "fails without a mutant when run in the order of a kill"
        if outcome.end is ChildEnd.FINISHED and not outcome.collect_error:
            return failed
        if outcome.end is ChildEnd.BROKEN or outcome.collect_error:
            raise InconclusiveError(
                "a control run without any mutant broke:",
                tuple((outcome.collect_error or outcome.detail).strip().splitlines()[-8:]),
            )
        culprit = outcome.current or prefix[-1]
        self._flaky[culprit] = f"its control run without a mutant ended as {outcome.end.value}"
        return {*failed, culprit}

    # -- jobs

    def _job(self, planned: PlannedMutant, patience: float) -> Job:
        tests = tuple(test.node_id for test in planned.tests)
        return self._make_job(
            tests, tuple(test.limit * patience for test in planned.tests), True, self._wire(planned)
        )

    def _control_job(self, tests: Prefix) -> Job:
        limits = tuple(self._limits.of(test) * PATIENCE for test in tests)
        return self._make_job(tests, limits, False, None)

    def _make_job(
        self,
        tests: Prefix,
        limits: tuple[float, ...],
        stop: bool,
        mutant: dict[str, Any] | None,
    ) -> Job:
        return Job(
            tests=tests,
            limits=limits,
            collect_limit=self._limits.collection,
            record=False,
            stop_at_failure=stop,
            quick=True,
            mutant=mutant,
            files=files_of(tests, self._collected, self._settings.repo),
        )

    def _wire(self, planned: PlannedMutant) -> dict[str, Any]:
        """What the probe needs to know of a mutant."""
        mutant = planned.mutant
        source = self._sources[mutant.path]
        unit = source.unit(mutant.unit) or source.module
        span = mutant.span
        return {
            "path": str(Path(self._settings.repo, mutant.path)),
            "sha": source.sha,
            "span": [span.start_line, span.start_column, span.end_line, span.end_column],
            "original": mutant.original,
            "replacement": mutant.replacement,
            "outer": {
                "first_line": unit.first_line,
                "last_line": unit.last_line,
                "classes": unit.name.partition("#")[0].split(".")[:-1],
            },
        }


def chunks(planned: Sequence[PlannedMutant]) -> Iterator[Sequence[PlannedMutant]]:
    """Few at first, so that an early interrupt costs little."""
    size, at = FIRST_CHUNK, 0
    while at < len(planned):
        yield planned[at : at + size]
        at += size
        size = min(2 * size, CHUNK)


def prefix_of(planned: PlannedMutant, verdict: Verdict) -> Prefix:
    """The tests that ran up to and including the killer."""
    tests = [test.node_id for test in planned.tests]
    return tuple(tests[: tests.index(verdict.killer) + 1]) if verdict.killer in tests else ()


def maximal(prefixes: Iterable[tuple[Route, Prefix]]) -> list[tuple[Route, Prefix]]:
    """Drop sequences that another one begins with: it proves them too."""
    kept: list[tuple[Route, Prefix]] = []
    for route, prefix in sorted(prefixes, key=lambda pair: (pair[0].value, pair[1])):
        if not prefix:
            continue
        if kept and kept[-1][0] is route and prefix[: len(kept[-1][1])] == kept[-1][1]:
            kept.pop()
        kept.append((route, prefix))
    return kept


def without(planned: PlannedMutant, tests: set[str]) -> PlannedMutant:
    """The same mutant with fewer tests."""
    kept: tuple[PlannedTest, ...] = tuple(t for t in planned.tests if t.node_id not in tests)
    return replace(planned, tests=kept)


def _pending(planned: PlannedMutant, interrupted: bool) -> Verdict:
    reason = "interrupted before it was run" if interrupted else NOT_REACHED
    return _verdict(planned, Status.PENDING, reason)


def _no_sound_test(planned: PlannedMutant) -> Verdict:
    reason = "each covering test fails without a mutant when run in this order"
    return _verdict(planned, Status.RUNTIME_ERROR, reason)


def _verdict(planned: PlannedMutant, status: Status, reason: str) -> Verdict:
    covering = tuple(test.node_id for test in planned.tests)
    return Verdict(planned.mutant, status, covering, "", False, reason, 0, 0.0)
