"""Does the divergence of a failing test point at the function that the real fix changed?

    python benchmarks/divergence.py GIT_DIR --work DIR [--python PYTHON] [--cases N] [--since DATE]
                                    [--commit REV ...] [--json FILE]

GIT_DIR is a repository with its sources in `src` and its tests in `tests`. A case is a commit whose
subject says fix and which changes both: base is its tree, head the same with the sources put back
to the commit before, so that the commit's own tests fail there. The first test that passes at base
and fails at head, twice each, is traced in both; the search is not told what the commit changed.
Truth are the functions whose own code the commit changed, and the names assigned outside of
functions; a generated method is as true as the fields of its class. Commits of which head cannot be
collected, or no test fails, are no cases.

PYTHON has pytest, coverage and what the suites need.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from assay.diverging import diverge
from assay.errors import AssayError
from assay.execution.jobs import run_forked_or_anew
from assay.execution.suite import BAD, files_of
from assay.execution.tracing import Tracing
from assay.execution.zygote import Job
from assay.model.divergence import Candidate, Divergence, Kind
from assay.model.run import TestOutcome
from assay.progress import Progress
from assay.project import open_project
from assay.recording import Suite, collected_suite

MOST_FILES = 3
MOST_LINES = 60
TEST_SECONDS = 20.0
GENERATED = frozenset({"__init__", "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"})
"""Methods that dataclasses and attrs make from the fields of a class."""


class NoCaseError(Exception):
    """The commit is no case; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """A case and what came of it; `rank` counts from 1 (0: not among the candidates)."""

    commit: str
    subject: str
    test: str
    changed: tuple[str, ...]
    kind: str
    sentence: str
    candidates: tuple[str, ...]
    rank: int
    notes: tuple[str, ...]
    events: int
    plain: float
    traced: float
    seconds: float


def main() -> None:
    options = _arguments()
    commits = options.commit or list(_fixes(options.git, options.since))
    rows: list[Row] = []
    for commit in commits:
        if len(rows) == options.cases:
            break
        try:
            row = _case(options.git, commit, options.work, options.python)
        except (NoCaseError, AssayError) as why:
            print(f"{commit[:10]} no case: {str(why)[:150]}", file=sys.stderr)
            continue
        rows.append(row)
        _show(row)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")
    _sum_up(rows)


def _show(row: Row) -> None:
    print(f"\n{row.commit[:10]} {row.subject}\n  {row.test}\n  changed: {', '.join(row.changed)}")
    print(f"  rank {row.rank}: {row.kind}: {row.sentence}")
    print(f"  candidates: {', '.join(row.candidates)}")
    for note in row.notes:
        print(f"  note: {note}")
    print(
        f"  {row.events} events, {row.plain * 1000:.0f} ms plain, {row.traced * 1000:.0f} ms "
        f"traced, {row.seconds:.1f} s in all",
        flush=True,
    )


def _sum_up(rows: Sequence[Row]) -> None:
    if not rows:
        print("no cases")
        return
    first = sum(row.rank == 1 for row in rows)
    among = sum(0 < row.rank <= 3 for row in rows)
    slower = [row.traced / row.plain for row in rows if row.plain > 0]
    share = f"first {first} ({first / len(rows):.0%}), of three {among} ({among / len(rows):.0%})"
    print(f"\n{len(rows)} cases: {share}")
    print(
        f"traced runs take {statistics.median(slower):.1f} times as long (median; most "
        f"{max(slower):.1f}), a case {statistics.median(row.seconds for row in rows):.1f} s"
    )


# -- a case


def _case(git: Path, commit: str, work: Path, python: str | None) -> Row:
    sources, tests = _touched(git, commit)
    base, head = work / commit[:12] / "base", work / commit[:12] / "head"
    _extract(git, commit, base)
    _extract(git, commit, head)
    for path in sources:
        before = _git(git, "show", f"{commit}~1:{path}", check=False)
        if before is None:
            (head / path).unlink()
        else:
            (head / path).write_bytes(before)
    texts = {path: (_read(base / path), _read(head / path)) for path in sources}
    changed = sorted(name for path in sources for name in _changed(path, *texts[path]))
    if not changed:
        raise NoCaseError("no code is changed")
    with _suite(base, python, tests) as one, _suite(head, python, tests) as other:
        test, plain = _known_failing(one, other, work / commit[:12] / "failing.json")
        began = time.monotonic()
        found = diverge(one, other, test)
        seconds = time.monotonic() - began
        traced = Tracing(other.settings, other.zygote, other.collected, other.limits({})).run(test)
    candidates = found.candidates if isinstance(found, Divergence) else ()
    written = {
        f"{path}:{name}"
        for path, both in texts.items()
        for text in both
        for name, _ in _owned(ast.parse(text), "")
    }
    return Row(
        commit=commit,
        subject=_text(git, "log", "-1", "--format=%s", commit).strip(),
        test=test,
        changed=tuple(changed),
        kind=found.kind.value if isinstance(found, Divergence) else "none",
        sentence=found.sentence if isinstance(found, Divergence) else found.reason,
        candidates=tuple(map(_name, candidates)),
        rank=next((n for n, one in enumerate(candidates, 1) if _hits(one, changed, written)), 0),
        notes=found.notes,
        events=0 if traced.trace is None else traced.trace.events,
        plain=plain,
        traced=0.0 if traced.trace is None else traced.trace.seconds,
        seconds=seconds,
    )


def _hits(candidate: Candidate, changed: Sequence[str], written: Set[str]) -> bool:
    """Whether the function was changed; of data that was read, whether its name was; of a method
    that is generated from a class, whether a field of the class was."""
    name = _name(candidate)
    owner = name.rpartition(".")[0]
    if candidate.place.name.rpartition(".")[2] in GENERATED and name not in written:
        return any(one.startswith(f"{owner}.") for one in changed)
    if candidate.kind is Kind.HIDDEN:
        names = {candidate.what, candidate.what.rpartition(".")[2]}
        if names & {one.partition(":")[2] for one in changed}:
            return True
    return _name(candidate) in changed


def _name(candidate: Candidate) -> str:
    return f"{candidate.place.path}:{candidate.place.name}"


@contextlib.contextmanager
def _suite(tree: Path, python: str | None, tests: Sequence[str]) -> Iterator[Suite]:
    environ = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    arguments = ("-o", "addopts=", "-W", "default", "-p", "no:cacheprovider", *tests)
    project = open_project(tree, python, arguments, environ)
    with collected_suite(project, Progress(Console(stderr=True), quiet=True)) as suite:
        yield suite


def _known_failing(base: Suite, head: Suite, keep: Path) -> tuple[str, float]:
    """What an earlier run of this script found is not looked for again."""
    if not keep.exists():
        try:
            found: list[object] = list(_failing(base, head))
        except NoCaseError as why:
            found = [str(why)]
        keep.write_text(json.dumps(found), encoding="utf-8")
    test, *seconds = json.loads(keep.read_text(encoding="utf-8"))
    if not seconds:
        raise NoCaseError(test)
    return test, seconds[0]


def _failing(base: Suite, head: Suite) -> tuple[str, float]:
    """The first test that passes at base and fails at head, twice each, and its seconds there."""
    known = {item.node_id for item in base.collected.items}
    rest = [item.node_id for item in head.collected.items if item.node_id in known]
    while rest:
        ends = _ends(head, rest)
        bad = next((test for test, (outcome, _) in ends.items() if outcome in BAD), None)
        if bad is None:
            break
        before = [_ends(base, [bad])[bad][0] for _ in range(2)]
        again = [_ends(head, [bad])[bad] for _ in range(2)]
        if before == [TestOutcome.PASSED] * 2 and all(end in BAD for end, _ in again):
            return bad, min(seconds for _, seconds in again)
        rest = rest[rest.index(bad) + 1 :]
    raise NoCaseError("no test fails without it")


def _ends(suite: Suite, tests: Sequence[str]) -> dict[str, tuple[TestOutcome, float]]:
    """How tests end, up to the first that fails, and their seconds."""
    job = Job(
        tests=tuple(tests),
        limits=(TEST_SECONDS,) * len(tests),
        collect_limit=TEST_SECONDS,
        shared_limit=TEST_SECONDS,
        record=False,
        stop_at_failure=True,
        quick=True,
        files=files_of(tests, suite.collected, suite.settings.repo),
    )
    done = run_forked_or_anew(suite.settings, suite.zygote, suite.collected.can_fork, job)
    found = {result.node_id: (result.outcome, result.seconds) for result in done.results}
    return {test: found.get(test, (TestOutcome.NOT_RUN, 0.0)) for test in tests}


# -- what a commit changed


def _fixes(git: Path, since: str) -> Iterator[str]:
    """Small commits whose subject says fix, the newest first."""
    log = _text(
        git,
        "log",
        "--no-merges",
        f"--since={since}",
        "-i",
        "--grep=fix",
        "--format=%H",
        "--",
        "src",
    )
    for commit in log.split():
        with contextlib.suppress(NoCaseError):
            _touched(git, commit)
            yield commit


def _touched(git: Path, commit: str) -> tuple[list[str], list[str]]:
    """The Python sources and the test files of a commit; NoCaseError if it is too large."""
    listed = _text(git, "diff", "--numstat", "--no-renames", f"{commit}~1", commit, "--", "*.py")
    rows = [line.split("\t") for line in listed.splitlines()]
    sources = [(path, added, gone) for added, gone, path in rows if path.startswith("src/")]
    tests = [path for _, _, path in rows if Path(path).match("tests/**/test_*.py")]
    tests += [path for _, _, path in rows if Path(path).match("tests/test_*.py")]
    lines = sum(int(added) + int(gone) for _, added, gone in sources)
    if not sources or not tests or len(sources) > MOST_FILES or lines > MOST_LINES:
        raise NoCaseError("it does not change a little source and tests")
    return [path for path, _, _ in sources], sorted(set(tests))


def _changed(path: str, base: str, head: str) -> set[str]:
    """Functions whose own code differs, and names that are assigned differently outside of them."""
    one, other = (dict(_owned(ast.parse(text), "")) for text in (base, head))
    names = {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
    return {f"{path}:{name}" for name in names}


def _owned(node: ast.AST, prefix: str, within: bool = False) -> Iterator[tuple[str, str]]:
    """Each function with its code but for nested functions; each name with what it is given."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", _own_code(child)
            yield from _owned(child, f"{prefix}{child.name}.", within=True)
        elif isinstance(child, ast.ClassDef):
            yield from _owned(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.Assign | ast.AnnAssign) and not within:
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            for target in targets:
                if child.value is not None:
                    yield f"{prefix}{ast.unparse(target)}", ast.dump(child.value)
        else:
            yield from _owned(child, prefix, within)


def _own_code(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    copy = ast.parse(ast.unparse(node)).body[0]
    assert isinstance(copy, ast.FunctionDef | ast.AsyncFunctionDef)
    if ast.get_docstring(copy) is not None:
        del copy.body[0]
    signature = ast.dump(copy.args) + "".join(map(ast.dump, copy.decorator_list))
    return signature + "".join(ast.dump(_Hollow().visit(part)) for part in copy.body)


class _Hollow(ast.NodeTransformer):
    """Leaves nested functions out."""

    def visit_FunctionDef(self, _: ast.FunctionDef) -> ast.AST:
        return ast.Pass()

    def visit_AsyncFunctionDef(self, _: ast.AsyncFunctionDef) -> ast.AST:
        return ast.Pass()


# -- git


def _git(git: Path, *words: str, check: bool = True) -> bytes | None:
    done = subprocess.run(["git", f"--git-dir={git}", *words], capture_output=True, check=False)
    if done.returncode and check:
        raise NoCaseError(done.stderr.decode().strip())
    return None if done.returncode else done.stdout


def _text(git: Path, *words: str) -> str:
    return (_git(git, *words) or b"").decode()


def _extract(git: Path, commit: str, into: Path) -> None:
    if not into.exists():
        into.mkdir(parents=True)
        archive = _git(git, "archive", commit, "src", "tests", "pyproject.toml") or b""
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(into, filter="data")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("git", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--python")
    parser.add_argument("--cases", type=int, default=13)
    parser.add_argument("--since", default="2021-01-01")
    parser.add_argument("--commit", action="append")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
