"""Where a project is and how it is run: its directories, interpreter, state and settings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assay.change.git import find_root
from assay.config import Config, UnreadableSettings, load_config
from assay.errors import StateError, UsageError
from assay.execution.interpreter import check_interpreter, choose_interpreter
from assay.execution.timeouts import Limits
from assay.execution.zygote import ZygoteSettings

STATE_NAME = ".assay"
SKIPPED_DIRECTORIES = frozenset({"__pycache__", "node_modules", "build", "dist", STATE_NAME})
TEST_DIRECTORIES = frozenset({"tests", "test"})


@dataclass(frozen=True, slots=True)
class Project:
    """A directory with a pytest suite.

    `root` is where pytest is started and the state is kept, `repo` the repository's top level
    (`root` itself outside a repository): paths in all data are relative to `repo`.
    `unreadable` says why `config` is not what the project's settings say.
    """

    root: Path
    repo: Path
    is_repository: bool
    config: Config
    pytest_args: tuple[str, ...]
    python: str | None
    environ: Mapping[str, str] = field(hash=False)
    unreadable: UnreadableSettings | None = field(hash=False, default=None)

    @property
    def state(self) -> Path:
        return self.root / STATE_NAME

    @property
    def map_file(self) -> Path:
        return self.state / "map.sqlite"

    @property
    def verdicts_file(self) -> Path:
        return self.state / "verdicts.sqlite"

    @property
    def history_file(self) -> Path:
        return self.state / "history.sqlite"

    @property
    def reports(self) -> Path:
        return self.state / "reports"

    def prepare_state(self) -> None:
        """Create the state directory, ignored by git from within."""
        try:
            self.reports.mkdir(parents=True, exist_ok=True)
            ignore = self.state / ".gitignore"
            if not ignore.exists():
                ignore.write_text("# Made by assay; safe to delete.\n*\n", encoding="utf-8")
        except OSError as problem:
            raise StateError(
                f"cannot write the state directory {self.state} ({problem.strerror}): "
                "make it writable"
            ) from problem
        if not os.access(self.state, os.W_OK):
            raise StateError(f"cannot write the state directory {self.state}: make it writable")

    def settings(self, state: Path) -> ZygoteSettings:
        """How to start a zygote for this project; asks the interpreter what it has."""
        path, how = choose_interpreter(self.root, self.python, self.environ)
        interpreter = check_interpreter(path, how, self.root, self.environ)
        excluded = [*self.excluded_directories(), interpreter.prefix, str(self.state)]
        return ZygoteSettings(
            interpreter=interpreter,
            project=self.root,
            repo=self.repo,
            state=state,
            pytest_args=self.pytest_args,
            excluded=tuple(dict.fromkeys(excluded)),
            memory_limit=self.config.memory_limit,
            collection_limit=self.config.timeout_collection,
            environ=self.environ,
        )

    def limits(self, seconds: Mapping[str, float]) -> Limits:
        return Limits(
            seconds,
            factor=self.config.timeout_factor,
            floor=self.config.timeout_floor,
            unknown=self.config.timeout_unknown,
            collection=self.config.timeout_collection,
        )

    @property
    def workers(self) -> int:
        if self.config.jobs:
            return self.config.jobs
        # macOS cannot say which processors it may use.
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def excluded_directories(self) -> list[str]:
        """Virtual environments near the top of the tree, and what the configuration names."""
        found = [str(self.repo / name) for name in self.config.exclude]
        for top in {self.repo, self.root}:
            for entry in top.iterdir():
                if (entry / "pyvenv.cfg").exists() or entry.name in (".tox", ".nox"):
                    found.append(str(entry))
        return found

    def python_files(self) -> frozenset[str]:
        """Every Python file of the repository, relative to it."""
        skip = {str(Path(path).resolve()) for path in self.excluded_directories()}
        return frozenset(_python_files(str(self.repo), skip))


def open_project(
    directory: Path,
    python: str | None,
    pytest_args: tuple[str, ...],
    environ: Mapping[str, str],
    tolerant: bool = False,
) -> Project:
    """The project in a directory; UsageError if there is none. `tolerant`: settings that cannot be
    read are told of in `unreadable`, in place of an error."""
    root = directory.resolve()
    if not root.is_dir():
        raise UsageError(f"no directory {directory}: give --project a project's directory")
    config, unreadable = Config(), None
    try:
        config = load_config(root)
    except UnreadableSettings as problem:
        if not tolerant:
            raise
        unreadable = problem
    top = find_root(root)
    return Project(
        root=root,
        repo=top or root,
        is_repository=top is not None,
        config=config,
        pytest_args=(*config.pytest_args, *pytest_args),
        python=python or config.python or None,
        environ=environ,
        unreadable=unreadable,
    )


def _python_files(top: str, skip: set[str]) -> Iterator[str]:
    """Relative to `top`. Thousands of files: joining texts is cheaper than making path objects."""
    for directory, names, files in os.walk(top):
        names[:] = [
            name
            for name in names
            if not name.startswith(".")
            and name not in SKIPPED_DIRECTORIES
            and f"{directory}/{name}" not in skip
            and not Path(directory, name, "pyvenv.cfg").exists()
        ]
        inside = directory[len(top) + 1 :]
        for name in files:
            if name.endswith(".py"):
                yield f"{inside}/{name}" if inside else name


def is_test_file(path: str, collected: frozenset[str]) -> bool:
    """Whether a file belongs to the tests: it holds some, serves them, or lies among them."""
    parts = path.split("/")
    name = parts[-1]
    return (
        path in collected
        or name == "conftest.py"
        or (name.startswith("test_") or name.endswith("_test.py"))
        or bool(TEST_DIRECTORIES & set(parts[:-1]))
    )
