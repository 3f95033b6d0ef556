"""Runs given tests in a given order, each order in a process of its own: a fork of the collected
session, or one that starts pytest anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from assay.execution.jobs import result_of, run_forked_or_anew, run_job, run_jobs
from assay.execution.suite import Collected, collected_from
from assay.execution.timeouts import Limits
from assay.execution.unrecorded import lost_test, unrecorded
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.model.run import ChildEnd, Outcome, TestOutcome, TestResult

Message = dict[str, Any]
OnTest = Callable[[TestResult], None]


@dataclass(frozen=True, slots=True)
class Order:
    """Tests to run one after another. With a `seed`, what is random starts from it before each
    test; `watchers` as for a job."""

    tests: tuple[str, ...]
    seed: int | None = None
    watchers: Mapping[str, Message] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderedRun:
    """How the tests of an order ended; one that took the process down is crashed or timed out, and
    those after it have no result. `events` are what watchers told, `problem` why nothing ran."""

    results: Mapping[str, TestResult]
    events: tuple[Message, ...]
    lost: str
    problem: str

    def outcome(self, test: str) -> TestOutcome | None:
        result = self.results.get(test)
        return None if result is None else result.outcome


class Ordered:
    """Runs orders in children of one collected session."""

    def __init__(
        self, settings: ZygoteSettings, zygote: Zygote, collected: Collected, limits: Limits
    ) -> None:
        self._settings = settings
        self._zygote = zygote
        self._collected = collected
        self.limits = limits

    def run(self, order: Order, on_test: OnTest | None = None) -> OrderedRun:
        """One order, in a fork; with threads alive in the session, in a process that starts pytest
        itself."""
        events: list[Message] = []

        def note(event: Message) -> None:
            events.append(event)
            if on_test is not None and event["type"] == "test":
                on_test(result_of(event))

        can_fork, job = self._collected.can_fork, self._job(order)
        outcome = run_forked_or_anew(self._settings, self._zygote, can_fork, job, note)
        return _run_of(outcome, events, self.limits)

    def run_many(self, orders: Iterable[Order], workers: int) -> Iterator[tuple[int, OrderedRun]]:
        """Several orders at a time, each with its number, as they end.

        Raises KeyboardInterrupt, when the tests under way have finished.
        """
        if not self._collected.can_fork:
            for number, order in enumerate(orders):
                yield number, self.run(order)
            return
        jobs = ((number, self._job(order)) for number, order in enumerate(orders))
        for done in run_jobs(self._zygote, jobs, workers):
            yield done.tag, _run_of(done.outcome, (), self.limits)

    def fresh(self, order: Order) -> OrderedRun:
        """One order in a process that collects nothing but the files of its tests."""
        events: list[Message] = []
        job = self._job(order)
        with Zygote(self._settings, "cold", record=False) as cold:
            cold.greeting()
            return _run_of(run_job(cold, job, events.append), events, self.limits)

    @contextmanager
    def hashing(self, hash_seed: int) -> Iterator[Ordered]:
        """The same suite collected anew, by a Python whose hashes of texts start from a seed."""
        environ = {**self._settings.environ, "PYTHONHASHSEED": str(hash_seed)}
        settings = replace(self._settings, environ=environ)
        with Zygote(settings, "collected", record=False) as zygote:
            collected = collected_from(zygote, settings.repo, tolerant=True)
            yield Ordered(settings, zygote, collected, self.limits)

    def _job(self, order: Order) -> Job:
        watchers = dict(order.watchers)
        if order.seed is not None:
            watchers = {"seeding": {"seed": order.seed}, **watchers}
        if "state" in watchers:
            where = {"repo": str(self._settings.repo), "excluded": list(self._settings.excluded)}
            watchers["state"] = {**where, **watchers["state"]}
        job = unrecorded(order.tests, self._settings, self._collected, self.limits)
        return replace(job, quick=False, seed=order.seed or 0, watchers=watchers)


def _run_of(outcome: Outcome, events: Sequence[Message], limits: Limits) -> OrderedRun:
    results = {result.node_id: result for result in outcome.results}
    lost = outcome.current if outcome.end is not ChildEnd.FINISHED else ""
    ended_in = lost_test(outcome, limits)
    if ended_in is not None:
        results[lost] = ended_in
    problem = ""
    if outcome.end is not ChildEnd.FINISHED and not lost:
        problem = outcome.detail or f"the process {outcome.end.value} between two tests"
    elif outcome.collect_error and not results:
        problem = outcome.collect_error
    return OrderedRun(results, tuple(events), lost, problem)
