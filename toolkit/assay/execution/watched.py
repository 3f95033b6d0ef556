"""Runs tests once more in forks of the collected session, watched: what each does with assertions
and stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.execution.jobs import result_of, run_forked_or_anew, run_jobs
from assay.execution.suite import Collected, deal_out
from assay.execution.timeouts import Limits
from assay.execution.unrecorded import unrecorded
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.model.run import ChildEnd, Outcome, TestResult
from assay.weakness.facts import NOWHERE, Line, Original, Patch, Raised, Watched

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """How the tests ended this time, and what was seen of each; both without those that did not
    come to an end."""

    results: Mapping[str, TestResult]
    seen: Mapping[str, Watched]
    interrupted: bool


class Watching:
    """Runs tests watched, not recorded; a test that takes its process down costs only itself."""

    def __init__(
        self,
        settings: ZygoteSettings,
        zygote: Zygote,
        collected: Collected,
        limits: Limits,
        jobs: int,
        on_result: Callable[[TestResult], None],
    ) -> None:
        self._settings = settings
        self._zygote = zygote
        self._collected = collected
        self._limits = limits
        self._jobs = jobs
        self._on_result = on_result
        self._paths = {item.node_id: item.path for item in collected.items}
        self._results: dict[str, TestResult] = {}
        self._seen: dict[str, Watched] = {}

    def run(self, tests: Sequence[str]) -> WatchedRun:
        try:
            self._run(list(tests))
        except KeyboardInterrupt:
            return WatchedRun(self._results, self._seen, interrupted=True)
        return WatchedRun(self._results, self._seen, interrupted=False)

    def _run(self, rest: list[str]) -> None:
        if self._jobs > 1 and self._collected.can_fork and rest:
            shares = deal_out(rest, self._collected.items, self._limits.seconds, self._jobs)
            jobs = [(number, self._job(share)) for number, share in enumerate(shares)]
            lost = {
                done.outcome.current
                for done in run_jobs(self._zygote, jobs, self._jobs, self._note)
            }
            rest = [t for t in rest if t not in self._results and t not in lost]
        while rest:
            outcome = self._child(rest)
            rest = [t for t in rest if t not in self._results and t != outcome.current]
            if outcome.end is ChildEnd.FINISHED or not outcome.current:
                return

    def _child(self, tests: Sequence[str]) -> Outcome:
        can_fork, job = self._collected.can_fork, self._job(tests)
        return run_forked_or_anew(self._settings, self._zygote, can_fork, job, self._note)

    def _job(self, tests: Sequence[str]) -> Job:
        job = unrecorded(tests, self._settings, self._collected, self._limits)
        return replace(job, watch=True)

    def _note(self, event: Message) -> None:
        if event["type"] != "test":
            return
        result = result_of(event)
        self._results[result.node_id] = result
        path = self._paths.get(result.node_id, "")
        self._seen[result.node_id] = watched_of(result.node_id, path, event.get("seen") or {})
        self._on_result(result)


def watched_of(node_id: str, path: str, seen: Message) -> Watched:
    """What the probe's witness told of one test, as a value."""
    code = seen.get("code") or ["", 0, ""]
    return Watched(
        node_id=node_id,
        path=path,
        code=(code[0], code[1]),
        name=code[2],
        same=seen.get("same", node_id),
        markers=frozenset(seen.get("markers", ())),
        fixtures=frozenset(seen.get("fixtures", ())),
        patches=tuple(map(_patch, seen.get("patches", ()))),
        raised=tuple(
            Raised(_line(one["at"]), one["type"], one["module"]) for one in seen.get("raised", ())
        ),
        assertions=seen.get("assertions", 0),
        problem=seen.get("problem", "it was not watched"),
    )


def _patch(told: Message) -> Patch:
    original = told["original"]
    return Patch(
        how=told["how"],
        holder_kind=told["holder"]["kind"],
        holder=told["holder"]["name"],
        attribute=told["attribute"],
        original=None if original is None else Original(**original),
        created=told["created"],
        made=_line(told["made"]),
        is_mock=told["mock"],
        is_spy=told["spy"],
        used=told["used"],
        called_from=tuple(map(_line, told["called_from"])),
        inspected=told["inspected"],
        bound=tuple(told["bound"]),
        misfits=tuple(told["misfits"]),
        bad_return=told["bad_return"],
        methods=tuple(told["used_names"]),
        gave=tuple((shown, tuple(bases)) for shown, bases in told["gave"]),
        refused=tuple(told["refused"]),
    )


def _line(told: Sequence[Any] | None) -> Line:
    return NOWHERE if told is None else (told[0], told[1])
