"""Brings into the map what was recorded elsewhere: by ordinary pytest runs, and in other maps."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.choose import Chooser, Situation
from assay.errors import AssayError, UsageError
from assay.execution.interpreter import probe_environment
from assay.impact.imports import import_roots
from assay.impact.lock import Busy, is_held, locked
from assay.impact.record import Recorded, Tree, variable_digest
from assay.impact.spool import (
    LOCK_FILE,
    RUN_FILE,
    Gathered,
    RunFacts,
    SpooledRun,
    read_run,
    recorded_by,
    variables_of,
)
from assay.impact.store import Store, open_store
from assay.model.change import Change, SemanticChange
from assay.project import Project, open_project
from assay.stamps import facts_of

NO_CHANGE = SemanticChange(Change("", "", ()), {}, {}, (), (), ())

PATIENCE = 10.0
"""Seconds an ordinary run waits at its end for another recording."""

LONG = 3600.0
"""Seconds that assay's own verbs wait for one."""

UNLOCKED_SECONDS = 60.0
"""A run that has just begun holds no lock yet."""

HARMLESS = frozenset(
    """
    --assay -q --quiet -qq -v --verbose -vv -vvv -s -x --exitfirst --no-header --no-summary -l
    --showlocals --no-cov --cov-branch --cov-append --ff --failed-first --nf --new-first
    -ra -rA -rf -rs -rx -rP --full-trace --disable-warnings --disable-pytest-warnings
    """.split()
)
"""Options that leave alone which tests are collected, and what they do."""

HARMLESS_WITH_VALUE = frozenset(
    """
    -n --numprocesses --dist --maxprocesses --cov --cov-report --cov-config --cov-context
    --cov-fail-under --cov-precision --junitxml --junit-xml --color --tb --maxfail --durations
    --durations-min --capture --show-capture --verbosity --code-highlight
    """.split()
)


def spool_of(project: Project) -> Path:
    return project.state / "spool"


def recording_lock(
    project: Project, seconds: float, waiting: Callable[[], None]
) -> AbstractContextManager[None]:
    """Held by whoever records for the project."""
    return locked(project.state / "recording.lock", seconds, waiting)


@contextlib.contextmanager
def taking_turns(project: Project, say: Callable[[str], None]) -> Iterator[None]:
    """Alone among those who record; what earlier runs left behind is taken in first."""

    def waiting() -> None:
        say("waiting for another recording of this project to end")

    with recording_lock(project, LONG, waiting):
        for words in absorb(project):
            say(words)
        yield


# -- an ordinary run


@dataclass(frozen=True, slots=True)
class Invocation:
    """How pytest was started."""

    arguments: tuple[str, ...]
    started_in: str
    interpreter: str


def begin(project: Project) -> dict[str, Any]:
    """Make a directory for a run that starts now; what its processes have to know."""
    project.prepare_state()
    spool = spool_of(project)
    spool.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=spool, prefix=time.strftime("%Y%m%d-%H%M%S-")))
    tree = Tree(project.repo)
    actual = {k: v for k, v in project.environ.items() if k != "PYTEST_VERSION"}
    of_assay = probe_environment(actual)
    variables = variables_of(actual, of_assay) | {"*": variable_digest("*", of_assay)}
    facts = RunFacts(
        repo=str(project.repo),
        began=directory.stat().st_ctime_ns,
        sources={path: tree.sha(path) for path in project.python_files()},
        variables=variables,
    )
    text = json.dumps(facts.as_json())
    (directory / RUN_FILE).write_text(text, encoding="utf-8")
    excluded = [*project.excluded_directories(), sys.prefix, str(project.state)]
    return {
        "directory": str(directory),
        "repo": str(project.repo),
        "excluded": list(dict.fromkeys(excluded)),
        "probe": str(probe_for(project, directory)),
    }


def probe_for(project: Project, directory: Path) -> Path:
    """The probe's own directory; a copy in the project that is assay, which records itself."""
    here = Path(__file__).parent / "probe"
    if not here.resolve().is_relative_to(project.repo):
        return here
    return shutil.copytree(here, directory / "probe", ignore=shutil.ignore_patterns("*.pyc"))


def end(project: Project, directory: Path, invocation: Invocation) -> str:
    """Bring the map up to date with a run that has ended; what is to be said of it."""
    run = read_run(directory)
    if run is None or not run.workers:
        shutil.rmtree(directory, ignore_errors=True)
        return "no test ran, nothing is recorded"
    try:
        with recording_lock(project, PATIENCE, _nothing):
            said = save_run(project, run, invocation)
    except Busy:
        return (
            "another recording is under way; what this run recorded joins the map with the "
            "next `assay map`"
        )
    shutil.rmtree(directory, ignore_errors=True)
    return said


def _nothing() -> None:
    """Nobody needs to be told."""


def save_run(project: Project, run: SpooledRun, invocation: Invocation) -> str:
    """Write a run's records into the map."""
    made = of_run(project, run)
    if not made.recorded.tests:
        return "no test ran, nothing is recorded"
    notice = write(project, made, invocation)
    count = len(made.recorded.tests)
    file = f"{project.map_file.parent.name}/{project.map_file.name}"
    words = f"recorded {count} test{'' if count == 1 else 's'} in {file}"
    return f"{words} ({notice})" if notice else words


@dataclass(frozen=True, slots=True)
class Made:
    """What a run gives: its records, what it collected, and the tree they were compared with."""

    recorded: Recorded
    collected: Gathered
    roots: tuple[str, ...]
    tree: Tree


def of_run(project: Project, run: SpooledRun) -> Made:
    collected = [worker.collected for worker in run.workers if worker.collected is not None]
    modules = {name: file for c in collected for name, file in c.modules.items()}
    first = collected[0]
    # Pytest may have been started by its own script: then the directory is not on the path.
    path = [str(project.root), *first.search_path]
    roots = import_roots(path, modules, run.facts.repo)
    tree = Tree(project.repo)
    at_start = {**dict(run.facts.sources), **_elsewhere(project, run, modules, tree)}
    return Made(recorded_by(run, tree, roots, at_start), first, roots, tree)


def _elsewhere(
    project: Project, run: SpooledRun, modules: Mapping[str, str], tree: Tree
) -> dict[str, str]:
    """Project files that were imported from unlikely places, unless changed since the beginning."""
    prefix = f"{run.facts.repo}/"
    excluded = (*project.excluded_directories(), sys.prefix, str(project.state))
    found = {}
    for file in modules.values():
        path = file.removeprefix(prefix)
        if path == file or path in run.facts.sources or not file.endswith(".py"):
            continue
        if file.startswith(tuple(f"{directory}/" for directory in excluded)):
            continue
        try:
            changed = (project.repo / path).stat().st_ctime_ns
        except OSError:
            continue
        if changed < run.facts.began:
            found[path] = tree.sha(path)
    return found


def write(project: Project, made: Made, invocation: Invocation | None) -> str:
    """Save into the map; what there is to say about the map that was there."""
    recorded, collected = made.recorded, made.collected
    opened = open_store(project.map_file)
    with opened.store as store:
        known = {} if store.fingerprint() != collected.fingerprint else store.tests()
        items = {item.node_id for item in collected.items}
        owed = owing(project, store, made) if known else ()
        everything = (
            invocation is not None
            and not collected.errors
            and items <= recorded.tests.keys() | known.keys()
            and collects_everything(project, invocation)
        )
        gone = known.keys() - items if everything and not project.pytest_args else ()
        facts = {"stamp": ""}
        if everything and invocation is not None:
            facts = _facts(project, made, invocation)
        unpaid = [test for test in owed if test not in recorded.tests]
        store.save(recorded, collected.fingerprint, gone, unpaid, facts)
    return opened.notice


def owing(project: Project, store: Store, made: Made) -> Sequence[str]:
    """Recorded tests that the tree as it is affects: unless they ran, they owe a run."""
    prefix = f"{project.repo}/"
    files = made.collected.modules.values()
    now = Situation(
        tree=made.tree,
        roots=made.roots,
        python_files=made.recorded.files,
        environ=probe_environment(project.environ),
        importable=frozenset(f.removeprefix(prefix) for f in files if f.startswith(prefix)),
    )
    return Chooser(store, NO_CHANGE, now).choose(None).node_ids


def collects_everything(project: Project, invocation: Invocation) -> bool:
    """Whether pytest was started so that it collects what assay's own run would."""
    same_place = Path(invocation.started_in).resolve() == project.root
    ours = _telling(project.pytest_args)
    return same_place and _telling(invocation.arguments) == ours


def _telling(arguments: Sequence[str]) -> list[str]:
    """The arguments without those that do not matter for what is collected."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        name, has_value, _ = argument.partition("=")
        if skip:
            skip = False
        elif name in HARMLESS_WITH_VALUE:
            # `--cov` may stand alone.
            skip = not has_value and name != "--cov"
        elif argument not in HARMLESS and not (argument[:2] == "-n" and argument[2:].isdigit()):
            kept.append(argument)
    return kept


def _facts(project: Project, made: Made, invocation: Invocation) -> dict[str, str]:
    """With another interpreter than the one that ran, a later selection asks pytest anew."""
    found = made.collected
    python = invocation.interpreter
    return facts_of(project, python, found.search_path, made.roots, found.inifile)


# -- leftovers


def absorb(project: Project) -> tuple[str, ...]:
    """Take in what killed runs left behind, under the lock; what is to be said."""
    said: list[str] = []
    for directory in sorted(spool_of(project).glob("*/")):
        if _is_under_way(directory):
            continue
        run = read_run(directory)
        if run is not None and run.workers:
            said += absorb_run(project, run)
        shutil.rmtree(directory, ignore_errors=True)
    return tuple(said)


def runs_in(directory: Path) -> list[SpooledRun]:
    """The runs that a directory holds, or is; UsageError if there are none."""
    found = [read_run(path) for path in (directory, *sorted(directory.glob("*/")))]
    runs = [run for run in found if run is not None]
    if not runs:
        raise UsageError(f"{directory} holds no recorded run: give a map, or a directory of runs")
    return runs


def _is_under_way(directory: Path) -> bool:
    lock = directory / LOCK_FILE
    if lock.exists():
        return is_held(lock)
    return time.time() - directory.stat().st_mtime < UNLOCKED_SECONDS


def absorb_run(project: Project, run: SpooledRun) -> Iterable[str]:
    """An earlier run counts only if all it has seen is as it was: else the map may know better."""
    made = of_run(project, run)
    count = len(made.recorded.tests)
    if not count:
        return
    with open_store(project.map_file).store as store:
        same = store.is_empty() or store.fingerprint() == made.collected.fingerprint
    if not same or not still_true(run, made, probe_environment(project.environ)):
        yield f"{count} tests that an earlier run recorded do not fit the tree: left out"
        return
    write(project, made, None)
    yield f"{count} tests taken over from an earlier run"


def still_true(run: SpooledRun, made: Made, environ: Mapping[str, str]) -> bool:
    tree = made.tree
    if any(tree.sha(path) != sha for path, sha in run.facts.sources.items()):
        return False
    return all(
        all(tree.sha(path) == digest for path, digest in node.files.items())
        and all(tree.directory(path) == digest for path, digest in node.dirs.items())
        and all(tree.kind(path) == kind for path, kind in node.exists.items())
        and all(variable_digest(name, environ) == digest for name, digest in node.env.items())
        for node in made.recorded.nodes.values()
    )


# -- the two ends of an ordinary run, as commands of the plug-in


def main(argv: Sequence[str], environ: Mapping[str, str]) -> dict[str, Any]:
    facts = json.loads(sys.stdin.read() or "{}")
    try:
        project = open_project(Path(argv[1]), None, (), environ)
        if argv[0] == "begin":
            return begin(project)
        invocation = Invocation(
            tuple(facts["arguments"]), facts["started_in"], facts["interpreter"]
        )
        return {"words": end(project, Path(argv[2]), invocation)}
    except AssayError as problem:
        return {"problem": problem.message}
    except OSError as problem:
        return {"problem": f"the state cannot be written ({problem})"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:], os.environ)) + "\n")
