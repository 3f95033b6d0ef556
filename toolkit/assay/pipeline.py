"""The conductor: change → impact → selection → baseline → mutants → plan → outcomes → answer."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import assay
from assay.change.git import diff_file_change, resolve_base, working_tree_change
from assay.change.semantics import compare
from assay.choose import Chooser, Situation
from assay.errors import NothingToCompare, UsageError
from assay.execution import resume
from assay.execution.interpreter import choose_interpreter, probe_environment
from assay.execution.mutants import MutantRun, MutantRunner
from assay.execution.suite import Collected, RecordedRun, SuiteRun, collected_from
from assay.execution.zygote import Zygote, ZygoteSettings
from assay.gather import taking_turns
from assay.impact.graph import users_of
from assay.impact.imports import import_roots
from assay.impact.record import Recording, Tree
from assay.impact.store import Store, open_store, read_map, reading
from assay.model.answer import Answer, UnitAnswer
from assay.model.change import SemanticChange, UnitChange, UnitStatus
from assay.model.impact import EMPTY_MAP, ImpactMap, TestRecord, test_key
from assay.model.mutant import Verdict
from assay.model.run import CollectedItem, TestOutcome, TestResult
from assay.model.selection import Reason, ReasonKind, SelectedTest, Selection
from assay.model.source import MODULE_UNIT, SourceFile
from assay.mutation.apply import unified_diff
from assay.mutation.mutmut_adapter import mutmut_version
from assay.mutation.plan import Candidates, Coverage, plan
from assay.mutation.targets import Target, targets_of_change
from assay.progress import Progress
from assay.project import Project, is_test_file
from assay.selection.ini import ini_reason
from assay.selection.select import NO_MAP, environment_reason
from assay.stamps import facts_of, stamp_of
from assay.verdict.answer import answer_unit, is_mutable

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
) -> tuple[Selection, tuple[str, ...]]:
    """The tests of the suite that the change, or a map that is behind, can affect; and those of
    them that the map knows and this session did not collect."""
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
    return selection, owed


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
        if not store.is_empty() and store.meta("stamp") == current_stamp(project, store):
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
    recorded = {path for path in store.python_files() if (project.repo / path).is_file()}
    return project.python_files() | recorded


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
    suite: Suite, tests: Sequence[str], gone: Iterable[str], owed: Iterable[str], progress: Progress
) -> Baseline:
    """Run the tests under recording and bring the stored map up to date, also when interrupted.

    `gone` and `owed` are as in `Store.save`, before it is known which of the tests get a result.
    """
    with recorder(suite, len(tests), progress) as (store, runner, recording, notices):
        run = runner.run(tests) if tests else SuiteRun({}, interrupted=False)
        progress.finish()
        if tests:
            notices.extend(second_look(suite, recording, runner, run, progress))
            save(suite, store, recording, run, gone, (*owed, *tests))
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
        save(suite, store, recording, run, gone, tests)
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
) -> None:
    """Write a run down; of the tests that were wanted, those without a result stay owed."""
    recorded = recording.finish()
    unpaid = [test for test in wanted if test not in recorded.tests]
    # After an interrupt there may be tests that the map has never heard of: pytest must be asked.
    facts = {"stamp": ""} if run.interrupted else map_facts(suite)
    store.save(recorded, suite.collected.fingerprint, gone, unpaid, facts)


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
        selection, owed = select_tests(suite, store, change)
        impact = EMPTY_MAP if store.is_empty() else store.load()
    if not impact.nodes and not notice:
        progress.say("no impact map yet: running the whole suite once to record it")
    order = {item.node_id: n for n, item in enumerate(suite.collected.items)}
    wanted = {*selection.node_ids, *out_of_date(suite.tree, impact, paths)}
    tests = sorted(wanted & order.keys(), key=order.__getitem__)
    gone = [] if suite.project.pytest_args else [t for t in impact.tests if t not in order]
    baseline = record(suite, tests, gone, owed, progress)
    if not impact.nodes and not baseline.run.interrupted:
        # Recorded at head just now: what the change itself affects can be told.
        with reading(suite.project.map_file) as (store, _):
            selection, _ = select_tests(suite, store, change)
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


# -- mutants


def run_mutants(
    suite: Suite,
    targets: Sequence[Target],
    baseline: Baseline,
    changed_tests: Iterable[str],
    progress: Progress,
) -> tuple[tuple[Verdict, ...], MutantRun]:
    """Plan and run the targets' mutants; verdicts in the order of the text."""
    impact = baseline.impact
    sources = {target.source.path: target.source for target in targets}
    mutants = [mutant for target in targets for mutant in target.mutants]
    known = set(suite_ids(suite.collected.items))
    passed = {
        node_id: rec.seconds
        for node_id, rec in impact.tests.items()
        if rec.outcome is TestOutcome.PASSED and node_id in known
    }
    limits = suite.project.limits(passed)
    candidates = Candidates(passed, frozenset(changed_tests))
    planned = plan(mutants, sources, impact, candidates, limits.of, suite.collected.can_fork)
    key = resume_key(suite, impact)
    done = resume.kept(suite.project.resume_file, key, planned.planned)
    if done:
        progress.say(f"resuming: {len(done)} verdicts of the interrupted run still hold")
    rest = [mutant for mutant in planned.planned if mutant.mutant.id not in done]
    progress.start("running mutants", len(rest))
    runner = MutantRunner(
        suite.settings,
        suite.zygote,
        suite.collected,
        sources,
        limits,
        suite.project.workers,
        progress.verdict,
    )
    run = runner.run(rest)
    progress.finish()
    by_id = {**{v.mutant.id: v for v in planned.early}, **done, **run.verdicts}
    if run.interrupted:
        resume.keep(suite.project.resume_file, key, by_id.values())
    else:
        resume.forget(suite.project.resume_file)
    return tuple(by_id[mutant.id] for mutant in mutants), run


def resume_key(suite: Suite, impact: ImpactMap) -> str:
    """What must be unchanged for the verdicts of an interrupted run to hold."""
    now = Tree(suite.project.repo)
    read = {path for node in impact.nodes.values() for path in node.files}
    paths = sorted(suite.project.python_files() | read)
    return resume.tree_key(
        [
            *(f"{path}={now.sha(path)}" for path in paths),
            *suite.collected.fingerprint,
            *suite.settings.pytest_args,
            *versions(suite).values(),
        ]
    )


def suite_ids(items: Iterable[CollectedItem]) -> Iterator[str]:
    return (item.node_id for item in items)


def diffs_of(targets: Iterable[Target]) -> dict[str, str]:
    """A unified diff for every mutant."""
    return {
        mutant.id: unified_diff(mutant.path, target.text, mutant)
        for target in targets
        for mutant in target.mutants
    }


# -- answers


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the chain: the answer to a change (`targets` None), or mutants of chosen
    places; `inconclusive` are files asked for that cannot be mutated, with the reason each."""

    verb: str
    compared: str
    change: SemanticChange
    targets: tuple[Target, ...] | None
    inconclusive: tuple[str, ...] = ()


def answer(project: Project, request: Request, progress: Progress) -> Answer:
    """The whole chain. An interrupt ends it early, with what there is."""
    change = request.change
    clock = Clock()
    with collected_suite(project, progress) as suite:
        clock.lap("collect")
        places = {target.source.path for target in request.targets or ()}
        selection, baseline = refresh(suite, change, progress, places)
        clock.lap("tests")
        test_files = frozenset(i.path for i in suite.collected.items if not i.is_doctest)
        changed = tuple(f.path for f in change.change.files if is_test_file(f.path, test_files))
        inconclusive: Sequence[str] = request.inconclusive
        targets: Sequence[Target] = request.targets or ()
        if request.targets is None:
            targets, inconclusive = targets_of_change(change, set(changed))
        verdicts: tuple[Verdict, ...] = ()
        run = MutantRun({}, {}, interrupted=False)
        if not baseline.run.interrupted:
            first = {i.node_id for i in suite.collected.items if i.path in changed}
            verdicts, run = run_mutants(suite, targets, baseline, first, progress)
        clock.lap("mutants")
        return Answer(
            verb=request.verb,
            project=str(project.root),
            compared=request.compared,
            versions=versions(suite),
            collected=len(suite.collected.items),
            selection=selection,
            results=baseline.run.results,
            units=tuple(unit_answers(change, changed, baseline.impact, verdicts))
            if request.targets is None
            else (),
            verdicts=verdicts,
            diffs=diffs_of(targets),
            changed_tests=changed,
            notices=(*baseline.notices, *suite_notices(suite)),
            inconclusive=(*inconclusive, *shadowed(suite, change, baseline.impact)),
            flaky=run.flaky,
            interrupted=run.interrupted or baseline.run.interrupted,
            seconds=clock.laps,
        )


class Clock:
    """Wall-clock seconds of each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = now - self._last
        self._last = now


def unit_answers(
    change: SemanticChange,
    tests: Iterable[str],
    impact: ImpactMap,
    verdicts: Sequence[Verdict],
) -> Iterator[UnitAnswer]:
    """One answer for each changed unit of the code (tests are not asked who guards them)."""
    skip = set(tests)
    resized = {unit.path for unit in change.units if unit.status is not UnitStatus.MODIFIED}
    texts = {file.path: file.changed_lines for file in change.change.files}
    coverages: dict[str, Coverage] = {}
    for unit in change.units:
        source = change.sources.get(unit.path)
        if unit.path in skip or not is_mutable(unit) or source is None:
            continue
        # Against a base that does not parse every unit is new; only changed text is a change.
        base = change.bases.get(unit.path)
        if base is not None and base.problem and not unit.lines & texts[unit.path]:
            continue
        if unit.path not in coverages:
            coverages[unit.path] = Coverage(impact, unit.path, source.sha)
        found = coverages[unit.path].covering(_lines_of(unit, source))
        mine = [v for v in verdicts if (v.mutant.path, v.mutant.unit) == (unit.path, unit.unit)]
        # A function that comes or goes changes the body around it: that is no second finding.
        if unit.unit == MODULE_UNIT and not mine and unit.path in resized:
            continue
        here = source.unit(unit.unit) or source.module
        line = min(unit.lines, default=here.first_line)
        yield answer_unit(unit, line, sorted(found, key=lambda t: (found[t], t)), mine)


def _lines_of(unit: UnitChange, source: SourceFile) -> range | frozenset[int]:
    here = source.unit(unit.unit) or source.module
    return unit.lines if here.is_module else range(here.body_line, here.last_line + 1)


def versions(suite: Suite) -> Mapping[str, str]:
    """What made the answer, for whoever compares two of them."""
    return {
        "assay": assay.__version__,
        "mutmut": mutmut_version(),
        "python": ".".join(map(str, suite.settings.interpreter.version)),
        "interpreter": suite.settings.interpreter.path,
    }


def suite_notices(suite: Suite) -> Iterator[str]:
    """What about the set-up makes the answer weaker or slower."""
    if not suite.collected.can_fork:
        yield (
            f"{suite.collected.threads - 1} thread(s) were alive after collection: every run "
            "starts pytest anew, which is slower"
        )


def shadowed(suite: Suite, change: SemanticChange, impact: ImpactMap) -> Iterator[str]:
    """Changed files whose module was imported from a copy elsewhere: the tests test the copy."""
    repo = f"{suite.project.repo}/"
    imported = set(suite.collected.modules.values())
    recorded = {path for node in impact.nodes.values() for path in node.lines}
    for path in change.sources:
        if path in recorded or repo + path in imported:
            continue
        for name, file in suite.collected.modules.items():
            if "." in name and not file.startswith(repo) and is_module(path, name):
                yield (
                    f"{path} was changed, but the tests import {name} from {file}: install the "
                    "project in editable mode, or the change is not tested at all"
                )
                break


def is_module(path: str, name: str) -> bool:
    """Whether the file could be the module of that dotted name."""
    stem = path.removesuffix(".py").removesuffix("/__init__")
    tail = name.replace(".", "/")
    return stem == tail or stem.endswith("/" + tail)
