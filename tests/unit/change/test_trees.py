"""Trees of other commits, and what they leave in the user's repository: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import commit_all, git, start_repository, tree_bytes, write

from assay.change.trees import files_below, trees_of
from assay.errors import UsageError


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    write(root / "a.py", "one\n")
    write(root / "b/c.py", "c\n")
    write(root / ".gitignore", "_version.py\nvenv/\n__pycache__/\n")
    start_repository(root)
    write(root / "a.py", "two\n")
    commit_all(root)
    write(root / "a.py", "three\n")
    write(root / "new.txt", "new\n")
    (root / "b/c.py").unlink()
    write(root / "_version.py", "1\n")
    write(root / "venv/pyvenv.cfg", "\n")
    write(root / "venv/x.py", "\n")
    return root


def test_head_is_the_working_tree_and_base_the_commit(repo: Path) -> None:
    with trees_of(repo) as trees:
        base, head = trees.at(git(repo, "rev-parse", "HEAD~1").strip(), "base"), trees.head("head")
        assert files_below(base) == [".gitignore", "a.py", "b/c.py"]
        assert (base / "a.py").read_text() == "one\n"
        assert files_below(head) == [".gitignore", "a.py", "new.txt"]
        assert (head / "a.py").read_text() == "three\n"
        assert git(head, "rev-parse", "HEAD") == git(repo, "rev-parse", "HEAD")
    assert not base.exists()


def test_nothing_is_written_into_the_repository(repo: Path) -> None:
    before = tree_bytes(repo)
    with trees_of(repo) as trees:
        trees.at(git(repo, "rev-parse", "HEAD").strip(), "base")
        trees.take_ignored([trees.head("head")])
    assert tree_bytes(repo) == before


def test_ignored_files_come_along_and_environments_do_not(repo: Path) -> None:
    with trees_of(repo) as trees:
        head = trees.head("head")
        assert trees.take_ignored([head]) == []
        assert (head / "_version.py").read_text() == "1\n"
        assert not (head / "venv").exists()


def test_a_mixture_has_the_chosen_files_of_the_other_tree(repo: Path) -> None:
    with trees_of(repo) as trees:
        base, head = trees.at(git(repo, "rev-parse", "HEAD").strip(), "base"), trees.head("head")
        mixed = trees.mixed("mixed", head, base, lambda path: path.startswith("b/"))
        assert files_below(mixed) == [".gitignore", "a.py", "b/c.py", "new.txt"]
        assert (mixed / "a.py").read_text() == "three\n"
        other = trees.mixed("other", base, head, lambda path: path.startswith("b/"))
        assert files_below(other) == [".gitignore", "a.py"]


def test_a_commit_that_is_not_there_is_told(repo: Path) -> None:
    with trees_of(repo) as trees, pytest.raises(UsageError, match="git worktree failed"):
        trees.at("0" * 40, "base")


def test_trees_and_mixtures_answer_git_describe(repo: Path, tmp_path: Path) -> None:
    git(repo, "tag", "-a", "v1", "-m", "one")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repo}", str(shallow))
    for one in (repo, shallow):
        with trees_of(one) as trees:
            head = trees.head("head")
            mixed = trees.mixed("mixed", head, head, lambda _: False)
            assert [git(tree, "describe") for tree in (head, mixed)] == ["v1\n", "v1\n"]


def test_submodules_lie_in_each_tree_at_its_own_commit(repo: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    write(vendor / "lib.py", "one\n")
    start_repository(vendor)
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(vendor))
    commit_all(repo)
    commit = git(repo, "rev-parse", "HEAD").strip()
    write(repo / "vendor/lib.py", "two\n")
    before = tree_bytes(repo)
    with trees_of(repo) as trees:
        base, head = trees.base(commit, "base"), trees.head("head")
        assert (base / "vendor/lib.py").read_text() == "one\n"
        assert (head / "vendor/lib.py").read_text() == "two\n"
        assert trees.left == []
    assert tree_bytes(repo) == before


def test_what_fails_in_a_tree_keeps_its_own_error(repo: Path) -> None:
    with pytest.raises(BrokenPipeError), trees_of(repo):
        raise BrokenPipeError


def test_a_linked_work_tree_lends_its_objects_too(repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "--quiet", "--detach", str(linked), "HEAD~1")
    with trees_of(linked) as trees:
        assert (trees.head("head") / "a.py").read_text() == "one\n"
