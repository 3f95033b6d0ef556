"""Runs jobs in a zygote's children, several at a time, and turns their messages into outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.model.run import (
    ChildEnd,
    Failure,
    Outcome,
    TestOutcome,
    TestResult,
    Trial,
    TrialEnd,
)

Tag = TypeVar("Tag")
Message = dict[str, Any]
OnEvent = Callable[[Message], None]


@dataclass(slots=True)
class _Under:
    """A job under way."""

    results: list[TestResult] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    observed: list[Message] = field(default_factory=list)
    failed_at: dict[str, tuple[int, ...]] = field(default_factory=dict)
    entered: bool = False
    ticks: int = 0
    unfit: str = ""
    collect_error: str = ""

    def note(self, event: Message) -> None:
        kind = event["type"]
        if kind == "test":
            self.results.append(result_of(event))
        elif kind == "entered":
            self.entered, self.ticks = event["entered"], event["ticks"]
        elif kind == "tried":
            self.trials.append(trial_of(event))
        elif kind == "observed":
            self.observed.append(event)
        elif kind == "failed-at":
            self.failed_at[event["test"]] = tuple(event["lines"])
        elif kind == "unfit":
            self.unfit = event["detail"]
        elif kind == "collect-error":
            self.collect_error = self.collect_error or event["detail"]
        elif kind == "missing":
            self.missing.append(event["test"])

    def outcome(self, end: Message) -> Outcome:
        return Outcome(
            end=ChildEnd(end["end"]),
            results=tuple(self.results),
            current=end["current"],
            entered=self.entered,
            unfit=self.unfit,
            collect_error=self.collect_error,
            missing=tuple(self.missing),
            detail=end["detail"],
            seconds=end["seconds"],
            ticks=self.ticks,
            trials=tuple(self.trials),
            observed=tuple(self.observed),
            failed_at=self.failed_at,
        )


def failed_by(test: str, kind: TestOutcome, words: str, seconds: float = 0.0) -> TestResult:
    """The result of a test that raised nothing that could be read."""
    failure = Failure("call", kind.value, words, by_assertion=False, excerpt="")
    return TestResult(test, kind, seconds, failure)


def trial_of(event: Message) -> Trial:
    """A "tried" event as a value."""
    result = event.get("result")
    return Trial(
        index=event["index"],
        end=TrialEnd(event["verdict"]),
        ran=event.get("ran", 0),
        result=None if result is None else result_of(result),
        test=event.get("test", ""),
        entered=event.get("entered", False),
        detail=event.get("detail", ""),
    )


def result_of(event: Message) -> TestResult:
    """A "test" event as a value."""
    failure = event["failure"]
    return TestResult(
        node_id=event["test"],
        outcome=TestOutcome(event["outcome"]),
        seconds=event["seconds"],
        failure=None if failure is None else Failure(**failure),
    )


@dataclass(frozen=True, slots=True)
class Done(Generic[Tag]):
    """A finished job under the name it was given."""

    tag: Tag
    outcome: Outcome


def run_jobs(
    zygote: Zygote,
    jobs: Iterable[tuple[Tag, Job]],
    workers: int,
    on_event: OnEvent | None = None,
) -> Iterator[Done[Tag]]:
    """Yield each job's outcome as it ends, never more than `workers` at once.

    An interrupt asks the children to stop, waits for what they have, and is raised again.
    """
    waiting = iter(jobs)  # one that was empty may have more later, when an outcome brought some
    tags: dict[int, Tag] = {}
    under: dict[int, _Under] = {}

    def top_up() -> None:
        while len(under) < workers:
            following = next(waiting, None)
            if following is None:
                return
            number = zygote.submit(following[1])
            tags[number] = following[0]
            under[number] = _Under()

    top_up()
    while under:
        try:
            message = zygote.receive()
        except KeyboardInterrupt:
            yield from _stop_all(zygote, tags, under, on_event)
            raise
        number = message["job"]
        if message["type"] == "event":
            under[number].note(message["event"])
            if on_event is not None:
                on_event(message["event"])
        elif message["type"] == "end":
            outcome = under.pop(number).outcome(message)
            top_up()
            yield Done(tags.pop(number), outcome)


def run_job(zygote: Zygote, job: Job, on_event: OnEvent | None = None) -> Outcome:
    """The outcome of one job by itself."""
    (done,) = run_jobs(zygote, [("", job)], 1, on_event)
    return done.outcome


def _stop_all(
    zygote: Zygote, tags: dict[int, Tag], under: dict[int, _Under], on_event: OnEvent | None
) -> Iterator[Done[Tag]]:
    """After an interrupt: let each child finish the test it is in; a second one ends the wait."""
    for number in under:
        zygote.stop(number)
    while under:
        message = zygote.receive()
        number = message["job"]
        if message["type"] == "event":
            under[number].note(message["event"])
            if on_event is not None:
                on_event(message["event"])
        elif message["type"] == "end":
            yield Done(tags.pop(number), under.pop(number).outcome(message))


def run_forked_or_anew(
    settings: ZygoteSettings,
    zygote: Zygote,
    can_fork: bool,
    job: Job,
    on_event: OnEvent | None = None,
) -> Outcome:
    """One job in a fork of the collected zygote; with threads alive there, in a child that starts
    pytest itself."""
    if can_fork:
        return run_job(zygote, job, on_event)
    with Zygote(settings, "cold", record=job.record) as cold:
        cold.greeting()
        return run_job(cold, job, on_event)
