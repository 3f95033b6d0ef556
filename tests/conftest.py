"""Copies of the fixture projects, and assay run on them: in this process, or as a command."""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest
from warm import COLD_STARTS, WarmServer

import assay
from assay.cli import main
from assay.execution.interpreter import probe_environment
from assay.execution.process import Finished, run_briefly
from assay.model.mutant import Mutant
from assay.model.source import Span

A_MUTANT = Mutant(
    id="m",
    path="tax.py",
    unit="rate",
    scope="rate",
    operator="number",
    span=Span(3, 0, 3, 1),
    original="1",
    replacement="2",
    statement_line=3,
    lines=frozenset({3}),
)
"""For facts about what is done with mutants, whichever they are."""

PROJECTS = Path(__file__).parent / "projects"

IGNORED = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".assay", ".coverage")

ROOTDIRS = {"below_git_root": "service"}
"""Where pytest is started in the projects in which that is not the repository's top."""

_FOREIGN = ("COV_", "COVERAGE_", "PYTEST_", "GIT_", "ASSAY_")
_FOREIGN_NAMES = frozenset(
    {"VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "TMPDIR", "FORCE_COLOR", "NO_COLOR"}
)

GIT_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}


LONG = 600.0
"""Seconds: more than anything here takes."""

NO_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Most projects need no plugin, and starting without is three times as fast."""

ALL_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}
"""For projects about plugins: what is installed is loaded."""

ASYNC_PLUGINS = {**NO_PLUGINS, "PYTEST_ADDOPTS": "-p pytest_asyncio.plugin -p anyio.pytest_plugin"}
"""For projects with async tests: those two plugins alone."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a run of assay ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def record(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def problem(self) -> str:
        """The one line that says what is wrong; fails if there is none, or more than one."""
        first, *rest = self.err.splitlines() or [""]
        assert first.startswith("assay: "), self.err
        assert all(line.startswith("    ") for line in rest), self.err
        assert "Traceback" not in self.err
        return first


def pytest_configure(config: pytest.Config) -> None:
    # xdist would leave files of few tests for the end, and those run longest: one core would wait
    # for the other. As collected, the end-to-end tests come first and many short files last.
    config.option.loadscopereorder = False
    if not hasattr(config, "workerinput"):
        # Else each of a thousand sessions that the tests start would compile the probe again.
        compileall.compile_dir(Path(assay.__file__).parent / "probe", quiet=2)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many of these tests wait, for limits and processes."""
    return (os.cpu_count() or 1) + 1


def pytest_unconfigure() -> None:
    if warm_server.cache_info().currsize:
        warm_server().close()


class CopyProject(Protocol):
    def __call__(self, name: str, into: str = ...) -> Path: ...


class MappedProject(Protocol):
    def __call__(self, name: str, env: Mapping[str, str] = ...) -> Path: ...


class RunCommand(Protocol):
    def __call__(self, *argv: str, cwd: Path, env: Mapping[str, str] | None = ...) -> Result: ...


class RunAssay(Protocol):
    def __call__(
        self,
        verb: str,
        *arguments: str,
        project: Path,
        env: Mapping[str, str] | None = ...,
    ) -> Result: ...


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without what the run around us has put there."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) and name not in _FOREIGN_NAMES
    }
    return kept | GIT_ENVIRONMENT | NO_PLUGINS | dict(more or {})


@cache
def warm_server() -> WarmServer:
    """The one of this process, for the environment that tests usually have."""
    return WarmServer(probe_environment(clean_environment()))


@contextmanager
def warm_starts() -> Iterator[None]:
    """Within, the interpreters that assay starts in this process are forked from the server."""
    with pytest.MonkeyPatch.context() as patch:
        if not COLD_STARTS:
            warm_server().serve_assay(patch)
        yield


def run_python(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Finished:
    """Run the interpreter that runs these tests as assay would; its two outputs are joined."""
    start = run_briefly if COLD_STARTS else warm_server().run_briefly
    environ = probe_environment(clean_environment(env))
    return start([sys.executable, *arguments], cwd, environ, LONG)


def git(root: Path, *arguments: str) -> str:
    """Run git; its standard output. Raises where git fails."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start_repository(root: Path) -> None:
    """Make a directory a repository with one commit, on branch main."""
    git(root, "init", "--quiet", "--initial-branch=main", "--template=")
    with (root / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write("[user]\n\tname = A Tester\n\temail = tester@example.org\n")
    commit_all(root, "first")


def commit_all(root: Path, message: str = "next") -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def replace_in(path: Path, old: str, new: str) -> None:
    """Replace the only occurrence; bytes around it, line ends included, stay as they are."""
    content = path.read_bytes()
    assert content.count(old.encode()) == 1, f"{path} has {content.count(old.encode())} {old!r}"
    path.write_bytes(content.replace(old.encode(), new.encode()))


def copy_tree(name: str, target: Path) -> Path:
    shutil.copytree(PROJECTS / name, target, ignore=IGNORED)
    start_repository(target)
    return target


def tree_bytes(root: Path, skip: Iterable[str] = (".assay",)) -> dict[str, bytes | None]:
    """Everything under a directory: contents by path, None for directories; git's own included."""
    skipped = set(skip)
    found: dict[str, bytes | None] = {}
    for directory, names, files in os.walk(root):
        names[:] = [name for name in names if name not in skipped]
        for name in names:
            found[str((Path(directory) / name).relative_to(root))] = None
        for name in files:
            if name not in skipped:
                path = Path(directory) / name
                found[str(path.relative_to(root))] = path.read_bytes()
    return found


_FAILURES_PLUGIN = '''\
"""Writes down which tests failed."""

import os


def _note(text):
    with open(os.environ["FAILURES_FILE"], "a", encoding="utf-8") as file:
        file.write(text + chr(10))


def pytest_runtest_logreport(report):
    if report.failed:
        _note(report.nodeid)


def pytest_collectreport(report):
    if report.failed:
        _note("cannot collect " + report.nodeid)
'''


def failing_tests(
    project: Path, workroom: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> set[str]:
    """The tests that fail in a plain run of pytest, with none of assay about."""
    workroom.mkdir(parents=True, exist_ok=True)
    (workroom / "failures_plugin.py").write_text(_FAILURES_PLUGIN, encoding="utf-8")
    failures = workroom / "failures.txt"
    failures.write_text("", encoding="utf-8")
    search = [str(workroom), (env or {}).get("PYTHONPATH", "")]
    own = {"PYTHONPATH": os.pathsep.join(filter(None, search)), "FAILURES_FILE": str(failures)}
    options = ["-q", "--tb=no", "-p", "no:cacheprovider", "-p", "failures_plugin"]
    command = ["-m", "pytest", *options, *arguments]
    done = run_python(*command, cwd=project, env={**(env or {}), **own})
    failed = set(failures.read_text(encoding="utf-8").splitlines())
    assert bool(done.code) == bool(failed), done.output
    return failed


@pytest.fixture
def copy_project(tmp_path: Path) -> CopyProject:
    """Copies `tests/projects/NAME` to a repository of its own, committed; pytest's rootdir."""

    def copy(name: str, into: str = "") -> Path:
        return copy_tree(name, tmp_path / (into or name)) / ROOTDIRS.get(name, "")

    return copy


@pytest.fixture
def run_assay(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[RunAssay]:
    """Runs assay in this process, on a project, with the interpreter that runs these tests."""
    for name, value in GIT_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)

    def run(
        verb: str, *arguments: str, project: Path, env: Mapping[str, str] | None = None
    ) -> Result:
        capsys.readouterr()
        argv = [verb, "--quiet", "--project", str(project)]
        if "--python" not in arguments:
            argv += ["--python", sys.executable]
        code = main([*argv, *arguments], clean_environment(env))
        said = capsys.readouterr()
        return Result(int(code), said.out, said.err)

    with warm_starts():
        yield run


@pytest.fixture(scope="session")
def mapped_trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Projects that have been mapped once, by name; never used in place."""
    return {"": tmp_path_factory.mktemp("mapped")}


@pytest.fixture
def mapped_project(
    mapped_trees: dict[str, Path], run_assay: RunAssay, tmp_path: Path
) -> MappedProject:
    """Copies a project on which `assay map` has been run, as a CI cache would bring it back."""

    def copy(name: str, env: Mapping[str, str] = NO_PLUGINS) -> Path:
        below = ROOTDIRS.get(name, "")
        if name not in mapped_trees:
            root = copy_tree(name, mapped_trees[""] / name)
            done = run_assay("map", project=root / below, env=env)
            assert done.code == 0, done.out + done.err
            mapped_trees[name] = root
        return shutil.copytree(mapped_trees[name], tmp_path / name, symlinks=True) / below

    return copy


@pytest.fixture
def run_command() -> RunCommand:
    """Runs a command line in a child process, in a directory."""

    def run(*argv: str, cwd: Path, env: Mapping[str, str] | None = None) -> Result:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=clean_environment(env),
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run
