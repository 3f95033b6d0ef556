"""Does `assay select` find the tests that a real fix makes pass, and how many besides them?

    python benchmarks/fix_commits.py --work DIR --python PYTHON --repos DIR
    python benchmarks/fix_commits.py --work DIR --report
    python benchmarks/fix_commits.py --work DIR --python PYTHON --repos DIR \\
        --find 4 --write-cases FILE owner/name ...

The first measures the cases of fix_commits.json, the second prints the table again, the third looks
for cases: the newest commits that are some.

A case is a commit that changes sources and tests. Its suite is recorded as it stands, by assay and
by pytest-testmon; then all but the tests is put back to the commit before it, uncommitted. Truth
are the tests that passed and now fail, twice in a row. A tool must select them, and few others.

PYTHON has pytest, coverage, pytest-testmon and what the suites need; the checkout is put before it
on the path. --repos holds git directories, as `owner+name` or `owner+name/repo`. What does not
depend on assay is kept in --work and not measured again.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SUITE_SECONDS = 300.0
RECORD_SECONDS = 1800.0
MOST_LINES = 400
MOST_FILES = 12
COLLECTION_SHARE = 5  # at most one found case in so many breaks the collection
CASE_COLUMNS = (
    "case",
    "files, lines",
    "tests",
    "failing",
    "assay selects",
    "testmon selects",
    "missed by assay",
    "by testmon",
    "plain s",
    "record s: assay, testmon",
    "select s: assay, testmon, collect-only",
)
MEAN_COLUMNS = (
    "project",
    "cases",
    "share: assay",
    "testmon",
    "recall: assay",
    "testmon",
    "cases with a miss: assay",
    "testmon",
    "record ÷ plain: assay",
    "testmon",
    "select s: assay",
    "testmon",
    "collect-only s",
)
REPORTER = "fix_commits_reporter"
# A pytest plugin, since node ids cannot be read back from the terminal's lines.
REPORTER_SOURCE = '''\
"""Writes what pytest collected, and each test's outcome, to the file FIX_COMMITS_OUT names."""

import json
import os
import sys

found = {"tests": [], "broken": [], "outcomes": {}, "foreign": []}
OUT = os.environ.pop("FIX_COMMITS_OUT")
SOURCES = os.environ.pop("FIX_COMMITS_SOURCES").split(os.pathsep)


def pytest_collectreport(report):
    if report.failed:
        found["broken"].append(report.nodeid)


def pytest_collection_finish(session):
    found["tests"] = [item.nodeid for item in session.items]


def pytest_runtest_logreport(report):
    before = found["outcomes"].get(report.nodeid, "passed")
    now = "skipped" if hasattr(report, "wasxfail") else report.outcome
    worst = max(before, now, key=("passed", "skipped", "failed").index)
    found["outcomes"][report.nodeid] = worst


def pytest_unconfigure():
    for top in SOURCES:
        for entry in os.listdir(top):
            module = sys.modules.get(entry.removesuffix(".py"))
            file = getattr(module, "__file__", None)
            if file and not os.path.realpath(file).startswith(os.path.realpath(top) + os.sep):
                found["foreign"].append(file)
    with open(OUT, "w", encoding="utf-8") as stream:
        json.dump(found, stream)
'''


class NoCaseError(Exception):
    """The commit cannot be measured, or there is nothing to measure; the text says why."""


@dataclass(frozen=True, slots=True)
class Project:
    """A repository and how its tests run: what the cases file says under `projects`."""

    name: str
    git: Path
    pythonpath: tuple[str, ...] = ("src",)
    pytest_args: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()  # generated ones, that git does not have


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run of the script is given."""

    work: Path
    python: str
    version: str
    assay: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A commit's part outside the tests, by path."""

    subject: str
    date: str
    added: tuple[str, ...]  # not in the commit before: deleted when reverted
    others: tuple[str, ...]
    lines: int


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One run of pytest, as the reporter saw it. `refused`: pytest did not come to collect."""

    tests: tuple[str, ...]
    broken: tuple[str, ...]
    outcomes: Mapping[str, str]
    seconds: float
    refused: bool

    def failing(self, passed_before: Iterable[str]) -> frozenset[str]:
        """Tests that fail, or that are in a file that cannot be collected."""
        return frozenset(
            test
            for test in passed_before
            if self.is_lost(test) or self.outcomes.get(test) == "failed"
        )

    def is_lost(self, test: str) -> bool:
        return self.refused or any(_is_beneath(test, place) for place in self.broken)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a case without assay. Kept in the work directory."""

    repo: str
    commit: str
    subject: str
    date: str
    files: tuple[str, ...]
    lines: int
    tests: tuple[str, ...]
    failing_before: tuple[str, ...]
    failing: tuple[str, ...]
    collection: bool
    testmon: tuple[str, ...]
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a tool selected of a case's tests."""

    selected: int
    share: float
    missed: tuple[str, ...]


def main() -> None:
    options = _arguments()
    results: Path = options.json or options.work / "results.json"
    if options.report:
        print(report(json.loads(results.read_text(encoding="utf-8"))["rows"]))
        return
    options.work.mkdir(parents=True, exist_ok=True)
    setup = Setup(
        work=options.work.resolve(),
        python=options.python,
        version=_version_of(options.python),
        assay=tuple(shlex.split(options.assay)),
    )
    listed = json.loads(options.cases.read_text(encoding="utf-8"))
    locations = _locations(options.repos, options.repo)
    if options.find:
        projects = [_project(name, locations, listed, options) for name in options.names]
        facts = list(find_cases(setup, projects, options.find))
        if options.write_cases:
            _write_cases(options.write_cases, listed, facts)
    else:
        facts = list(listed_cases(setup, locations, listed, options))
    kept = _rows_by_case(results) if options.resume else {}
    rows: list[dict[str, Any]] = []
    for case in facts:
        row = kept.get((case.repo, case.commit))
        if row is None:
            _say(f"assay on {case.repo} {case.commit[:10]}")
            row = compare(setup, _project(case.repo, locations, listed, options), case)
        rows.append(row)
        results.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(report(rows))


def find_cases(setup: Setup, projects: Sequence[Project], wanted: int) -> Iterator[Facts]:
    """The newest commits of each project that are cases, and few that break the collection."""
    collection_left = wanted * len(projects) // COLLECTION_SHARE
    for project in projects:
        found = 0
        broke = False
        for commit in _candidates(project):
            if found == wanted:
                break
            facts = facts_or_none(setup, project, commit)
            if facts is None:
                continue
            if facts.collection:
                if broke or not collection_left:
                    _say(f"{project.name} {commit[:10]}: left out, breaks the collection")
                    continue
                broke = True
                collection_left -= 1
            found += 1
            yield facts


def listed_cases(
    setup: Setup, locations: Mapping[str, Path], listed: Any, options: argparse.Namespace
) -> Iterator[Facts]:
    """The cases of a cases file; those of the named repositories, if any are named."""
    cases = listed["cases"] if isinstance(listed, dict) else listed
    for case in cases:
        if options.names and case["repo"] not in options.names:
            continue
        project = _project(case["repo"], locations, listed, options)
        facts = facts_or_none(setup, project, case["commit"])
        if facts is not None:
            yield facts


def facts_or_none(setup: Setup, project: Project, commit: str) -> Facts | None:
    """The facts of a case, measured unless they are kept already; None if it is not one."""
    name = f"{_key(project.name)}-{commit[:12]}-{setup.version}.json"
    keep = setup.work / "facts" / name
    if keep.exists():
        record = json.loads(keep.read_text(encoding="utf-8"))
    else:
        started = time.monotonic()
        try:
            record = asdict(measure(setup, project, commit))
        except NoCaseError as why:
            record = {"not_a_case": str(why)}
        keep.parent.mkdir(exist_ok=True)
        keep.write_text(json.dumps(record), encoding="utf-8")
        outcome = record.get("not_a_case") or f"{len(record['failing'])} tests fail without it"
        taken = time.monotonic() - started
        _say(f"{project.name} {commit[:10]}: {outcome} ({taken:.0f} s)")
    return None if "not_a_case" in record else Facts(**record)


def measure(setup: Setup, project: Project, commit: str) -> Facts:
    """Run the suite with and without the fix, and ask pytest-testmon; NoCaseError if it is none."""
    change = _change(project, commit)
    with _Copy(setup, project, commit) as copy:
        before = copy.pytest()
        passed = _passed_at_the_commit(before)
        copy.revert(change)
        after = copy.pytest("--continue-on-collection-errors")
        failing = after.failing(passed)
        if not failing:
            raise NoCaseError("no test fails without it")
        failing &= copy.pytest("--continue-on-collection-errors").failing(passed)
        if not failing:
            raise NoCaseError("the tests that fail without it do not always fail")
        collected = copy.pytest("--collect-only")
    with _Copy(setup, project, commit) as copy:
        recorded = copy.testmon()
        copy.revert(change)
        chosen = copy.testmon("--collect-only")
    return Facts(
        repo=project.name,
        commit=commit,
        subject=change.subject,
        date=change.date,
        files=(*change.added, *change.others),
        lines=change.lines,
        tests=before.tests,
        failing_before=tuple(sorted(set(before.tests) & before.failing(before.tests))),
        failing=tuple(sorted(failing)),
        collection=after.refused or bool(after.broken),
        testmon=(*chosen.tests, *(test for test in before.tests if chosen.is_lost(test))),
        seconds={
            "plain": before.seconds,
            "collect": collected.seconds,
            "testmon record": recorded.seconds,
            "testmon select": chosen.seconds,
        },
    )


def compare(setup: Setup, project: Project, facts: Facts) -> dict[str, Any]:
    """A row of the answer: the facts of a case, and what assay makes of it."""
    change = _change(project, facts.commit)
    with _Copy(setup, project, facts.commit) as copy:
        recording, record_seconds = copy.assay("map", "--quiet")
        if recording.returncode not in (0, 3):
            raise SystemExit(f"assay map failed on {facts.repo} {facts.commit}: {recording.stderr}")
        copy.revert(change)
        done, select_seconds = copy.assay("select", "--base", "HEAD", "--format", "json", "--quiet")
    selection = json.loads(done.stdout) if done.returncode == 0 else None
    if selection is None:
        chosen = frozenset(facts.tests)
    else:
        chosen = frozenset(test["test"] for test in selection["selected"])
    known = asdict(facts)
    return {
        **{name: known[name] for name in ("repo", "commit", "subject", "date", "files", "lines")},
        **{name: known[name] for name in ("collection", "failing_before", "failing")},
        "tests": len(facts.tests),
        "assay": asdict(_choice(facts, chosen)),
        "assay exit code": done.returncode,
        "assay problem": done.stderr.strip() if selection is None else "",
        "testmon": asdict(_choice(facts, frozenset(facts.testmon))),
        "reasons": _reasons(selection),
        "seconds": {
            **facts.seconds,
            "assay record": record_seconds,
            "assay select": select_seconds,
        },
    }


def report(rows: Sequence[Mapping[str, Any]]) -> str:
    """The answer as Markdown: a line for each case, then means."""
    lines = [
        _cells(CASE_COLUMNS),
        _cells(["---", "---", *["--:"] * (len(CASE_COLUMNS) - 2)]),
        *(_case_line(row) for row in rows),
        "",
        _cells(MEAN_COLUMNS),
        _cells(["---", *["--:"] * (len(MEAN_COLUMNS) - 1)]),
    ]
    by_project: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_project.setdefault(row["repo"], []).append(row)
    lines += [_mean_line(name, some) for name, some in by_project.items()]
    if rows:
        lines.append(_mean_line("**all**", rows))
    return "\n".join(lines)


def _case_line(row: Mapping[str, Any]) -> str:
    seconds = row["seconds"]
    mark = " (collection)" if row["collection"] else ""
    cells = [
        f"{row['repo'].split('/')[1]} {row['commit'][:10]}{mark}",
        f"{len(row['files'])}, {row['lines']}",
        str(row["tests"]),
        str(len(row["failing"])),
        *(f"{row[tool]['selected']} ({row[tool]['share']:.0%})" for tool in ("assay", "testmon")),
        *(str(len(row[tool]["missed"])) for tool in ("assay", "testmon")),
        f"{seconds['plain']:.1f}",
        f"{seconds['assay record']:.1f}, {seconds['testmon record']:.1f}",
        f"{seconds['assay select']:.1f}, {seconds['testmon select']:.1f}, {seconds['collect']:.1f}",
    ]
    return _cells(cells)


def _mean_line(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    tools = ("assay", "testmon")
    times = [row["seconds"] for row in rows]

    def mean(values: Iterable[float]) -> float:
        return statistics.fmean(values)

    cells = [
        name,
        str(len(rows)),
        *(f"{mean(row[tool]['share'] for row in rows):.1%}" for tool in tools),
        *(f"{mean(_recall(row, tool) for row in rows):.1%}" for tool in tools),
        *(str(sum(bool(row[tool]["missed"]) for row in rows)) for tool in tools),
        *(f"{mean(s[f'{tool} record'] / s['plain'] for s in times):.1f}" for tool in tools),
        *(f"{mean(s[f'{tool} select'] for s in times):.1f}" for tool in tools),
        f"{mean(s['collect'] for s in times):.1f}",
    ]
    return _cells(cells)


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _recall(row: Mapping[str, Any], tool: str) -> float:
    return 1 - len(row[tool]["missed"]) / len(row["failing"])


def _choice(facts: Facts, chosen: frozenset[str]) -> Choice:
    missed = [test for test in facts.failing if test not in chosen]
    share = len(chosen) / len(chosen | set(facts.tests))
    return Choice(len(chosen), round(share, 4), tuple(missed))


def _reasons(selection: Any) -> list[dict[str, Any]]:
    """The reasons of a selection, with how many tests have each."""
    counts: Counter[tuple[str, str]] = Counter()
    for test in selection["selected"] if selection else ():
        counts.update({(reason["kind"], reason["text"]) for reason in test["reasons"]})
    return [
        {"kind": kind, "text": text, "tests": count} for (kind, text), count in counts.most_common()
    ]


def _passed_at_the_commit(before: SuiteRun) -> frozenset[str]:
    """The tests to begin with; NoCaseError if the suite is in no state to be measured."""
    if before.refused or before.broken:
        raise NoCaseError("its own suite cannot be collected")
    return frozenset(test for test, outcome in before.outcomes.items() if outcome == "passed")


class _Copy:
    """A clone with the commit checked out, removed at the end."""

    def __init__(self, setup: Setup, project: Project, commit: str) -> None:
        self._setup = setup
        self._project = project
        self._commit = commit
        self._home = setup.work / "copies" / f"{_key(project.name)}-{commit[:12]}"
        self._tree = self._home / "tree"
        self._sources = os.pathsep.join(str(self._tree / path) for path in project.pythonpath)

    def __enter__(self) -> _Copy:
        shutil.rmtree(self._home, ignore_errors=True)
        self._home.mkdir(parents=True)
        git = str(self._project.git.resolve())
        _run(["git", "clone", "-q", "--shared", "--no-checkout", git, str(self._tree)], self._home)
        _run(["git", "checkout", "-q", "--detach", self._commit], self._tree)
        hidden = []
        for path, content in self._project.files:
            file = self._tree / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
            hidden.append(f"/{path}\n")
        exclude = self._tree / ".git" / "info" / "exclude"
        exclude.write_text("".join(hidden), encoding="utf-8")
        (self._home / f"{REPORTER}.py").write_text(REPORTER_SOURCE, encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._home, ignore_errors=True)

    def revert(self, change: Change) -> None:
        """All but the tests as in the commit before, in the working tree alone."""
        if change.others:
            _run(["git", "restore", f"--source={self._commit}~1", "--", *change.others], self._tree)
        for path in change.added:
            (self._tree / path).unlink()

    def pytest(self, *arguments: str) -> SuiteRun:
        """Plain pytest, of which the reporter tells what happened."""
        return self._suite(SUITE_SECONDS, ["-p", "no:testmon", *arguments])

    def testmon(self, *arguments: str) -> SuiteRun:
        """pytest-testmon, which also selects where the project's settings have a `-m`."""
        return self._suite(RECORD_SECONDS, ["--testmon", "--testmon-forceselect", *arguments])

    def assay(self, verb: str, *arguments: str) -> tuple[subprocess.CompletedProcess[str], float]:
        """A verb of assay, and its seconds. The checkout is on the path of the tests alone."""
        python = self._home / "python"
        python.write_text(
            f"#!/bin/sh\nPYTHONPATH={shlex.quote(self._sources)} "
            f'exec {shlex.quote(self._setup.python)} "$@"\n',
            encoding="utf-8",
        )
        python.chmod(0o755)
        command = [*self._setup.assay, verb, *arguments, "--python", str(python)]
        if self._project.pytest_args:
            command += ["--", *self._project.pytest_args]
        started = time.monotonic()
        done = subprocess.run(
            command,
            cwd=self._tree,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RECORD_SECONDS,
            check=False,
        )
        return done, round(time.monotonic() - started, 2)

    def _suite(self, limit: float, arguments: Sequence[str]) -> SuiteRun:
        out = self._home / "out.json"
        out.unlink(missing_ok=True)
        environment = {
            **_environment(),
            "PYTHONPATH": os.pathsep.join([self._sources, str(self._home)]),
            "FIX_COMMITS_OUT": str(out),
            "FIX_COMMITS_SOURCES": self._sources,
        }
        command = [self._setup.python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["-p", REPORTER, *arguments, *self._project.pytest_args]
        started = time.monotonic()
        try:
            done = subprocess.run(
                command,
                cwd=self._tree,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise NoCaseError(f"the suite runs over {limit:.0f} s") from late
        seconds = round(time.monotonic() - started, 2)
        if done.returncode < 0:
            raise NoCaseError(f"the suite is killed by signal {-done.returncode}")
        found = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
        if found.get("foreign"):
            raise SystemExit(f"an installed copy hides the checkout: {found['foreign']}")
        return SuiteRun(
            tests=tuple(found.get("tests", ())),
            broken=tuple(found.get("broken", ())),
            outcomes=found.get("outcomes", {}),
            seconds=seconds,
            refused=done.returncode in (3, 4) or not found,
        )


def _candidates(project: Project) -> Iterator[str]:
    """Commits to try, newest first: of a size to read, with sources and tests."""
    log = _git(project, "log", "--no-merges", "--format=%H", "HEAD")
    for commit in log.split():
        try:
            _change(project, commit)
        except NoCaseError:
            continue
        yield commit


def _change(project: Project, commit: str) -> Change:
    """What a commit changes outside the tests; NoCaseError for one that cannot be a case."""
    if len(_git(project, "rev-list", "--parents", "-n", "1", commit).split()) != 2:
        raise NoCaseError("it has not one parent")
    added: list[str] = []
    others: list[str] = []
    sources = tests = lines = 0
    difference = ["diff-tree", "-r", "--no-renames", "--no-commit-id"]
    for line in _git(project, *difference, "--name-status", commit).splitlines():
        letter, path = line.split("\t")
        if _is_test(path):
            tests += 1
        else:
            sources += _is_source(path)
            (added if letter == "A" else others).append(path)
    if not sources or not tests:
        raise NoCaseError("it does not change both sources and tests")
    for line in _git(project, *difference, "--numstat", commit).splitlines():
        plus, minus, path = line.split("\t")
        if _is_source(path):
            lines += int(plus) + int(minus)
    if lines > MOST_LINES or sources > MOST_FILES:
        raise NoCaseError("it is too large")
    date, subject = _git(project, "log", "-1", "--format=%cs %s", commit).strip().split(" ", 1)
    return Change(subject, date, tuple(added), tuple(others), lines)


def _is_test(path: str) -> bool:
    *directories, name = path.split("/")
    return (
        not {"test", "tests", "testing"}.isdisjoint(directories)
        or name == "conftest.py"
        or (name.startswith("test_") and name.endswith(".py"))
    )


def _is_source(path: str) -> bool:
    """Python that the suite can run: not the documentation's, nor that of a build."""
    apart = {"docs", "doc", "examples", "benchmarks", "bench", "performance", "tasks", "scripts"}
    parts = path.split("/")
    return path.endswith(".py") and not _is_test(path) and len(parts) > 1 and parts[0] not in apart


def _is_beneath(test: str, place: str) -> bool:
    """Whether a collection error at this place (a file, a class or a directory) loses the test."""
    return not place or place == "." or test.startswith((f"{place}::", f"{place}/"))


def _rows_by_case(results: Path) -> dict[tuple[str, str], dict[str, Any]]:
    if not results.exists():
        return {}
    rows = json.loads(results.read_text(encoding="utf-8"))["rows"]
    return {(row["repo"], row["commit"]): row for row in rows}


def _write_cases(file: Path, listed: Any, facts: Iterable[Facts]) -> None:
    settings = listed.get("projects", {}) if isinstance(listed, dict) else {}
    cases = [{"repo": case.repo, "commit": case.commit} for case in facts]
    content = json.dumps({"projects": settings, "cases": cases}, indent=1)
    file.write_text(content + "\n", encoding="utf-8")


def _project(
    name: str, locations: Mapping[str, Path], listed: Any, options: argparse.Namespace
) -> Project:
    if name not in locations:
        raise SystemExit(f"where is {name}? Give --repos or --repo {name}=PATH")
    settings = listed.get("projects", {}).get(name, {}) if isinstance(listed, dict) else {}
    project = Project(
        name=name,
        git=locations[name],
        pythonpath=tuple(settings.get("pythonpath", ["src"])),
        pytest_args=tuple(settings.get("pytest_args", ())),
        files=tuple(settings.get("files", {}).items()),
    )
    if options.pythonpath:
        project = replace(project, pythonpath=tuple(options.pythonpath))
    if options.pytest_args is not None:
        project = replace(project, pytest_args=tuple(shlex.split(options.pytest_args)))
    return project


def _locations(directory: Path | None, single: Iterable[str]) -> dict[str, Path]:
    """Where each repository's git directory or clone is, by owner/name."""
    found = {}
    for entry in directory.iterdir() if directory else ():
        owner, plus, name = entry.name.partition("+")
        if plus:
            bare = entry / "repo"
            found[f"{owner}/{name}"] = bare if bare.is_dir() else entry
    for text in single:
        name, _, path = text.partition("=")
        found[name] = Path(path)
    return found


def _key(name: str) -> str:
    return name.replace("/", "+")


def _version_of(python: str) -> str:
    return _run([python, "-c", "import sys; print(sys.version.split()[0])"], Path.cwd()).strip()


def _environment() -> dict[str, str]:
    """One that makes runs alike, and leaves no bytecode that a reverted file could be taken for."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}


def _git(project: Project, *arguments: str) -> str:
    return _run(["git", "-c", "core.quotePath=false", *arguments], project.git)


def _run(command: Sequence[str], directory: Path) -> str:
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="owner/name", help="only these repositories")
    parser.add_argument("--work", type=Path, required=True, help="copies, and what is kept")
    parser.add_argument("--python", type=_absolute, default=sys.executable)
    parser.add_argument("--assay", default=f"{shlex.quote(sys.executable)} -m assay")
    parser.add_argument("--repos", type=Path, help="a directory with owner+name[/repo] in it")
    parser.add_argument("--repo", action="append", default=[], metavar="owner/name=PATH")
    parser.add_argument("--cases", type=Path, default=HERE / "fix_commits.json")
    parser.add_argument("--find", type=int, default=0, metavar="N", help="N new cases of each")
    parser.add_argument("--write-cases", type=Path, metavar="FILE", help="where to list them")
    parser.add_argument("--pythonpath", action="append", default=[], metavar="DIR")
    parser.add_argument("--pytest-args", metavar="ARGS")
    parser.add_argument("--json", type=Path, help="the rows; default: results.json in --work")
    parser.add_argument("--resume", action="store_true", help="keep the rows that are there")
    parser.add_argument("--report", action="store_true", help="print the table of the rows again")
    options = parser.parse_args()
    if options.find and not options.names:
        parser.error("--find needs the repositories to look in")
    return options


def _absolute(text: str) -> str:
    """Not resolved: a virtual environment's link must stay one."""
    return str(Path(shutil.which(text) or text).absolute())


if __name__ == "__main__":
    main()
