"""What a project may set under `[tool.assay]`, and the defaults."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from assay.errors import UsageError
from assay.execution.timeouts import FACTOR, FLOOR, UNKNOWN


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of a project; docs/verbs.md describes each key.

    `python` is the interpreter of the tests ("" to find one), `pytest_args` come before those of
    the command line, `exclude` are directories (relative to the repository) whose code is not the
    project's own, `jobs` how many mutants run at once (0: one a core), `record_jobs` how many
    processes tests are recorded in, divided by file as pytest-xdist's `loadfile` does (1: in one
    process and in order, as plain pytest runs them), `scheduler` the address of a Dask scheduler
    whose workers run the mutants ("": this machine does), `snapshot_megabytes` how much of the
    project may be sent to it.
    """

    python: str = ""
    pytest_args: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    jobs: int = 0
    record_jobs: int = 1
    scheduler: str = ""
    snapshot_megabytes: int = 256
    timeout_factor: float = FACTOR
    timeout_floor: float = FLOOR
    timeout_unknown: float = UNKNOWN


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("must be a text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("must be a list of texts")
    return tuple(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("must be a whole number, 0 or more")
    return value


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise TypeError("must be a number above 0")
    return float(value)


KEYS: Mapping[str, Callable[[Any], Any]] = {
    "python": _text,
    "pytest-args": _texts,
    "exclude": _texts,
    "jobs": _count,
    "record-jobs": _count,
    "scheduler": _text,
    "snapshot-megabytes": _count,
    "timeout-factor": _positive,
    "timeout-floor": _positive,
    "timeout-unknown": _positive,
}


def parse_config(table: Mapping[str, Any], where: str) -> Config:
    """A table as a Config; UsageError with every mistake at once."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    for key, value in table.items():
        read = KEYS.get(key)
        if read is None:
            problems.append(f"unknown key {key!r} (known: {', '.join(KEYS)})")
            continue
        try:
            values[key.replace("-", "_")] = read(value)
        except TypeError as problem:
            problems.append(f"{key} {problem}")
    if problems:
        raise UsageError(f"[tool.assay] in {where} has mistakes: {'; '.join(problems)}")
    return Config(**values)


def load_config(project: Path) -> Config:
    """`[tool.assay]` of the project's pyproject.toml; the defaults where there is none."""
    path = project / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(f"{path} cannot be read: {problem}") from problem
    tool = document.get("tool", {})
    if not isinstance(tool, dict):
        raise UsageError(f"`tool` in {path} must be a table")
    table = tool.get("assay", {})
    if not isinstance(table, dict):
        raise UsageError(f"[tool.assay] in {path} must be a table")
    return parse_config(table, str(path))
