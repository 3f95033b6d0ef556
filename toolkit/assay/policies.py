"""Where a gate's policy comes from: presets that ship with assay, the project's table, a file."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from assay.errors import UsageError
from assay.gate.policy import PRESETS, Policy, parse_policy, preset_of
from assay.gate.reading import unknown_key
from assay.project import Project

DEFAULT = "standard"
TABLE = "[tool.assay.gate]"


def load_policy(
    project: Project, preset: str | None, file: Path | None, kinds: Collection[str]
) -> Policy:
    """The policy of the command line's preset or file, else of the project's table, else the
    preset "standard". `kinds` are the kinds of findings there are. UsageError."""
    if preset is not None:
        if preset not in PRESETS:
            raise UsageError(unknown_key(preset, PRESETS).replace("key", "preset", 1))
        return preset_policy(preset, kinds)
    if file is not None:
        table, where = _table_of(file), str(file)
    elif project.config.gate is not None:
        table, where = project.config.gate, f"{TABLE} in {project.root / 'pyproject.toml'}"
    else:
        return preset_policy(DEFAULT, kinds)
    name = preset_of(table, DEFAULT)
    base = preset_policy(name, kinds)
    found = parse_policy(table, where, base, kinds)
    if found == base:
        return base
    return replace(found, name=f"{name}, with {TABLE}" if file is None else file.name)


def preset_policy(name: str, kinds: Collection[str]) -> Policy:
    table = tomllib.loads(preset_text(name))
    return parse_policy(table, f"the preset {name}", Policy(name), kinds)


def preset_text(name: str) -> str:
    """A preset as people copy it: the files of configs/ ship with the package."""
    return template(f"{name}.toml")


def template(name: str) -> str:
    """A file of configs/."""
    return (files("assay") / "configs" / name).read_text(encoding="utf-8")


def _table_of(file: Path) -> Mapping[str, Any]:
    """A policy file has the keys at its top, as the presets have."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise UsageError(f"cannot read the policy {file}: {problem.strerror}") from problem
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(f"the policy {file} is no TOML: {problem}") from problem
    return document
