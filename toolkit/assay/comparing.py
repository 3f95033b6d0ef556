"""Runs a suite at base and at head, each in a tree of its own, and says how each test's outcome
changed: the baseline of a diagnosis."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from assay.change.commits import changed_submodules
from assay.change.trees import Left, Trees, trees_of
from assay.errors import BaselineError
from assay.execution.evidence import EvidenceRun
from assay.execution.zygote import ZygoteSettings
from assay.impact.store import reading
from assay.model.change import SemanticChange
from assay.model.diagnosis import Category, Matrix
from assay.model.run import GOOD, TestOutcome
from assay.pipeline import choose_tests
from assay.progress import Progress
from assay.project import Project, is_test_file
from assay.sessions import (
    Session,
    import_places,
    runner_of,
    session_of,
    tree_settings,
)

ALONE = 3
"""How often a failing test runs alone, each time with another seed for `random`."""

ALONE_AT_MOST = 500
"""So many failing tests run alone at all."""

AGAIN = 60
"""So many failing tests run alone more than once, and with another hash seed: of each test function
two cases."""

HASH_SEED = "20201"

SEEDS = (7, 77, 777)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tests to run: the ids, None for all; `words` say why."""

    tests: frozenset[str] | None
    words: str


@dataclass
class Comparison:
    """Two trees, collected and run, while their sessions stay open.

    `alone` maps failing tests to how they ended alone at head, each time; `hashed` to how they
    ended with another hash seed. `new_tests_run` and `new_sources_run` are the runs of failing
    tests with one side's sources and the other's tests.
    """

    project: Project
    change: SemanticChange
    trees: Trees
    settings: ZygoteSettings
    places: tuple[str, ...]
    base: Session
    head: Session
    wanted: Wanted
    left: Sequence[Left]
    progress: Progress
    stack: contextlib.ExitStack
    base_run: EvidenceRun = field(default_factory=EvidenceRun)
    head_run: EvidenceRun = field(default_factory=EvidenceRun)
    alone: dict[str, tuple[TestOutcome, ...]] = field(default_factory=dict)
    hashed: dict[str, TestOutcome] = field(default_factory=dict)
    new_tests: Session | None = None
    new_tests_run: EvidenceRun = field(default_factory=EvidenceRun)
    new_sources_run: EvidenceRun = field(default_factory=EvidenceRun)

    @property
    def seconds(self) -> dict[str, float]:
        return {t: r.seconds for t, r in self.base_run.results.items() if r.outcome in GOOD}

    def is_test(self, path: str) -> bool:
        """Whether a path belongs to the tests, at either side."""
        return self._test_files(path)

    @cached_property
    def _test_files(self) -> Callable[[str], bool]:
        collected = frozenset(
            [*self.base.paths.values(), *self.head.paths.values(), *self.base.broken]
        ) | frozenset(self.head.broken)
        return lambda path: is_test_file(path, collected)

    @cached_property
    def only_sources_changed(self) -> bool:
        return not any(self.is_test(file.path) for file in self.change.change.files)

    @cached_property
    def only_tests_changed(self) -> bool:
        files = self.change.change.files
        return bool(files) and all(self.is_test(file.path) for file in files)

    @property
    def failing(self) -> list[str]:
        """The tests that fail at head, in their order."""
        run = self.head_run
        return [test for test in run.results if run.results[test].outcome not in GOOD]

    def matrix(self, test: str) -> Matrix:
        return Matrix(
            base=self.base_run.outcome(test),
            new_tests=self.new_tests_run.outcome(test),
            new_sources=self.new_sources_run.outcome(test),
            head=self.head_run.outcome(test),
        )


@contextlib.contextmanager
def compared(
    project: Project, change: SemanticChange, everything: bool, progress: Progress
) -> Iterator[Comparison]:
    """Make both trees, collect them, run what the change can affect, and what fails again.

    BaselineError if nothing can be collected at base and at head.
    """
    project.prepare_state()
    wanted = _wanted(project, change, everything, progress)
    with trees_of(project.repo) as trees, contextlib.ExitStack() as stack:
        progress.stage("making trees of base and head")
        base_root, head_root = trees.base(change.change.base, "base"), trees.head("head")
        left = [
            *trees.left,
            *trees.take_ignored([base_root, head_root]),
        ]
        settings = project.settings(project.state)
        places = import_places(project, settings)

        def opened(root: Path, name: str) -> Session:
            at = tree_settings(project, settings, places, root)
            return stack.enter_context(session_of(project, at, name, progress))

        base, head = opened(base_root, "base"), opened(head_root, "head")
        if base.suite is None and head.suite is None and head.problem is not None:
            raise BaselineError(f"at base too: {head.problem.message}", head.problem.details)
        found = Comparison(
            project, change, trees, settings, places, base, head, wanted, left, progress, stack
        )
        _run_both(found)
        _run_again(found)
        _run_mixed(found)
        yield found


def _wanted(
    project: Project, change: SemanticChange, everything: bool, progress: Progress
) -> Wanted:
    if everything:
        return Wanted(None, "all tests, as asked")
    moved = changed_submodules(project.repo, change.change.base)
    if moved:
        # What lies in a submodule is not compared file by file.
        return Wanted(None, f"all tests: {', '.join(moved)} is at another commit")
    with reading(project.map_file) as (store, _):
        empty = store.is_empty()
    if empty:
        return Wanted(None, "all tests: there is no impact map yet (`assay map` records one)")
    try:
        chosen = choose_tests(project, change, progress)
    except BaselineError:
        return Wanted(None, "all tests: the working tree cannot be collected")
    if chosen.notice:
        return Wanted(None, f"all tests: {chosen.notice}")
    tests = frozenset(chosen.selection.node_ids)
    return Wanted(tests, f"the {len(tests)} tests that the change can affect, by the impact map")


def _ids(session: Session, wanted: Wanted, also: Collection[str] = ()) -> list[str]:
    return [t for t in session.node_ids if wanted.tests is None or t in wanted.tests or t in also]


def _run_both(found: Comparison) -> None:
    """Base first: how long its tests take says when one at head hangs."""
    gone = set(found.base.node_ids) - set(found.head.node_ids)
    if found.base.suite is not None:
        tests = _ids(found.base, found.wanted, gone)
        found.base_run = _run(found, found.base, tests, "running tests at base")
    if found.head.suite is not None:
        tests = _ids(found.head, found.wanted)
        found.head_run = _run(found, found.head, tests, "running tests at head")


def _run(found: Comparison, session: Session, tests: Sequence[str], what: str) -> EvidenceRun:
    found.progress.start(what, len(tests))
    try:
        return runner_of(session, found.seconds, found.progress).run(tests)
    finally:
        found.progress.finish()


def _run_again(found: Comparison) -> None:
    """What fails at head, alone: how a flaky test, or one that depends on others, is told."""
    failing = _few_of_each(found)
    if not failing:
        return
    outcomes: dict[str, list[TestOutcome]] = {test: [] for test in failing}
    for number, seed in enumerate(SEEDS[:ALONE]):
        tests = failing if number == 0 else _worth_again(failing, outcomes)
        for test, outcome in _alone(found, found.head, tests, seed).items():
            outcomes[test].append(outcome)
    found.alone = {test: tuple(seen) for test, seen in outcomes.items()}
    steady = [t for t in failing if not any(o in GOOD for o in outcomes[t])][:AGAIN]
    if steady:
        found.hashed = _with_another_hash_seed(found, steady)


def _few_of_each(found: Comparison) -> list[str]:
    """The failing tests that run alone: two cases of each test function, then the others."""
    first: list[str] = []
    rest: list[str] = []
    seen: Counter[tuple[str, str]] = Counter()
    for test in found.failing:
        failure = found.head_run.results[test].failure
        key = test.partition("[")[0], failure.exception if failure is not None else ""
        seen[key] += 1
        (first if seen[key] <= 2 else rest).append(test)
    return [*first, *rest][:ALONE_AT_MOST]


def _worth_again(failing: Sequence[str], seen: Mapping[str, list[TestOutcome]]) -> list[str]:
    """Those that passed alone, and the first of the others."""
    passed = [test for test in failing if any(outcome in GOOD for outcome in seen[test])]
    return [*passed, *[test for test in failing if test not in passed][:AGAIN]]


def _alone(
    found: Comparison, session: Session, tests: Iterable[str], seed: int
) -> dict[str, TestOutcome]:
    runner = runner_of(session, found.seconds, found.progress)
    wanted = list(tests)
    found.progress.start("running failing tests alone", len(wanted))
    run = runner.run_alone(wanted, found.project.workers, seed)
    found.progress.finish()
    return {test: result.outcome for test, result in run.results.items()}


def _with_another_hash_seed(found: Comparison, tests: Sequence[str]) -> dict[str, TestOutcome]:
    at = tree_settings(found.project, found.settings, found.places, found.head.root)
    at = replace(at, environ={**at.environ, "PYTHONHASHSEED": HASH_SEED})
    paths = found.head.paths
    only = sorted({paths[test] for test in tests})
    with session_of(found.project, at, "head, with another hash seed", found.progress, only) as one:
        if one.suite is None:
            return {}
        there = set(one.node_ids)
        return _alone(found, one, [test for test in tests if test in there], SEEDS[0])


# -- where both sides changed


def _run_mixed(found: Comparison) -> None:
    """The failing tests with one side's sources and the other's tests."""
    tests = [t for t in found.failing if found.base_run.outcome(t) is None or _broke(found, t)]
    if found.only_sources_changed:
        found.new_tests_run, found.new_sources_run = found.base_run, found.head_run
        return
    if found.only_tests_changed:
        found.new_tests_run, found.new_sources_run = found.head_run, found.base_run
        return
    if not tests:
        return
    found.new_tests, found.new_tests_run = _mixture(
        found, "base, with the tests of head", found.base, found.head, tests
    )
    there = set(found.base.node_ids)
    old = [test for test in tests if test in there]
    _, found.new_sources_run = _mixture(
        found, "head, with the tests of base", found.head, found.base, old
    )


def _broke(found: Comparison, test: str) -> bool:
    return found.base_run.outcome(test) in GOOD


def _mixture(
    found: Comparison, name: str, sources: Session, tests: Session, wanted: Sequence[str]
) -> tuple[Session | None, EvidenceRun]:
    if not wanted:
        return None, EvidenceRun()
    place = "-".join(name.replace(",", "").split())
    root = found.trees.mixed(place, sources.root, tests.root, found.is_test)
    at = tree_settings(found.project, found.settings, found.places, root)
    only = sorted({tests.paths[test] for test in wanted if test in tests.paths})
    session = found.stack.enter_context(session_of(found.project, at, name, found.progress, only))
    if session.suite is None:
        return None, EvidenceRun()
    known = set(session.node_ids)
    run = _run(found, session, [t for t in wanted if t in known], f"running tests at {name}")
    return session, run


# -- categories


def category_of(found: Comparison, test: str) -> Category | None:
    """What a test that ran at head is; None if it passes as before."""
    before, now = found.base_run.outcome(test), found.head_run.outcome(test)
    if now is None:
        return None
    if now in GOOD:
        return _of_passing(before, now)
    alone = found.alone.get(test, ())
    passed = [outcome in GOOD for outcome in alone]
    if (any(passed) and not all(passed)) or found.hashed.get(test) in GOOD:
        return Category.FLAKY
    if passed and all(passed):
        return Category.ORDER_DEPENDENT
    if before is None:
        # Of what base cannot collect, nobody knows whether it failed there.
        unknown = found.base.breaker_of(found.head.paths[test]) is not None
        return Category.NEW_FAILURE if unknown else Category.NEW_TEST_FAILS
    known = before not in GOOD and before is not TestOutcome.NOT_RUN
    return Category.KNOWN_FAILURE if known else Category.NEW_FAILURE


def _of_passing(before: TestOutcome | None, now: TestOutcome) -> Category | None:
    if before not in GOOD and before not in (None, TestOutcome.NOT_RUN):
        return Category.NEWLY_PASSING
    if now is TestOutcome.SKIPPED and before is not None and before is not TestOutcome.SKIPPED:
        return Category.NEWLY_SKIPPED
    return None


def vanished(found: Comparison) -> list[str]:
    """Tests of base that head does not have, though their file could be collected or is gone."""
    there = set(found.head.node_ids)
    return [
        test
        for test, path in found.base.paths.items()
        if test not in there
        and found.head.suite is not None
        and found.head.breaker_of(path) is None
    ]
