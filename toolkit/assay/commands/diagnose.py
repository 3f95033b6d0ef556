"""`assay diagnose`: why tests fail after a change."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from assay.change.commits import text_at
from assay.commands.common import Context
from assay.comparing import compared
from assay.config import config_of
from assay.diagnosing import diagnosis_of, sides_of
from assay.errors import ExitCode, UsageError
from assay.model.diagnosis import Category, Diagnosis
from assay.patching import with_patches
from assay.pipeline import read_change
from assay.project import Project
from assay.report.diagnosis_json import diagnosis_json
from assay.report.diagnosis_text import diagnosis_text
from assay.report.write import write_json

NOT_OF_THE_CHANGE = frozenset({Category.KNOWN_FAILURE})


@dataclass(frozen=True, slots=True)
class DiagnoseOptions:
    """`patch` is the number of a group of the last diagnosis, whose patch alone is printed."""

    base: str | None
    everything: bool
    format: str
    patch: int | None = None
    trace: bool = False


def run(context: Context, options: DiagnoseOptions) -> int:
    """1 if a test fails that did not fail at base, or none can be run; else 0."""
    if options.patch is not None:
        context.out(kept_patch(context, options.patch))
        return ExitCode.CLEAN
    change = read_change(context.project, options.base, None, submodules_too=True)
    project = with_settings_of_base(context.project, change.change.base)
    with compared(project, change, options.everything, context.progress) as comparison:
        sides = sides_of(comparison)
        found = with_patches(comparison, sides, diagnosis_of(comparison, sides))
    record = diagnosis_json(found)
    write_json(record_file(context), record)
    if options.format == "json":
        context.out(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    else:
        context.show(diagnosis_text(found, options.everything, options.trace))
    return exit_code(found)


def with_settings_of_base(project: Project, base: str) -> Project:
    """Where those of head cannot be read; UsageError if those of base cannot either."""
    if project.unreadable is None:
        return project
    path = project.root / "pyproject.toml"
    text = text_at(project.repo, base, path.relative_to(project.repo).as_posix())
    if text is None:
        return project
    try:
        config = config_of(text, project.root, path)
    except UsageError:
        raise project.unreadable from None
    arguments = (*config.pytest_args, *project.pytest_args)
    python = project.python or config.python or None
    return replace(project, config=config, pytest_args=arguments, python=python)


def record_file(context: Context) -> Path:
    return context.project.reports / "diagnose.json"


def exit_code(found: Diagnosis) -> ExitCode:
    new = [one for one in found.failing if one.category not in NOT_OF_THE_CHANGE]
    return ExitCode.GATE if new else ExitCode.CLEAN


def kept_patch(context: Context, number: int) -> str:
    """The patch of a group of the last diagnosis, counted from 1; UsageError if it has none."""
    try:
        record = json.loads(record_file(context).read_text(encoding="utf-8"))
        groups = record["groups"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            "there is no diagnosis to take a patch from: run `assay diagnose`"
        ) from None
    patch = groups[number - 1]["patch"] if 0 < number <= len(groups) else None
    if patch is None:
        having = [str(n) for n, group in enumerate(groups, start=1) if group["patch"]]
        which = f"groups with one: {', '.join(having)}" if having else "no group has one"
        raise UsageError(f"group {number} of the last diagnosis has no patch ({which})")
    return str(patch["text"])
