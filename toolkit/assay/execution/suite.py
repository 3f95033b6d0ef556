"""The user's suite as one collected session: what it holds, and running parts of it recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assay.errors import BaselineError
from assay.execution.jobs import failed_by, result_of, run_forked_or_anew, run_job, run_jobs
from assay.execution.timeouts import Limits
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.impact.record import Recording
from assay.model.impact import TestRecord
from assay.model.run import ChildEnd, CollectedItem, Outcome, TestOutcome, TestResult

Message = dict[str, Any]
OnResult = Callable[[TestResult], None]

PYTEST_USAGE_ERROR = 4
CONFTEST_BROKEN = "ImportError while loading conftest"


@dataclass(frozen=True, slots=True)
class Collected:
    """What the project's pytest found, and the environment it found it in.

    `modules` maps imported module names to files, `search_path` is `sys.path`, `sinks` what
    collecting ran (for the impact map), `threads` how many threads were alive after it, `seconds`
    how long starting and collecting took, `places` those of the user's arguments that say what to
    collect. `broken` maps files that could not be collected to the
    reason.
    """

    items: tuple[CollectedItem, ...]
    rootdir: str
    inifile: str
    fingerprint: tuple[str, ...]
    modules: Mapping[str, str]
    search_path: tuple[str, ...]
    sinks: Mapping[str, Mapping[str, Any]]
    threads: int
    seconds: float = 0.0
    broken: Mapping[str, str] = field(default_factory=dict)
    places: tuple[str, ...] = ()

    @property
    def can_fork(self) -> bool:
        """A process with other threads must not be forked: their locks may be held for ever."""
        return self.threads <= 1


def collected_from(zygote: Zygote, repo: Path, tolerant: bool = False) -> Collected:
    """Read the greeting; BaselineError if the suite cannot be collected or is empty.

    `tolerant`: files that cannot be collected are told of in `broken`, in place of an error.
    """
    began = time.monotonic()
    hello = zygote.greeting()
    errors = hello.get("errors", [])
    if hello["type"] == "failed":
        raise _cannot_collect(hello["code"], errors, zygote.output())
    if errors and not tolerant:
        raise _cannot_collect(2, errors, "")
    if not hello["items"] and not errors:
        raise BaselineError(
            "pytest collected no tests: check the directory and the arguments after `--`"
        )
    prefix = str(repo) + "/"
    items = tuple(
        CollectedItem(
            node_id=item["id"],
            path=item["path"].removeprefix(prefix),
            line=item["line"],
            is_doctest=item["doctest"],
        )
        for item in hello["items"]
    )
    return Collected(
        items=items,
        rootdir=hello["rootdir"],
        inifile=hello["inifile"],
        fingerprint=tuple(hello["fingerprint"]),
        modules=hello["modules"],
        search_path=tuple(hello["path"]),
        sinks=hello["sinks"],
        threads=hello["threads"],
        seconds=time.monotonic() - began,
        places=tuple(hello["places"]),
        broken={_file_of(where, hello["rootdir"], prefix): _last(text) for where, text in errors},
    )


def _file_of(node_id: str, rootdir: str, prefix: str) -> str:
    """The file of a collector, relative to the repository."""
    return f"{rootdir}/{node_id.partition('::')[0]}".removeprefix(prefix)


def _last(text: str) -> str:
    """What a failure to collect comes down to: the last line that says an error."""
    lines = [line.removeprefix("E").strip() for line in text.splitlines() if line.startswith("E ")]
    return lines[-1] if lines else (text.strip().splitlines() or ["an error"])[-1]


def _cannot_collect(code: int, errors: Sequence[Sequence[str]], output: str) -> BaselineError:
    if errors:
        names = sorted({where or "conftest" for where, _ in errors})
        lines = [line for _, text in errors[:3] for line in text.strip().splitlines()[-6:]]
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return BaselineError(f"pytest cannot collect {shown}: mend this first", tuple(lines))
    lines = [line for line in output.strip().splitlines() if "CoverageWarning" not in line]
    tail = tuple(lines[-12:])
    broken = next((line for line in lines if line.startswith(CONFTEST_BROKEN)), None)
    if broken is not None:
        name = broken.removeprefix(CONFTEST_BROKEN).strip(" '.")
        return BaselineError(f"pytest cannot load {name}: mend this first", tail)
    if code == PYTEST_USAGE_ERROR:
        return BaselineError("pytest refuses its arguments or configuration:", tail)
    return BaselineError(f"pytest stopped before it collected anything (exit status {code}):", tail)


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """The results of a recorded run, in order; `interrupted` when it was cut short."""

    results: Mapping[str, TestResult]
    interrupted: bool

    @property
    def failed(self) -> tuple[TestResult, ...]:
        return tuple(r for r in self.results.values() if r.outcome in BAD)


BAD = frozenset({TestOutcome.FAILED, TestOutcome.ERROR, TestOutcome.CRASHED, TestOutcome.TIMEOUT})


class RecordedRun:
    """Runs tests in their order under recording; survives tests that take the process down."""

    def __init__(
        self,
        settings: ZygoteSettings,
        zygote: Zygote,
        collected: Collected,
        recording: Recording,
        limits: Limits,
        jobs: int,
        on_result: OnResult,
    ) -> None:
        self._settings = settings
        self._zygote = zygote
        self._collected = collected
        self._recording = recording
        self._limits = limits
        self._jobs = jobs
        self._on_result = on_result
        self._results: dict[str, TestResult] = {}

    def run(self, tests: Sequence[str]) -> SuiteRun:
        """Run in one child; after a crash or a hang, the rest goes on in another.

        With several jobs, files are dealt out to as many children first; what a crash leaves over
        runs in one.
        """
        rest = list(tests)
        try:
            if self._jobs > 1 and self._collected.can_fork:
                rest = self._in_parallel(rest)
            while rest:
                outcome = self._child(rest)
                done = {result.node_id for result in outcome.results}
                rest = [node_id for node_id in rest if node_id not in done]
                if not self._go_on(outcome, rest):
                    break
        except KeyboardInterrupt:
            return SuiteRun(self._results, interrupted=True)
        return SuiteRun(self._results, interrupted=False)

    def alone(self, tests: Sequence[str], workers: int) -> dict[str, TestResult]:
        """Run each test in a fork of its own, recorded beside what is known of it already; the
        results, without those that did not come to an end.

        Raises KeyboardInterrupt, when the tests under way have finished.
        """
        if not self._collected.can_fork:
            return {}
        found: dict[str, TestResult] = {}
        for node_id, outcome in self._each_alone(tests, workers, self._sinks):
            if outcome.end is ChildEnd.FINISHED and outcome.results:
                found[node_id] = outcome.results[0]
        return found

    def run_isolated(self, tests: Sequence[str], workers: int) -> SuiteRun:
        """Run each test in a process of its own, recorded."""
        try:
            for node_id, outcome in self._each_alone(tests, workers, self._event):
                if node_id not in self._results and outcome.end is not ChildEnd.STOPPED:
                    self._go_on(replace(outcome, current=outcome.current or node_id), [node_id])
        except KeyboardInterrupt:
            return SuiteRun(self._results, interrupted=True)
        return SuiteRun(self._results, interrupted=False)

    def together(self, tests: Sequence[str]) -> Mapping[str, TestResult]:
        """Run the tests in one process and in order, not recorded; what came to an end."""
        found: dict[str, TestResult] = {}

        def note(event: Message) -> None:
            if event["type"] == "test":
                result = result_of(event)
                found[result.node_id] = result

        rest = list(tests)
        while rest:
            job = replace(self._job(rest), record=False, quick=True)
            outcome = run_job(self._zygote, job, note)
            rest = [t for t in rest if t not in found and t != outcome.current]
            if outcome.end is ChildEnd.FINISHED or not outcome.current:
                break
        return found

    def _each_alone(
        self, tests: Sequence[str], workers: int, on_event: Callable[[Message], None]
    ) -> Iterator[tuple[str, Outcome]]:
        jobs = [(node_id, self._job([node_id])) for node_id in tests]
        if self._collected.can_fork:
            for done in run_jobs(self._zygote, jobs, workers, on_event):
                yield done.tag, done.outcome
            return
        with Zygote(self._settings, "cold", record=True) as cold:
            cold.greeting()
            for done in run_jobs(cold, jobs, workers, on_event):
                yield done.tag, done.outcome

    def _sinks(self, event: Message) -> None:
        if event["type"] in ("test", "sinks"):
            self._recording.add_sinks(event["sinks"])

    def _in_parallel(self, tests: Sequence[str]) -> list[str]:
        """Run in several children at once; the tests that did not get a result."""
        shares = deal_out(tests, self._collected.items, self._limits.seconds, self._jobs)
        jobs = [(number, self._job(share)) for number, share in enumerate(shares)]
        for _ in run_jobs(self._zygote, jobs, self._jobs, self._event):
            pass
        return [node_id for node_id in tests if node_id not in self._results]

    def _job(self, tests: Sequence[str]) -> Job:
        return Job(
            tests=tuple(tests),
            limits=tuple(self._limits.of(node_id) for node_id in tests),
            collect_limit=self._limits.collection,
            shared_limit=self._limits.unknown,
            record=True,
            stop_at_failure=False,
            quick=False,
            files=files_of(tests, self._collected, self._settings.repo),
        )

    def _child(self, tests: Sequence[str]) -> Outcome:
        """One recorded child; with threads alive in the zygote, one that starts pytest itself."""
        can_fork, job = self._collected.can_fork, self._job(tests)
        return run_forked_or_anew(self._settings, self._zygote, can_fork, job, self._event)

    def _event(self, event: Message) -> None:
        if event["type"] == "test":
            result = result_of(event)
            self._recording.add_sinks(event["sinks"])
            self._keep(result)
        elif event["type"] == "sinks":
            self._recording.add_sinks(event["sinks"])

    def _keep(self, result: TestResult) -> None:
        self._results[result.node_id] = result
        self._recording.add_test(result.node_id, TestRecord(result.outcome, result.seconds))
        self._on_result(result)

    def _go_on(self, outcome: Outcome, rest: list[str]) -> bool:
        """Book an abnormal end on the test it happened in; whether there is more to run."""
        if outcome.end is ChildEnd.FINISHED:
            for node_id in rest:
                words = "pytest did not collect it in this run"
                self._keep(failed_by(node_id, TestOutcome.NOT_RUN, words))
            return False
        if outcome.end is ChildEnd.BROKEN:
            lines = tuple(outcome.detail.strip().splitlines()[-12:])
            if outcome.current:
                raise BaselineError(f"{outcome.current} breaks off pytest: mend it first", lines)
            raise BaselineError("pytest breaks off between two tests:", lines)
        # Whatever was set up when the child was lost has not been seen torn down.
        self._recording.add_opaque(
            self._recording.fixture_keys(), "was in use when a test took its process down"
        )
        culprit = outcome.current
        if not culprit:
            raise BaselineError(
                f"the test process {outcome.detail or 'hung'} between two tests: run pytest alone"
            )
        timed_out = outcome.end is ChildEnd.TIMEOUT
        kind = TestOutcome.TIMEOUT if timed_out else TestOutcome.CRASHED
        words = f"ran longer than {self._limits.of(culprit):.0f} s" if timed_out else outcome.detail
        self._keep(failed_by(culprit, kind, words))
        rest.remove(culprit)
        return True


def deal_out(
    tests: Sequence[str],
    items: Iterable[CollectedItem],
    seconds: Mapping[str, float],
    shares: int,
) -> list[list[str]]:
    """Whole files to each share, the slowest first to the share with least to do; order within a
    share is that of `tests`. Tests never timed count as the mean of the others."""
    paths = {item.node_id: item.path for item in items}
    known = [seconds[test] for test in tests if test in seconds]
    unknown = sum(known) / len(known) if known else 1.0
    cost: dict[str, float] = {}
    for test in tests:
        path = paths.get(test, "")
        cost[path] = cost.get(path, 0.0) + seconds.get(test, unknown)
    load = [0.0] * shares
    share_of: dict[str, int] = {}
    for path in sorted(cost, key=lambda path: (-cost[path], path)):
        share_of[path] = load.index(min(load))
        load[share_of[path]] += cost[path]
    dealt: list[list[str]] = [[] for _ in range(shares)]
    for test in tests:
        dealt[share_of[paths.get(test, "")]].append(test)
    return [share for share in dealt if share]


def files_of(tests: Iterable[str], collected: Collected, repo: Path) -> tuple[str, ...]:
    """The files that hold the tests, as absolute paths."""
    wanted = frozenset(tests)
    paths = {item.path for item in collected.items if item.node_id in wanted}
    return tuple(sorted(str(repo / path) for path in paths))
