"""Runs tests of a collected session in an order, and reads what the failing ones left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from assay.execution.jobs import failed_by, result_of, run_forked_or_anew, run_jobs
from assay.execution.suite import BAD, Collected
from assay.execution.timeouts import Limits
from assay.execution.unrecorded import how_it_ended, lost_test, unrecorded
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.model.evidence import Evidence, Frame, FrameKind, Raised
from assay.model.run import ChildEnd, Outcome, TestOutcome, TestResult

_WITHOUT_SUCCESS = BAD | {TestOutcome.NOT_RUN}

Message = dict[str, Any]
IsTest = Callable[[str], bool]
"""Whether a path, relative to the tree, belongs to the tests."""


class Reader:
    """Turns what the probe tells of one tree into evidence."""

    def __init__(self, settings: ZygoteSettings, is_test: IsTest) -> None:
        self._root = f"{settings.repo}/"
        self._excluded = tuple(f"{place}/" for place in settings.excluded)
        self._is_test = is_test
        self._lines = cache(_lines)

    def evidence(self, test: str, phase: Message) -> Evidence:
        return Evidence(test, phase["phase"], tuple(map(self._raised, phase["chain"])))

    def _raised(self, told: Message) -> Raised:
        return Raised(
            type=told["type"],
            bases=tuple(told["bases"]),
            message=self._plain(told["message"]),
            attributes=self._attributes(told["attributes"]),
            frames=tuple(map(self._frame, told["frames"])),
            relation=told["relation"],
        )

    def _plain(self, text: str) -> str:
        """Without the place of the tree, which is another in each run."""
        return text.replace(self._root, "")

    def _attributes(self, told: Message) -> Message:
        found = {k: self._plain(v) if isinstance(v, str) else v for k, v in told.items()}
        thing = found.get("obj")
        if isinstance(thing, dict):
            found["obj"] = {**thing, "path": self._plain(thing["path"])}
        return found

    def _frame(self, row: Sequence[Any]) -> Frame:
        path, module, function, line, last, columns = row
        kind = self.kind(path, module)
        own = path.startswith(self._root)
        return Frame(
            kind=kind,
            path=path.removeprefix(self._root),
            module=module,
            function=function,
            line=line,
            end_line=last or line,
            columns=None if columns is None else (columns[0], columns[1]),
            source=self._source(path, line) if own else "",
        )

    def _source(self, path: str, line: int) -> str:
        lines = self._lines(path)
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""

    def kind(self, path: str, module: str) -> FrameKind:
        """Whose code a file's is."""
        if path.startswith(self._root) and not path.startswith(self._excluded):
            inside = path.removeprefix(self._root)
            if inside.rpartition("/")[2] == "conftest.py":
                return FrameKind.CONFTEST
            return FrameKind.TEST if self._is_test(inside) else FrameKind.SOURCE
        if path.endswith("/unittest/mock.py"):
            return FrameKind.MOCK
        top = module.partition(".")[0]
        if top in ("_pytest", "pytest", "pluggy") or top.startswith(("pytest_", "_assay_probe")):
            return FrameKind.PYTEST
        if "/site-packages/" in path or "/dist-packages/" in path:
            return FrameKind.LIBRARY
        # Compiled-in modules have names such as <frozen importlib._bootstrap>.
        library = path.startswith("<frozen") or "/lib/python" in path
        return FrameKind.STDLIB if library else FrameKind.LIBRARY


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []


def ended_without_exception(test: str, phase: str, words: str) -> Evidence:
    return Evidence(test, phase, (Raised("", (), words, {}, ()),))


@dataclass(frozen=True, slots=True)
class EvidenceRun:
    """How tests ended and what the failing ones left behind, by node id; `skips` are reasons,
    `fixtures` the names that failing tests ask for."""

    results: Mapping[str, TestResult] = field(default_factory=dict)
    evidence: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    skips: Mapping[str, str] = field(default_factory=dict)
    fixtures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def outcome(self, test: str) -> TestOutcome | None:
        result = self.results.get(test)
        return None if result is None else result.outcome


class EvidenceRunner:
    """Runs tests in forks of one collected session."""

    def __init__(
        self,
        settings: ZygoteSettings,
        zygote: Zygote,
        collected: Collected,
        limits: Limits,
        is_test: IsTest,
        on_result: Callable[[TestResult], None],
    ) -> None:
        self._settings = settings
        self._zygote = zygote
        self._collected = collected
        self._limits = limits
        self._reader = Reader(settings, is_test)
        self._on_result = on_result
        self._begin()

    def _begin(self) -> None:
        self._results: dict[str, TestResult] = {}
        self._evidence: dict[str, tuple[Evidence, ...]] = {}
        self._skips: dict[str, str] = {}
        self._fixtures: dict[str, tuple[str, ...]] = {}

    def _found(self) -> EvidenceRun:
        # One that pytest did not run, or whose process ended before it told what it left behind.
        for test, result in self._results.items():
            if result.outcome in _WITHOUT_SUCCESS and test not in self._evidence:
                self._evidence[test] = (self._said(test),)
        return EvidenceRun(self._results, self._evidence, self._skips, self._fixtures)

    def run(self, tests: Sequence[str], seed: int = 0) -> EvidenceRun:
        """The tests in one process, in this order. One that takes the process down costs only
        itself: another goes on with the rest, as if nothing had run before."""
        self._begin()
        rest = list(tests)
        while rest:
            job = self._job(rest, seed)
            can_fork = self._collected.can_fork
            outcome = run_forked_or_anew(self._settings, self._zygote, can_fork, job, self._note)
            self._book_end(outcome)
            rest = [t for t in rest if t not in self._results]
            if outcome.end is ChildEnd.FINISHED or not outcome.current:
                self._book_unrun(rest, outcome)
                break
        return self._found()

    def run_alone(self, tests: Iterable[str], workers: int, seed: int = 0) -> EvidenceRun:
        """Each test in a process of its own, several at once."""
        wanted = list(tests)
        if not self._collected.can_fork:
            parts = [self.run([test], seed) for test in wanted]
            return EvidenceRun(
                {test: one for part in parts for test, one in part.results.items()},
                {test: one for part in parts for test, one in part.evidence.items()},
                {test: one for part in parts for test, one in part.skips.items()},
                {test: one for part in parts for test, one in part.fixtures.items()},
            )
        self._begin()
        jobs = [(test, self._job([test], seed)) for test in wanted]
        for done in run_jobs(self._zygote, jobs, workers, self._note):
            self._book_end(done.outcome)
        return self._found()

    def _job(self, tests: Sequence[str], seed: int) -> Job:
        job = unrecorded(tests, self._settings, self._collected, self._limits)
        return replace(job, seed=seed, watchers={"evidence": {}})

    def _note(self, event: Message) -> None:
        kind = event["type"]
        if kind == "test":
            result = result_of(event)
            self._results[result.node_id] = result
            self._on_result(result)
        elif kind == "evidence":
            test = event["test"]
            told = tuple(self._reader.evidence(test, phase) for phase in event["phases"])
            self._evidence[test] = told or (self._said(test),)
            self._fixtures[test] = tuple(event["fixtures"])
        elif kind == "skip":
            self._skips[event["test"]] = event["reason"]

    def _said(self, test: str) -> Evidence:
        failure = self._results[test].failure
        if self._results[test].outcome is TestOutcome.NOT_RUN:
            return ended_without_exception(test, "call", "pytest did not run it")
        words = failure.message if failure is not None else "failed without an exception"
        return ended_without_exception(test, failure.phase if failure else "call", words)

    def _book_end(self, outcome: Outcome) -> None:
        """An end in the middle of a test is how the test ended."""
        lost = lost_test(outcome, self._limits)
        if lost is not None:
            self._book(lost)

    def _book_unrun(self, tests: Iterable[str], outcome: Outcome) -> None:
        """A test that was asked for and never ran has not passed."""
        for test in tests:
            words = "pytest did not run it"
            if outcome.end is not ChildEnd.FINISHED:
                how = how_it_ended(outcome) or outcome.end.value
                words = f"was not run: {how} between two tests"
            self._book(failed_by(test, TestOutcome.NOT_RUN, words))

    def _book(self, result: TestResult) -> None:
        words = "" if result.failure is None else result.failure.message
        self._results[result.node_id] = result
        self._evidence[result.node_id] = (ended_without_exception(result.node_id, "call", words),)
        self._on_result(result)
