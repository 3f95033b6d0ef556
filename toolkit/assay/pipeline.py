"""The first half of the chain: change → impact → selection → baseline."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.change.commits import changed_submodules
from assay.change.git import diff_file_change, resolve_base, working_tree_change
from assay.change.semantics import compare
from assay.choose import Chooser, Situation
from assay.errors import NothingToCompare, UsageError
from assay.execution.interpreter import choose_interpreter, probe_environment
from assay.gather import NO_CHANGE, taking_turns
from assay.impact.record import Tree
from assay.impact.store import Store, read_map, reading
from assay.model.change import SemanticChange
from assay.model.impact import EMPTY_MAP, ImpactMap
from assay.model.run import CollectedItem
from assay.model.selection import Reason, ReasonKind, SelectedTest, Selection
from assay.progress import Progress
from assay.project import Project
from assay.recording import (
    Again,
    Baseline,
    Suite,
    collected_suite,
    out_of_date,
    record,
    unsettled_tests,
)
from assay.selection.ini import ini_reason
from assay.selection.select import NO_MAP, environment_reason
from assay.stamps import stamp_of

# -- change


def read_change(
    project: Project, base: str | None, diff: Path | None, submodules_too: bool = False
) -> SemanticChange:
    """What differs from the base; NothingToCompare if nothing does or there is no base.
    `submodules_too`: that only submodules are at other commits is a change, too."""
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
    if not change.files and not (submodules_too and changed_submodules(project.repo, change.base)):
        raise NothingToCompare(f"nothing to compare: {change.description}")
    return compare(change)


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
        chooser = uncollected(project, store, change, Tree(project.repo))
        if chooser is not None:
            general = ini_reason(change, store.meta("inifile"))
            return Chosen(chooser.choose(None, general), collected=False, notice=notice)
        with collected_suite(project, progress, read_only=True) as suite:
            return Chosen(select_tests(suite, store, change)[0], collected=True, notice=notice)


def uncollected(
    project: Project, store: Store, change: SemanticChange, tree: Tree
) -> Chooser | None:
    """What selects without starting pytest; None if pytest has to be asked."""
    # With arguments, pytest collects a part of the recorded tests: which, only it can say.
    if store.is_empty() or project.pytest_args:
        return None
    # What we can compile, an older Python may not.
    if python_of(store.fingerprint()) < sys.version_info[:2]:
        return None
    if store.meta("stamp") != current_stamp(project, store):
        return None
    environ = probe_environment(project.environ)
    roots = tuple(store.meta("roots").split("\0"))
    now = Situation(tree, roots, python_files(project, store), environ)
    chooser = Chooser(store, change, now)
    return None if chooser.needs_collection() else chooser


@dataclass(frozen=True, slots=True)
class Standing:
    """A map that holds for the tree as it is, and when each of its nodes was written."""

    impact: ImpactMap
    times: Mapping[str, int]


def standing_map(project: Project, paths: Collection[str]) -> Standing | None:
    """The map, if no test has to run before it can be used for mutants of the files, which is told
    without starting pytest; else None."""
    tree = Tree(project.repo)
    with reading(project.map_file) as (store, _):
        chooser = uncollected(project, store, NO_CHANGE, tree)
        if chooser is None or chooser.choose().selected:
            return None
        impact = store.load()
        if out_of_date(tree, impact, paths) or unsettled_tests(impact, paths):
            return None
        return Standing(impact, store.times())


def python_of(fingerprint: Iterable[str]) -> tuple[int, ...]:
    """The minor series of Python that an environment has, as in (3, 12)."""
    found = next((line for line in fingerprint if line.startswith("Python=")), "Python=0")
    return tuple(int(part) for part in found.partition("=")[2].split(".")[:2])


def python_files(project: Project, store: Store) -> frozenset[str]:
    """The project's Python files, those recorded in unlikely places included."""
    found = project.python_files()
    elsewhere = store.python_files() - found
    return found | {path for path in elsewhere if (project.repo / path).is_file()}


def current_stamp(project: Project, store: Store) -> str:
    """The stamp of the environment as it is, for the interpreter and directories recorded."""
    path, _ = choose_interpreter(project.root, project.python, project.environ)
    return stamp_of(project, path, store.meta("search_path").split("\0"))


# -- the map


def load_map(project: Project) -> tuple[ImpactMap, str]:
    return read_map(project.map_file)


def refresh(
    suite: Suite,
    change: SemanticChange,
    progress: Progress,
    paths: Collection[str] = (),
    again: Again | None = None,
) -> tuple[Selection, Baseline]:
    """Select, run what is selected, and return a map that holds for the tree as it is.

    Tests that ran lines of one of `paths` at another content run too, though nothing that they
    depend on has changed: which lines they run is known for that content only. Without `again`,
    the second look is at what these and changed files may have left behind.
    """
    with taking_turns(suite.project, progress.say):
        return _refresh(suite, change, progress, paths, again)


def _refresh(
    suite: Suite,
    change: SemanticChange,
    progress: Progress,
    paths: Collection[str],
    again: Again | None,
) -> tuple[Selection, Baseline]:
    with reading(suite.project.map_file) as (store, notice):
        selection, owed, renewed = select_tests(suite, store, change)
        impact = EMPTY_MAP if store.is_empty() else store.load()
    if not impact.nodes and not notice:
        progress.say("no impact map yet: running the whole suite once to record it")
    order = {item.node_id: n for n, item in enumerate(suite.collected.items)}
    wanted = {*selection.node_ids, *out_of_date(suite.tree, impact, paths)}
    changed = {file.path for file in change.change.files}
    unsettled = unsettled_tests(impact, paths) | (unsettled_tests(impact, changed) & wanted)
    wanted |= unsettled
    again = again or changed.union(paths).__contains__
    tests = sorted(wanted & order.keys(), key=order.__getitem__)
    gone = [] if suite.project.pytest_args else [t for t in impact.tests if t not in order]
    baseline = record(suite, tests, unsettled, gone, owed, renewed, again, progress)
    if not impact.nodes and not baseline.run.interrupted:
        # Recorded at head just now: what the change itself affects can be told.
        with reading(suite.project.map_file) as (store, _):
            selection, *_ = select_tests(suite, store, change)
    return selection, baseline
