"""Which definitions and modules earlier commits had, and the tree has not."""

from __future__ import annotations

from pathlib import Path

from conftest import commit_all, git, start_repository, write

from assay.change.history import Removal, removals


def test_definitions_and_modules_that_went_are_named_with_the_commit(tmp_path: Path) -> None:
    write(tmp_path / "shop.py", "def price(n):\n    return n\n\n\nclass List:\n    x = 1\n")
    write(tmp_path / "ledger.py", "def entries():\n    return []\n")
    start_repository(tmp_path)
    write(tmp_path / "shop.py", "async def cost(n):\n    return n\n")
    (tmp_path / "ledger.py").unlink()
    commit_all(tmp_path)
    commit = git(tmp_path, "rev-parse", "--short", "HEAD").strip()
    assert sorted(removals(tmp_path), key=lambda one: (one.path, one.name)) == [
        Removal("entries", "function", "ledger.py", commit),
        Removal("ledger", "module", "ledger.py", commit),
        Removal("List", "class", "shop.py", commit),
        Removal("price", "function", "shop.py", commit),
    ]


def test_what_is_not_committed_yet_has_no_commit(tmp_path: Path) -> None:
    write(tmp_path / "shop.py", "def price(n):\n    return n\n")
    start_repository(tmp_path)
    write(tmp_path / "shop.py", "def cost(n):\n    return n\n")
    assert removals(tmp_path) == [Removal("price", "function", "shop.py", "")]


def test_a_repository_without_commits_has_no_past(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert removals(tmp_path) == []


def test_the_users_settings_for_patches_change_nothing(tmp_path: Path) -> None:
    write(tmp_path / "shop.py", "def price(n):\n    return n\n")
    start_repository(tmp_path)
    git(tmp_path, "config", "diff.noprefix", "true")
    git(tmp_path, "config", "color.ui", "always")
    (tmp_path / "shop.py").unlink()
    assert {one.path for one in removals(tmp_path)} == {"shop.py"}
