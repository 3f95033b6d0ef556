"""Many mutants in one child, each kill with a control of its own; what is left needs a fork.

Trying costs a run of the likeliest tests, and one more run of the test that noticed. That is less
than a fork where tests take milliseconds, so only such tests are tried.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from assay.execution.jobs import run_jobs
from assay.execution.killers import Killers
from assay.execution.timeouts import FACTOR
from assay.execution.wire import TICKS, JobMaker
from assay.execution.zygote import Job, Zygote
from assay.model.mutant import PlannedMutant, Verdict
from assay.model.run import Outcome, TrialEnd
from assay.verdict.classify import tried

BATCH = 16
"""Mutants in a child: enough to make the fork cheap, few enough to learn from the last batch."""

QUICK = 0.008
"""Seconds, as recorded, above which a test is not worth running twice to save a fork."""

WORTH = 0.02
"""Seconds of tests to try on one mutant before it is given a fork after all."""

MOST = 8

SOON = 1.0
"""Seconds below which no limit lies here: to give up early costs a fork and no verdict."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A mutant of a batch with the tests to try, in order."""

    planned: PlannedMutant
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """A mutant that trying did not settle, and the tests that passed under it meanwhile."""

    planned: PlannedMutant
    passed: tuple[str, ...] = ()


class Speculation:
    """Tries mutants in batches; an iterator of jobs that outcomes may add to."""

    def __init__(
        self,
        zygote: Zygote,
        maker: JobMaker,
        killers: Killers,
        workers: int,
        on_verdict: Callable[[Verdict], None],
        may_begin: Callable[[], bool],
    ) -> None:
        self._zygote = zygote
        self._maker = maker
        self._killers = killers
        self._workers = workers
        self._on_verdict = on_verdict
        self._may_begin = may_begin
        self._doctests = {i.node_id for i in maker.collected.items if i.is_doctest}
        self._spoilers: set[str] = set()
        self._waiting: deque[PlannedMutant] = deque()
        self._left: list[Left] = []

    def run(self, planned: Iterable[PlannedMutant]) -> list[Left]:
        """Settle what can be; the rest, in the order of their text."""
        everything = list(planned)
        places = {mutant.mutant.id: number for number, mutant in enumerate(everything)}
        self._waiting.extend(everything)
        for done in run_jobs(self._zygote, self, self._workers):
            self._take(done.tag, done.outcome)
        self._left += [Left(mutant) for mutant in self._waiting]
        self._left.sort(key=lambda left: places[left.planned.mutant.id])
        return self._left

    def __iter__(self) -> Iterator[tuple[list[Entry], Job]]:
        return self

    def __next__(self) -> tuple[list[Entry], Job]:
        entries: list[Entry] = []
        while self._waiting and len(entries) < BATCH and self._may_begin():
            planned = self._waiting.popleft()
            tests = self._worth_trying(planned)
            if tests:
                entries.append(Entry(planned, tests))
            else:
                self._left.append(Left(planned))
        if not entries:
            raise StopIteration
        return entries, self._job(entries)

    def _worth_trying(self, planned: PlannedMutant) -> tuple[str, ...]:
        found: list[str] = []
        spent = 0.0
        for test in self._killers.first(planned).tests:
            if len(found) == MOST or (found and spent >= WORTH):
                break
            if self._is_quick(test.node_id):
                found.append(test.node_id)
                spent += self._maker.limits.seconds.get(test.node_id, QUICK)
        return tuple(found)

    def _is_quick(self, test: str) -> bool:
        seconds = self._maker.limits.seconds.get(test)
        if seconds is None or seconds > QUICK:
            return False
        return test not in self._spoilers and test not in self._doctests

    def _job(self, entries: list[Entry]) -> Job:
        tests = list(dict.fromkeys(test for entry in entries for test in entry.tests))
        known = self._maker.limits.seconds
        batch = []
        for entry in entries:
            covering = {test.node_id for test in entry.planned.tests}
            also = [test for test in tests if test in covering]
            wire = self._maker.wire(entry.planned.mutant)
            most = min(MOST, len(entry.tests) + 1)
            batch.append({"mutant": wire, "tests": entry.tests, "also": also, "most": most})
        return Job(
            tests=tuple(tests),
            limits=tuple(max(SOON, known.get(test, SOON) * FACTOR) for test in tests),
            collect_limit=self._maker.limits.collection,
            shared_limit=self._maker.limits.shared,
            record=False,
            stop_at_failure=True,
            quick=True,
            batch=tuple(batch),
            ticks=TICKS,
        )

    def _take(self, entries: list[Entry], outcome: Outcome) -> None:
        """Book a batch: verdicts, mutants for a fork, and those that its end has cut off."""
        share = outcome.seconds / max(1, len(outcome.trials))
        for trial in outcome.trials:
            entry = entries[trial.index]
            verdict = tried(entry.planned, trial, share)
            if trial.end is TrialEnd.SPOILED and trial.result is not None:
                self._spoilers.add(trial.result.node_id)
            if verdict is None:
                passed = entry.tests if trial.end is TrialEnd.OPEN else ()
                self._left.append(Left(entry.planned, passed))
                continue
            self._killers.note(entry.planned.mutant, verdict.killer)
            self._on_verdict(verdict)
        rest = entries[len(outcome.trials) :]
        spoiled = bool(outcome.trials) and outcome.trials[-1].end in (
            TrialEnd.SPOILED,
            TrialEnd.OVER,
        )
        if rest and not spoiled:
            # The one that was under way when the child ended may have ended it.
            self._left.append(Left(rest[0].planned))
            rest = rest[1:]
        self._waiting.extendleft(entry.planned for entry in reversed(rest))
