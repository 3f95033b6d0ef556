"""What a project may set under `[tool.assay]`, and the defaults."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

from assay.errors import UsageError
from assay.execution.timeouts import COLLECTION, FACTOR, FLOOR, UNKNOWN
from assay.mutation.names import RULE_NAMES


@dataclass(frozen=True, slots=True)
class MutmutConfig:
    """What `[tool.mutmut]` says of where to mutate: globs over files, and patterns over lines."""

    only_mutate: tuple[str, ...] = ()
    do_not_mutate: tuple[str, ...] = ()
    do_not_mutate_patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of a project; docs/verbs.md describes each key.

    `python` is the interpreter of the tests ("" to find one), `pytest_args` come before those of
    the command line, `exclude` are directories (relative to the repository) whose code is not the
    project's own, `jobs` how many mutants run at once (0: one a core), `record_jobs` how many
    processes tests are recorded in, divided by file as pytest-xdist's `loadfile` does (1: in one
    process and in order, as plain pytest runs them), `memory_limit` the MB that a mutant's process
    may map beyond the collected session (0: no limit, None: as much as the machine allows), `keep`
    the rules that are not to leave mutants out, `scheduler` the address of a Dask scheduler whose
    workers run the mutants ("": this machine does), `snapshot_megabytes` how much of the project
    may be sent to it. `accepted` and `baseline` are files, relative to the project, that people
    commit; `gate` is the table of the gate's policy as it is, None without one. `mutmut` comes from
    mutmut's own table.
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
    timeout_collection: float = COLLECTION
    memory_limit: int | None = None
    keep: tuple[str, ...] = ()
    accepted: str = "assay-accepted.toml"
    baseline: str = "assay-baseline.json"
    gate: Mapping[str, Any] | None = field(default=None, hash=False)
    mutmut: MutmutConfig = MutmutConfig()


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


def _megabytes(value: Any) -> int | None:
    if value == "auto":
        return None
    try:
        return _count(value)
    except TypeError:
        raise TypeError('must be a whole number of MB, 0 for none, or "auto"') from None


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise TypeError("must be a number above 0")
    return float(value)


def _rules(value: Any) -> tuple[str, ...]:
    names = _texts(value)
    unknown = [name for name in names if name not in RULE_NAMES]
    if unknown:
        raise TypeError(
            f"has no such rule as {' or '.join(unknown)} (known: {', '.join(RULE_NAMES)})"
        )
    return names


def _patterns(value: Any) -> tuple[str, ...]:
    for pattern in (texts := _texts(value)):
        try:
            re.compile(pattern)
        except re.error as problem:
            raise TypeError(f"has {pattern!r}, which is no pattern ({problem})") from None
    return texts


def _file(value: Any) -> str:
    name = _text(value)
    if not name or name.endswith("/"):
        raise TypeError("must be the name of a file, relative to the project")
    return name


def _table(value: Any) -> Mapping[str, Any]:
    """What a policy says is read where it is used, for it can be given as a file as well."""
    if not isinstance(value, dict):
        raise TypeError("must be a table: [tool.assay.gate]")
    return value


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
    "timeout-collection": _positive,
    "memory-limit": _megabytes,
    "keep": _rules,
    "accepted": _file,
    "baseline": _file,
    "gate": _table,
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


MUTMUT_KEYS: Mapping[str, Callable[[Any], Any]] = {
    "only_mutate": _texts,
    "do_not_mutate": _texts,
    "do_not_mutate_patterns": _patterns,
}


def parse_mutmut(table: Mapping[str, Any], where: str) -> MutmutConfig:
    """mutmut's table, its other keys aside; UsageError with every mistake at once."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    for key, read in MUTMUT_KEYS.items():
        if key in table:
            try:
                values[key] = read(table[key])
            except TypeError as problem:
                problems.append(f"{key} {problem}")
    if problems:
        raise UsageError(f"{where} has mistakes: {'; '.join(problems)}")
    return MutmutConfig(**values)


def _setup_cfg(project: Path) -> MutmutConfig:
    """`[mutmut]` of setup.cfg, where mutmut looks if pyproject.toml has no table for it."""
    path = project / "setup.cfg"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        # What else is wrong with the file is no affair of ours.
        if "[mutmut]" not in text:
            return MutmutConfig()
        parser.read_string(text, str(path))
        names = [key for key in MUTMUT_KEYS if parser.has_option("mutmut", key)]
        lists = {key: list(filter(None, parser.get("mutmut", key).split("\n"))) for key in names}
    except FileNotFoundError:
        return MutmutConfig()
    except (OSError, configparser.Error) as problem:
        raise UsageError(f"{path} cannot be read: {' '.join(str(problem).split())}") from problem
    return parse_mutmut(lists, f"[mutmut] in {path}")


class UnreadableSettings(UsageError):  # noqa: N818 - a problem of the project's
    """`pyproject.toml` is no TOML: what it says for assay is not known."""


def load_config(project: Path) -> Config:
    """`[tool.assay]` and `[tool.mutmut]` of the project; the defaults where there are none."""
    path = project / "pyproject.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config(mutmut=_setup_cfg(project))
    except (OSError, UnicodeDecodeError) as problem:
        raise UnreadableSettings(f"{path} cannot be read: {problem}") from problem
    return config_of(text, project, path)


def config_of(text: str, project: Path, path: Path) -> Config:
    """The same of the text of `pyproject.toml`; `path` is what mistakes are told of."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise UnreadableSettings(f"{path} cannot be read: {problem}") from problem
    tool = document.get("tool", {})
    if not isinstance(tool, dict):
        raise UsageError(f"`tool` in {path} must be a table")
    for name in ("assay", "mutmut"):
        if not isinstance(tool.get(name, {}), dict):
            raise UsageError(f"[tool.{name}] in {path} must be a table")
    config = parse_config(tool.get("assay", {}), str(path))
    if "mutmut" not in tool:
        return replace(config, mutmut=_setup_cfg(project))
    return replace(config, mutmut=parse_mutmut(tool["mutmut"], f"[tool.mutmut] in {path}"))
