"""Runs one test traced in a fork of the collected session, and reads what the probe told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.execution.jobs import run_forked_or_anew
from assay.execution.suite import Collected
from assay.execution.timeouts import Limits
from assay.execution.unrecorded import unrecorded
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.model.divergence import Call, How, Trace
from assay.model.run import ChildEnd, TestOutcome

Message = dict[str, Any]

EVENTS = 200_000
"""So many calls and returns are written down."""

SLOWER = 30.0
"""How many times its usual time a test is traced; after that it runs on by itself."""

FLOOR = 2.0
"""Seconds for which every test may be traced."""

UNKNOWN = 10.0
"""Seconds for which a test is traced of which it is not known how long it takes."""

PATIENCE = 5.0
"""The limits are of the processor's time: by the clock on the wall, so many times as long."""


@dataclass(frozen=True, slots=True)
class OneCall:
    """The call whose lines are to be told: the how-manieth of which function."""

    path: str
    name: str
    first_line: int
    number: int


@dataclass(frozen=True, slots=True)
class Traced:
    """A traced run; `trace` is None if the test did not run to its end, for the reason `why`."""

    trace: Trace | None
    outcome: TestOutcome
    why: str = ""


def nth_call(trace: Trace, index: int) -> OneCall:
    """A call of a trace, told so that another run of the same test can find it."""
    call = trace.calls[index]
    place = (call.path, call.name, call.first_line)
    before = sum((c.path, c.name, c.first_line) == place for c in trace.calls[:index])
    return OneCall(*place, before)


class Tracing:
    """Traces tests of one collected session, each run in a process of its own."""

    def __init__(
        self,
        settings: ZygoteSettings,
        zygote: Zygote,
        collected: Collected,
        limits: Limits,
        events: int = EVENTS,
    ) -> None:
        self._settings = settings
        self._zygote = zygote
        self._collected = collected
        self._limits = limits
        self._events = events

    def run(self, test: str, lines: OneCall | None = None, modules: bool = False) -> Traced:
        """Run the test once; if asked for, with the lines of one call, or with what the project's
        modules hold before it."""
        told: list[Message] = []

        def note(event: Message) -> None:
            if event["type"] == "traced":
                told.append(event)

        can_fork, job = self._collected.can_fork, self._job(test, lines, modules)
        outcome = run_forked_or_anew(self._settings, self._zygote, can_fork, job, note)
        if outcome.missing:
            return Traced(None, TestOutcome.NOT_RUN, "it is not among the collected tests")
        if not outcome.results or not told:
            ways = {
                ChildEnd.TIMEOUT: (TestOutcome.TIMEOUT, "it hung under tracing"),
                ChildEnd.DIED: (TestOutcome.CRASHED, "it took its process down"),
            }
            end, why = ways.get(outcome.end, (TestOutcome.NOT_RUN, "it did not come to its end"))
            detail = outcome.collect_error or outcome.detail
            return Traced(None, end, f"{why} ({detail.splitlines()[-1]})" if detail else why)
        return Traced(trace_of(told[0]), outcome.results[0].outcome)

    def _job(self, test: str, lines: OneCall | None, modules: bool) -> Job:
        settings = self._settings
        known = self._limits.seconds.get(test)
        seconds = UNKNOWN if known is None else max(FLOOR, known * SLOWER)
        job = unrecorded([test], settings, self._collected, self._limits)
        return replace(
            job,
            limits=(PATIENCE * seconds + self._limits.of(test),),
            watchers={
                "trace": {
                    "repo": str(settings.repo),
                    "excluded": list(settings.excluded),
                    "events": self._events,
                    "seconds": seconds,
                    "modules": modules,
                    "lines": None
                    if lines is None
                    else [lines.path, lines.name, lines.first_line, lines.number],
                }
            },
        )


def trace_of(event: Message) -> Trace:
    """A "traced" event as a value; equal values become one object."""
    values, codes = event["values"], event["codes"]
    return Trace(
        calls=tuple(_call(told, codes, values) for told in event["calls"]),
        lines=tuple(event["lines"]),
        cut=event["cut"],
        shortened=tuple(codes[number][1] for number in event["shortened"]),
        modules={(path, name): values[number] for path, name, number in event["modules"]},
        events=event["events"],
        threads=event["threads"],
        processes=event["processes"],
        seconds=event["seconds"],
    )


def _call(told: Sequence[Any], codes: Sequence[Any], values: Sequence[Any]) -> Call:
    code, parent, line, arguments, hidden, how, value, after, left = told
    path, name, first_line = codes[code]

    def looked_up(slots: Mapping[str, int]) -> dict[str, Any]:
        return {slot: values[number] for slot, number in slots.items()}

    return Call(
        path=path,
        name=name,
        first_line=first_line,
        parent=parent,
        line=line,
        arguments=looked_up(arguments),
        hidden=looked_up(hidden),
        how=How(how),
        value=None if value is None else values[value],
        after=looked_up(after),
        left=left,
    )
