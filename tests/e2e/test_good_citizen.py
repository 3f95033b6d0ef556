"""assay writes `.assay/` and nothing else: not sources, index, `.coverage` nor pytest's cache."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import (
    ALL_PLUGINS,
    CopyProject,
    MappedProject,
    RunAssay,
    git,
    replace_in,
    tree_bytes,
    write,
)

VERBS: dict[str, Sequence[str]] = {
    "map": (),
    "select": (),
    "impact": (),
    "mutate": ("ages.py",),
}


@pytest.mark.parametrize("verb", VERBS)
def test_leaves_the_tree_as_it_was(
    verb: str, copy_project: CopyProject, run_assay: RunAssay
) -> None:
    """With addopts that would write reports, and outputs of the user's own runs in place."""
    project = copy_project("busy_addopts")
    write(project / ".coverage", "the user's own\n")
    write(project / ".pytest_cache" / "v" / "cache" / "lastfailed", "{}\n")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    status = git(project, "status", "--porcelain")
    before = tree_bytes(project)
    done = run_assay(verb, *VERBS[verb], project=project, env=ALL_PLUGINS)
    assert done.code == 0, done.err
    assert tree_bytes(project) == before
    assert git(project, "status", "--porcelain") == status


@pytest.mark.parametrize("verb", VERBS)
def test_creates_no_outputs_of_pytest_or_coverage(
    verb: str, copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("busy_addopts")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    names = {path.name for path in project.iterdir()}
    done = run_assay(verb, *VERBS[verb], project=project, env=ALL_PLUGINS)
    assert done.code == 0, done.err
    new = {path.name for path in project.iterdir()} - names
    assert new == (set() if verb == "select" else {".assay"})
    # The state holds the probe, with its bytecode.
    assert not [p for p in project.rglob("__pycache__") if ".assay" not in p.parts]


def test_state_directory_is_ignored_by_git_from_within(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("well_tested")
    assert run_assay("map", project=project).code == 0
    assert (project / ".assay" / ".gitignore").read_text("utf-8").splitlines()[-1] == "*"
    assert git(project, "status", "--porcelain", "--untracked-files=all") == ""
    git(project, "add", "--all")
    assert git(project, "diff", "--cached", "--name-only") == ""


@pytest.mark.parametrize("verb", VERBS)
def test_leaves_nothing_in_the_temporary_directory(
    verb: str,
    mapped_project: MappedProject,
    run_assay: RunAssay,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    room = tmp_path / "temporary"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    assert run_assay(verb, *VERBS[verb], project=project).code == 0
    assert list(room.iterdir()) == []


def test_works_where_the_sources_cannot_be_written(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    """Mutants are never put on disk: read-only sources (and their times) stay as they are."""
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    source = project / "ages.py"
    source.chmod(0o444)
    stamp = source.stat().st_mtime_ns
    assert run_assay("mutate", "ages.py", project=project).code == 0
    assert source.stat().st_mtime_ns == stamp


def test_does_not_touch_the_users_stale_index(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    """A file whose time changed but not its content makes git want to refresh the index."""
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    (project / "test_ages.py").touch()
    index = (project / ".git" / "index").read_bytes()
    done = run_assay("select", "--format", "ids", project=project)
    assert "test_ages.py::test_double" not in done.lines
    assert (project / ".git" / "index").read_bytes() == index
