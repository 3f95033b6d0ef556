"""The suite, collected; runs of it under recording, which bring the stored map up to date."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.execution.forked import with_fork_failures_told
from assay.execution.suite import Collected, RecordedRun, SuiteRun, collected_from
from assay.execution.timeouts import Limits
from assay.execution.wire import Bench, JobMaker
from assay.execution.zygote import Zygote, ZygoteSettings
from assay.gather import taking_turns
from assay.impact.graph import users_of, with_users
from assay.impact.imports import import_roots
from assay.impact.record import Recording, Tree
from assay.impact.store import Store, open_store
from assay.model.impact import (
    FIXTURE_PREFIX,
    MEMO_PREFIX,
    TEST_PREFIX,
    ImpactMap,
    TestRecord,
    test_key,
)
from assay.model.run import TestOutcome, TestResult
from assay.model.source import SourceFile
from assay.progress import Progress
from assay.project import Project
from assay.stamps import facts_of


@dataclass(frozen=True, slots=True)
class Suite:
    """A project's suite, collected and ready to run in forks."""

    project: Project
    settings: ZygoteSettings
    zygote: Zygote
    collected: Collected
    tree: Tree

    @property
    def python_files(self) -> frozenset[str]:
        """The project's Python files, those that were imported from unlikely places included."""
        prefix = f"{self.project.repo}/"
        imported = {
            file.removeprefix(prefix)
            for file in self.collected.modules.values()
            if file.startswith(prefix)
            and file.endswith(".py")
            and not file.startswith(self.settings.excluded)
        }
        return self.project.python_files() | imported

    @property
    def roots(self) -> tuple[str, ...]:
        found = self.collected
        return import_roots(found.search_path, found.modules, str(self.project.repo))

    def limits(self, seconds: Mapping[str, float]) -> Limits:
        return self.project.limits(seconds).collecting(self.collected.seconds)

    def bench(self, sources: Mapping[str, SourceFile], limits: Limits) -> Bench:
        """Where mutants of the sources run against the suite."""
        maker = JobMaker(self.settings.repo, self.collected, limits, sources)
        return Bench(self.settings, self.zygote, maker, self.project.workers)


@contextlib.contextmanager
def collected_suite(
    project: Project, progress: Progress, read_only: bool = False
) -> Iterator[Suite]:
    """Start the project's pytest and let it collect; its processes are gone afterwards.

    `read_only` keeps even the probe's own copy out of the project, and takes a suite of which some
    files cannot be collected.
    """
    with contextlib.ExitStack() as stack:
        state = project.state
        if read_only:
            state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-")))
        else:
            project.prepare_state()
        settings = project.settings(state)
        progress.stage(f"collecting with {settings.interpreter.path}")
        zygote = stack.enter_context(Zygote(settings, "collected", record=not read_only))
        collected = collected_from(zygote, project.repo, tolerant=read_only)
        yield Suite(project, settings, zygote, collected, Tree(project.repo))


def map_facts(suite: Suite) -> dict[str, str]:
    """What is written down with the map, so that a later selection need not ask pytest."""
    found = suite.collected
    interpreter = suite.settings.interpreter.path
    return facts_of(suite.project, interpreter, found.search_path, suite.roots, found.inifile)


# -- runs


Again = Callable[[str], bool]
"""Whether tests run again, alone, that may have used what code of a file left behind."""

FEW = 20
"""So many tests run again whoever asks. Each costs a fork, ten times what a fast test takes; on the
commits in docs/benchmarks.md running all again narrowed the selection by a sixtieth."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The map after the selected tests have run, and how they ended; `times` tell when each of its
    nodes was written."""

    impact: ImpactMap
    run: SuiteRun
    notices: tuple[str, ...]
    times: Mapping[str, int]


def record(
    suite: Suite,
    tests: Sequence[str],
    unsettled: Collection[str],
    gone: Iterable[str],
    owed: Iterable[str],
    renewed: Iterable[str],
    again: Again,
    progress: Progress,
) -> Baseline:
    """Run the tests under recording, those that are `unsettled` each alone, and bring the stored
    map up to date, also when interrupted.

    The others are as in `Store.save`, before it is known which of the tests get a result.
    """
    with recorder(suite, len(tests), progress) as (store, runner, recording, notices):
        run = SuiteRun({}, interrupted=False)
        together = [test for test in tests if test not in unsettled]
        if together:
            run = runner.run(together)
        if unsettled and not run.interrupted:
            run = runner.run_isolated([t for t in tests if t in unsettled], suite.project.workers)
        progress.finish()
        run = fork_failures_told(suite, run)
        if tests:
            settled = unsettled if not run.interrupted else ()
            notices.extend(second_look(suite, recording, runner, run, again, settled, progress))
            save(suite, store, recording, run, gone, (*owed, *tests), renewed)
        return Baseline(store.load(), run, tuple(notices), store.times())


def record_isolated(suite: Suite, progress: Progress) -> Baseline:
    """Run every test in a process of its own, recorded, so that nothing depends on order; then all
    together in one, to see which tests end otherwise there."""
    with taking_turns(suite.project, progress.say):
        return _record_isolated(suite, progress)


def _record_isolated(suite: Suite, progress: Progress) -> Baseline:
    tests = [item.node_id for item in suite.collected.items]
    with recorder(suite, len(tests), progress) as (store, runner, recording, notices):
        run = fork_failures_told(suite, runner.run_isolated(tests, suite.project.workers))
        progress.finish()
        if not run.interrupted:
            progress.stage("running all tests together, to compare")
            for test, result in runner.together(tests).items():
                alone = run.results.get(test)
                if alone is not None and alone.outcome is not result.outcome:
                    words = (
                        f"{alone.outcome.value} alone and {result.outcome.value} with the others"
                    )
                    notices.append(f"{test} {words}")
                    # Neither outcome can be relied on: it is selected until it is mended.
                    record = TestRecord(TestOutcome.FAILED, alone.seconds)
                    recording.add_test(test, record)
        alone_now = set(run.results)
        recording.settle(recording.suspicions(), alone_now)
        known = store.tests()
        gone = [] if suite.project.pytest_args or run.interrupted else known.keys() - set(tests)
        renewed = () if suite.project.pytest_args else shared_keys(store.load())
        save(suite, store, recording, run, gone, tests, renewed)
        return Baseline(store.load(), run, tuple(notices), store.times())


@contextlib.contextmanager
def recorder(
    suite: Suite, count: int, progress: Progress
) -> Iterator[tuple[Store, RecordedRun, Recording, list[str]]]:
    """The store, what runs and records tests for it, and what has to be said."""
    project = suite.project
    recording = Recording(
        suite.tree,
        suite.roots,
        suite.python_files,
        suite.collected.items,
        suite.settings.test_environ,
    )
    recording.add_sinks(suite.collected.sinks)
    opened = open_store(project.map_file)
    with opened.store as store:
        known = {node_id: rec.seconds for node_id, rec in store.tests().items()}
        progress.start("running tests", count)
        runner = RecordedRun(
            suite.settings,
            suite.zygote,
            suite.collected,
            recording,
            suite.limits(known),
            project.config.record_jobs,
            progress.test,
        )
        yield store, runner, recording, list(filter(None, [opened.notice]))


def save(
    suite: Suite,
    store: Store,
    recording: Recording,
    run: SuiteRun,
    gone: Iterable[str],
    wanted: Iterable[str],
    renewed: Iterable[str],
) -> None:
    """Write a run down; of the tests that were wanted, those without a result stay owed."""
    recorded = recording.finish()
    unpaid = [test for test in wanted if test not in recorded.tests]
    # After an interrupt there may be tests that the map has never heard of: pytest must be asked.
    facts = {"stamp": ""} if run.interrupted else map_facts(suite)
    store.save(recorded, suite.collected.fingerprint, gone, unpaid, facts, renewed)


def fork_failures_told(suite: Suite, run: SuiteRun) -> SuiteRun:
    limits = suite.limits({test: result.seconds for test, result in run.results.items()})
    return with_fork_failures_told(run, suite.settings, suite.zygote, suite.collected, limits)


def shared_keys(impact: ImpactMap) -> list[str]:
    return [key for key in impact.nodes if not key.startswith(TEST_PREFIX)]


def second_look(
    suite: Suite,
    recording: Recording,
    runner: RecordedRun,
    run: SuiteRun,
    again: Again,
    settled: Collection[str],
    progress: Progress,
) -> list[str]:
    """Run tests alone that may have used what an earlier one left behind; what is to be said.

    Those that do not run again depend on whoever may have left it, and on all that those use, but
    for `settled` ones, which have run alone already.
    """
    suspicions = recording.suspicions()
    wanted = suspicions.keys() - {test_key(test) for test in settled}
    if len(wanted) > FEW:
        wanted = {key for key in wanted if any(again(sign.path) for sign in suspicions[key])}
    tests = [t for t, result in run.results.items() if test_key(t) in wanted]
    alone: dict[str, TestResult] = {}
    if tests and not run.interrupted:
        progress.stage(f"running {len(tests)} tests again, each alone: they may share state")
        try:
            alone = runner.alone(tests, suite.project.workers)
        except KeyboardInterrupt:
            alone = {}
    same = {t for t, result in alone.items() if result.outcome is run.results[t].outcome}
    recording.settle(suspicions, {*same, *settled})
    return [
        f"{test} {run.results[test].outcome.value} with the others and {result.outcome.value} alone"
        for test, result in alone.items()
        if test not in same
    ]


def unsettled_tests(impact: ImpactMap, paths: Collection[str]) -> frozenset[str]:
    """Tests that may have used what code of the files kept from another test: which lines they run
    when they have to make it themselves is not known."""
    kept = {
        key
        for key, node in impact.nodes.items()
        if key.startswith(MEMO_PREFIX)
        and key.removeprefix(MEMO_PREFIX).partition("::")[0] in paths
        and any(used.startswith((TEST_PREFIX, FIXTURE_PREFIX)) for used in node.uses)
    }
    return frozenset(
        key.removeprefix(TEST_PREFIX)
        for key, node in impact.nodes.items()
        if key.startswith(TEST_PREFIX) and not kept.isdisjoint(node.uses)
    )


def out_of_date(tree: Tree, impact: ImpactMap, paths: Collection[str]) -> set[str]:
    """Tests that ran lines of the files at another content, straight or by a fixture."""
    stale = {
        key
        for key, node in impact.nodes.items()
        if key.startswith((TEST_PREFIX, FIXTURE_PREFIX))
        and any(p in node.lines and node.lines[p].sha != tree.sha(p) for p in paths)
    }
    above = with_users(stale, users_of(impact))
    return {key.removeprefix(TEST_PREFIX) for key in above if key.startswith(TEST_PREFIX)}
