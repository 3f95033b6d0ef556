"""The first half of the chain: change → impact → selection → baseline."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.change.git import diff_file_change, resolve_base, working_tree_change
from assay.change.semantics import compare
from assay.choose import Chooser, Situation
from assay.errors import NothingToCompare, UsageError
from assay.execution.interpreter import choose_interpreter, probe_environment
from assay.execution.suite import Collected, RecordedRun, SuiteRun, collected_from
from assay.execution.zygote import Zygote, ZygoteSettings
from assay.gather import taking_turns
from assay.impact.graph import users_of
from assay.impact.imports import import_roots
from assay.impact.record import Recording, Tree
from assay.impact.store import Store, open_store, read_map, reading
from assay.model.change import SemanticChange
from assay.model.impact import EMPTY_MAP, TEST_PREFIX, ImpactMap, TestRecord, test_key
from assay.model.run import CollectedItem, TestOutcome, TestResult
from assay.model.selection import Reason, ReasonKind, SelectedTest, Selection
from assay.progress import Progress
from assay.project import Project
from assay.selection.ini import ini_reason
from assay.selection.select import NO_MAP, environment_reason
from assay.stamps import facts_of, stamp_of

# -- change


def read_change(project: Project, base: str | None, diff: Path | None) -> SemanticChange:
    """What differs from the base; NothingToCompare if nothing does or there is no base."""
    if diff is not None:
        try:
            with diff.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
                text = file.read()
        except OSError as problem:
            raise UsageError(f"cannot read the diff {diff}: {problem.strerror}") from problem
        change = diff_file_change(project.repo, text, str(diff))
    elif not project.is_repository:
        raise NothingToCompare(
            f"{project.root} is not in a git repository: run assay in one, or give --diff FILE"
        )
    else:
        change = working_tree_change(project.repo, resolve_base(project.repo, base))
    if not change.files:
        raise NothingToCompare(f"nothing to compare: {change.description}")
    return compare(change)


# -- the suite, collected


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


# -- selection


def situation(suite: Suite) -> Situation:
    """The tree as it is, with what collecting has shown of it."""
    prefix = f"{suite.project.repo}/"
    files = suite.collected.modules.values()
    return Situation(
        tree=suite.tree,
        roots=suite.roots,
        python_files=suite.python_files,
        environ=suite.settings.test_environ,
        importable=frozenset(f.removeprefix(prefix) for f in files if f.startswith(prefix)),
    )


def general_reason(
    store: Store, change: SemanticChange, fingerprint: tuple[str, ...], inifile: str
) -> Reason | None:
    """A reason that holds for every test: another environment, or other pytest settings."""
    if store.is_empty():
        return NO_MAP
    return environment_reason(store.fingerprint(), fingerprint) or ini_reason(change, inifile)


def suite_reason(suite: Suite, store: Store, change: SemanticChange) -> Reason | None:
    inifile = suite.collected.inifile.removeprefix(f"{suite.project.repo}/")
    return general_reason(store, change, suite.collected.fingerprint, inifile)


def select_tests(
    suite: Suite, store: Store, change: SemanticChange
) -> tuple[Selection, tuple[str, ...], frozenset[str]]:
    """The tests of the suite that the change, or a map that is behind, can affect; those of them
    that the map knows and this session did not collect; and the shared nodes that are affected."""
    chooser = Chooser(store, change, situation(suite))
    general = suite_reason(suite, store, change)
    collected = {item.node_id for item in suite.collected.items}
    others = [
        CollectedItem(node_id, record.path, 0, is_doctest=False)
        for node_id, record in chooser.records.items()
        if node_id not in collected
    ]
    selection = chooser.choose(suite.collected.items, general)
    owed = chooser.choose(others, general).node_ids
    if suite.collected.broken:
        selection = with_broken(selection, suite.collected.broken, others)
    return selection, owed, frozenset() if general else chooser.reached


def with_broken(
    selection: Selection, broken: Mapping[str, str], others: Iterable[CollectedItem]
) -> Selection:
    """Files that cannot be collected are selected whole: by their recorded tests, or by name."""
    found: list[SelectedTest] = []
    for path, why in broken.items():
        reason = Reason(ReasonKind.FAILED_LAST_TIME, f"{path} cannot be collected: {why}")
        known = [item.node_id for item in others if item.path == path]
        found += [SelectedTest(node_id, (reason,), 0.0) for node_id in known or [path]]
    return Selection((*found, *selection.selected), selection.dropped)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A selection; `collected`: pytest had to be asked; `notice` is what has to be said."""

    selection: Selection
    collected: bool
    notice: str


def choose_tests(project: Project, change: SemanticChange, progress: Progress) -> Chosen:
    """The affected tests, with as little work as is safe; writes nothing.

    Where the environment is the recorded one and nothing that collecting depends on is affected,
    pytest would collect what it collected before: it is not started.
    """
    with reading(project.map_file) as (store, notice):
        # With arguments, pytest collects a part of the recorded tests: which, only it can say.
        stamped = not store.is_empty() and not project.pytest_args
        if stamped and store.meta("stamp") == current_stamp(project, store):
            environ = probe_environment(project.environ)
            roots = tuple(store.meta("roots").split("\0"))
            now = Situation(Tree(project.repo), roots, python_files(project, store), environ)
            chooser = Chooser(store, change, now)
            if not chooser.needs_collection():
                general = ini_reason(change, store.meta("inifile"))
                return Chosen(chooser.choose(None, general), collected=False, notice=notice)
        with collected_suite(project, progress, read_only=True) as suite:
            return Chosen(select_tests(suite, store, change)[0], collected=True, notice=notice)


def python_files(project: Project, store: Store) -> frozenset[str]:
    """The project's Python files, those recorded in unlikely places included."""
    found = project.python_files()
    elsewhere = store.python_files() - found
    return found | {path for path in elsewhere if (project.repo / path).is_file()}


def current_stamp(project: Project, store: Store) -> str:
    """The stamp of the environment as it is, for the interpreter and directories recorded."""
    path, _ = choose_interpreter(project.root, project.python, project.environ)
    return stamp_of(project, path, store.meta("search_path").split("\0"))


def map_facts(suite: Suite) -> dict[str, str]:
    """What is written down with the map, so that a later selection need not ask pytest."""
    found = suite.collected
    interpreter = suite.settings.interpreter.path
    return facts_of(suite.project, interpreter, found.search_path, suite.roots, found.inifile)


# -- baseline


@dataclass(frozen=True, slots=True)
class Baseline:
    """The map after the selected tests have run, and how they ended."""

    impact: ImpactMap
    run: SuiteRun
    notices: tuple[str, ...]


def record(
    suite: Suite,
    tests: Sequence[str],
    gone: Iterable[str],
    owed: Iterable[str],
    renewed: Iterable[str],
    progress: Progress,
) -> Baseline:
    """Run the tests under recording and bring the stored map up to date, also when interrupted.

    The others are as in `Store.save`, before it is known which of the tests get a result.
    """
    with recorder(suite, len(tests), progress) as (store, runner, recording, notices):
        run = runner.run(tests) if tests else SuiteRun({}, interrupted=False)
        progress.finish()
        if tests:
            notices.extend(second_look(suite, recording, runner, run, progress))
            save(suite, store, recording, run, gone, (*owed, *tests), renewed)
        return Baseline(store.load(), run, tuple(notices))


def record_isolated(suite: Suite, progress: Progress) -> Baseline:
    """Run every test in a process of its own, recorded, so that nothing depends on order; then all
    together in one, to see which tests end otherwise there."""
    with taking_turns(suite.project, progress.say):
        return _record_isolated(suite, progress)


def _record_isolated(suite: Suite, progress: Progress) -> Baseline:
    tests = [item.node_id for item in suite.collected.items]
    with recorder(suite, len(tests), progress) as (store, runner, recording, notices):
        run = runner.run_isolated(tests, suite.project.workers)
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
        return Baseline(store.load(), run, tuple(notices))


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
            project.limits(known),
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


def shared_keys(impact: ImpactMap) -> list[str]:
    return [key for key in impact.nodes if not key.startswith(TEST_PREFIX)]


def second_look(
    suite: Suite, recording: Recording, runner: RecordedRun, run: SuiteRun, progress: Progress
) -> list[str]:
    """Run tests alone that may have used what an earlier one left behind; what is to be said."""
    suspicions = recording.suspicions()
    tests = [t for t, result in run.results.items() if test_key(t) in suspicions]
    alone: dict[str, TestResult] = {}
    if tests and not run.interrupted:
        progress.stage(f"running {len(tests)} tests again, each alone: they may share state")
        try:
            alone = runner.alone(tests, suite.project.workers)
        except KeyboardInterrupt:
            alone = {}
    same = {t for t, result in alone.items() if result.outcome is run.results[t].outcome}
    recording.settle(suspicions, same)
    return [
        f"{test} {run.results[test].outcome.value} with the others and {result.outcome.value} alone"
        for test, result in alone.items()
        if test not in same
    ]


def load_map(project: Project) -> tuple[ImpactMap, str]:
    return read_map(project.map_file)


def refresh(
    suite: Suite, change: SemanticChange, progress: Progress, paths: Collection[str] = ()
) -> tuple[Selection, Baseline]:
    """Select, run what is selected, and return a map that holds for the tree as it is.

    Tests that ran lines of one of `paths` at another content run too, though nothing that they
    depend on has changed: which lines they run is known for that content only.
    """
    with taking_turns(suite.project, progress.say):
        return _refresh(suite, change, progress, paths)


def _refresh(
    suite: Suite, change: SemanticChange, progress: Progress, paths: Collection[str]
) -> tuple[Selection, Baseline]:
    with reading(suite.project.map_file) as (store, notice):
        selection, owed, renewed = select_tests(suite, store, change)
        impact = EMPTY_MAP if store.is_empty() else store.load()
    if not impact.nodes and not notice:
        progress.say("no impact map yet: running the whole suite once to record it")
    order = {item.node_id: n for n, item in enumerate(suite.collected.items)}
    wanted = {*selection.node_ids, *out_of_date(suite.tree, impact, paths)}
    tests = sorted(wanted & order.keys(), key=order.__getitem__)
    gone = [] if suite.project.pytest_args else [t for t in impact.tests if t not in order]
    baseline = record(suite, tests, gone, owed, renewed, progress)
    if not impact.nodes and not baseline.run.interrupted:
        # Recorded at head just now: what the change itself affects can be told.
        with reading(suite.project.map_file) as (store, _):
            selection, *_ = select_tests(suite, store, change)
    return selection, baseline


def out_of_date(tree: Tree, impact: ImpactMap, paths: Collection[str]) -> set[str]:
    """Tests that ran lines of the files at another content, straight or by a fixture."""
    stale = {
        key
        for key, node in impact.nodes.items()
        if key.startswith(("test:", "fixture:"))
        and any(p in node.lines and node.lines[p].sha != tree.sha(p) for p in paths)
    }
    users = users_of(impact)
    queue = list(stale)
    while queue:
        fresh = set(users.get(queue.pop(), ())) - stale
        stale |= fresh
        queue += fresh
    return {key.removeprefix("test:") for key in stale if key.startswith("test:")}
