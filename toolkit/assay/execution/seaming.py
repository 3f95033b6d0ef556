"""Runs tests watched for calls between modules, and for what functions return."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from assay.execution.suite import Collected
from assay.execution.timeouts import Limits
from assay.execution.watched import Message, Watching
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.model.run import TestResult
from assay.model.seams import Call, Line, Returned, TypeSeen


class SeamWatching(Watching):
    """A watched run that notes more of the tests that passed: the `calls` they made, what functions
    `returned` in those without stand-ins (by where the function begins), and tests that are `lost`:
    they took the profiler away."""

    def __init__(
        self,
        settings: ZygoteSettings,
        zygote: Zygote,
        collected: Collected,
        limits: Limits,
        jobs: int,
        on_result: Callable[[TestResult], None],
        test_files: Collection[str],
    ) -> None:
        super().__init__(settings, zygote, collected, limits, jobs, on_result)
        self._told = {
            "repo": str(settings.repo),
            "excluded": list(settings.excluded),
            "tests": sorted(test_files),
        }
        self._calls: dict[Call, dict[str, None]] = defaultdict(dict)
        self._types: dict[Line, set[TypeSeen]] = defaultdict(set)
        self._cut: set[Line] = set()
        self._times: Counter[Line] = Counter()
        self.lost: set[str] = set()

    @property
    def calls(self) -> dict[Call, tuple[str, ...]]:
        return {call: tuple(tests) for call, tests in self._calls.items()}

    @property
    def returned(self) -> dict[Line, Returned]:
        return {
            place: Returned(
                frozenset(types), max(1, self._times[place]), complete=place not in self._cut
            )
            for place, types in self._types.items()
        }

    def _job(self, tests: Sequence[str]) -> Job:
        return replace(super()._job(tests), watchers={"seams": self._told})

    def _note(self, event: Message) -> None:
        super()._note(event)
        if event["type"] == "seams":
            if event["lost"]:
                self.lost.add(event["test"])
            for caller, callee in event["calls"]:
                self._calls[Call(_line(caller), _line(callee))][event["test"]] = None
            for place, types, complete in event["returns"]:
                self._types[_line(place)].update(TypeSeen(t, tuple(bases)) for t, bases in types)
                if not complete:
                    self._cut.add(_line(place))
        elif event["type"] == "seams-times":
            for place, times in event["times"]:
                self._times[_line(place)] += times


def _line(told: Sequence[object]) -> Line:
    return str(told[0]), int(str(told[1]))
