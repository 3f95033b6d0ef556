"""What is written down with the map, so that a later selection need not ask pytest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from assay.execution.environment import INI_FILES, OTHER_INI_FILES, stamp
from assay.execution.interpreter import probe_environment
from assay.project import Project
from assay.selection.ini import settings as pytest_settings


def stamp_of(project: Project, interpreter: str, search_path: Iterable[str]) -> str:
    directories = [project.root, *project.root.parents]
    inside = [d for d in directories if d.is_relative_to(project.repo)]
    files = [d / name for d in inside for name in (*INI_FILES, *OTHER_INI_FILES)]
    settings = [
        f"{file.relative_to(project.repo)}={pytest_settings(file.name, file.read_bytes())}"
        for file in files
        if file.is_file()
    ]
    environ = probe_environment(project.environ)
    return stamp(interpreter, search_path, project.pytest_args, environ, settings)


def facts_of(
    project: Project,
    interpreter: str,
    search_path: Sequence[str],
    roots: Iterable[str],
    inifile: str,
) -> dict[str, str]:
    """The facts of a complete run: its `sys.path`, the roots of imports, pytest's own file."""
    prefix = f"{project.repo}/"
    # Through links and `..` as well: `repo/../site` only looks as if it lay inside.
    real = [str(Path(entry).resolve()) for entry in search_path]
    outside = [entry for entry in real if not f"{entry}/".startswith(prefix)]
    # Inside the repository only what is installed counts: the rest is compared file by file.
    installed = [e for e in real if e not in outside and list(Path(e).glob("*.*-info"))]
    told = [*outside, *installed]
    return {
        "stamp": stamp_of(project, interpreter, told),
        "search_path": "\0".join(told),
        "roots": "\0".join(roots),
        "inifile": inifile.removeprefix(prefix),
    }
