"""The history of a project's runs, kept in its state directory."""

from __future__ import annotations

import contextlib

from assay.change.git import Base, head_commit, working_tree_change
from assay.errors import AssayError
from assay.history.store import open_history
from assay.model.history import Run, Stamp
from assay.project import Project


def stamp_of(project: Project, at: int) -> Stamp:
    """The time, and what is checked out; `at` in seconds since 1970."""
    if not project.is_repository:
        return Stamp(at)
    commit = head_commit(project.repo)
    dirty: bool | None = None
    if commit:
        # A history is no reason to lose an answer.
        with contextlib.suppress(AssayError):
            dirty = bool(working_tree_change(project.repo, Base(commit, "HEAD")).files)
    return Stamp(at, commit, dirty)


def past_runs(project: Project) -> tuple[tuple[Run, ...], str]:
    """The runs so far, the oldest first, and what has to be said of the file ("" if nothing)."""
    if not project.history_file.exists():
        return (), ""
    with open_history(project.history_file) as history:
        return tuple(history.runs()), history.notice


def keep_run(project: Project, run: Run) -> None:
    project.prepare_state()
    with open_history(project.history_file) as history:
        history.add(run)
