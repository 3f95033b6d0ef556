"""Facts about git: what is found as base and as change, and that the repository stays as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.change.commits import changed_submodules
from assay.change.diff import DiffMismatch
from assay.change.git import (
    Base,
    diff_file_change,
    find_root,
    resolve_base,
    working_tree_change,
    working_tree_files,
)
from assay.change.semantics import compare
from assay.errors import NothingToCompare, UsageError
from assay.model.change import Change, FileChange


class Repository:
    """A real repository in a directory of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True)
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, path: str, content: str | bytes) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def commit(self, message: str = "a commit", /, **files: str) -> str:
        for name, content in files.items():
            self.write(f"{name}.py", content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def base(self, revision: str | None = None) -> Base:
        return resolve_base(self.root, revision)

    def change(self, revision: str = "HEAD") -> Change:
        return working_tree_change(self.root, self.base(revision))

    def changed(self, revision: str = "HEAD") -> dict[str, FileChange]:
        return {file.path: file for file in self.change(revision).files}

    def statuses(self, revision: str = "HEAD") -> dict[str, str]:
        return {path: file.status.value for path, file in self.changed(revision).items()}


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration of the user's, and none of the repository this checkout is in."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    config = tmp_path / "gitconfig"
    config.write_text(
        "[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = main\n"
        '[commit]\ngpgSign = false\n[protocol "file"]\nallow = always\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def empty(tmp_path: Path) -> Repository:
    root = tmp_path / "project"
    root.mkdir()
    repository = Repository(root)
    repository.git("init", "--quiet")
    return repository


@pytest.fixture
def repository(empty: Repository) -> Repository:
    empty.commit("first", m="one\ntwo\nthree\n", n="x = 1\n")
    return empty


def clone(repository: Repository, to: Path, *options: str) -> Repository:
    repository.git("clone", "--quiet", *options, f"file://{repository.root}", str(to))
    return Repository(to)


# The root


def test_the_root_is_found_from_any_directory_within(repository: Repository) -> None:
    inner = repository.root / "a" / "b"
    inner.mkdir(parents=True)
    assert find_root(inner) == find_root(repository.root) == repository.root.resolve()


def test_a_directory_outside_any_repository_has_no_root(tmp_path: Path) -> None:
    assert find_root(tmp_path) is None


def test_a_directory_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such directory"):
        find_root(tmp_path / "nowhere")


def test_a_missing_git_is_a_usage_error_that_names_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(repository.root))
    with pytest.raises(UsageError, match="cannot run git"):
        find_root(repository.root)


def test_the_environment_of_a_hook_does_not_mislead(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("m.py", "one\n")
    expected = repository.change()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    monkeypatch.setenv("GIT_PREFIX", "sub/")
    monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=9")
    assert find_root(repository.root) == repository.root.resolve()
    assert repository.change() == expected


# The base


def test_a_named_revision_that_head_contains_is_the_base(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("tag", "v1")
    repository.commit("second", m="one\n")
    assert repository.base("v1") == Base(first, f"v1 ({first[:7]})")
    assert repository.base(first) == Base(first, first[:7])


def test_a_branch_that_moved_on_does_not_show_its_own_changes(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit("ours", n="x = 2\n")
    repository.git("checkout", "--quiet", "main")
    repository.commit("theirs", m="other\n")
    repository.git("checkout", "--quiet", "work")
    assert repository.base("main") == Base(first, f"merge base {first[:7]} of main and HEAD")
    assert repository.base() == repository.base("main")
    assert repository.statuses("main") == {"n.py": "modified"}


def test_a_tag_that_is_named_like_the_default_branch_does_not_mislead(
    repository: Repository,
) -> None:
    repository.git("tag", "main")
    second = repository.commit("second")
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit("third", m="one\n")
    assert repository.base().commit == second


@pytest.mark.parametrize("revision", ["nowhere", "--all", "", "HEAD~9", "HEAD:m.py"])
def test_an_unknown_revision_is_refused(repository: Repository, revision: str) -> None:
    with pytest.raises(NothingToCompare, match="unknown revision"):
        repository.base(revision)


def test_unrelated_histories_have_no_base(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit("unrelated")
    with pytest.raises(NothingToCompare, match="unrelated"):
        repository.base("main")


def test_a_shallow_clone_is_named_as_the_reason(repository: Repository, tmp_path: Path) -> None:
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit("ours", n="x = 2\n")
    repository.git("checkout", "--quiet", "main")
    repository.commit("theirs", m="other\n")
    shallow = clone(repository, tmp_path / "shallow", "--depth=1", "--no-single-branch")
    with pytest.raises(NothingToCompare, match="unshallow"):
        shallow.base("origin/work")
    with pytest.raises(NothingToCompare, match="shallow"):
        shallow.base("HEAD~1")
    with pytest.raises(NothingToCompare, match="unshallow"):
        shallow.base()


def test_a_repository_without_commits_has_no_base(empty: Repository) -> None:
    for revision in (None, "main"):
        with pytest.raises(NothingToCompare, match="no commits yet"):
            empty.base(revision)


def test_on_the_default_branch_the_base_is_the_previous_commit(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit("second", m="one\n")
    assert repository.base() == Base(first, f"previous commit {first[:7]}")


def test_a_first_commit_with_nothing_uncommitted_has_no_base(repository: Repository) -> None:
    with pytest.raises(NothingToCompare, match="first commit"):
        repository.base()


@pytest.mark.parametrize("path", ["m.py", "new.py"])
def test_with_uncommitted_changes_the_base_is_head(repository: Repository, path: str) -> None:
    head = repository.commit("second")
    repository.write(path, "changed\n")
    assert repository.base() == Base(head, f"HEAD ({head[:7]}), uncommitted changes only")


def test_ignored_files_and_our_own_state_are_not_uncommitted_changes(
    repository: Repository,
) -> None:
    repository.write(".gitignore", "*.log\n")
    first = repository.git("rev-parse", "HEAD")
    repository.commit("second")
    repository.write("x.log", "x")
    repository.write(".assay/map.db", "x")
    assert repository.base().commit == first


def test_the_remotes_default_branch_comes_before_local_names(
    repository: Repository, tmp_path: Path
) -> None:
    repository.git("branch", "-m", "main", "develop")
    local = clone(repository, tmp_path / "local")
    first = local.git("rev-parse", "HEAD")
    local.git("branch", "main")
    local.commit("unpushed", m="one\n")
    local.git("branch", "-f", "main")
    assert local.base() == Base(first, f"merge base {first[:7]} of origin/develop and HEAD")


def test_a_remote_branch_serves_where_there_is_no_local_one(
    repository: Repository, tmp_path: Path
) -> None:
    local = clone(repository, tmp_path / "local")
    first = local.git("rev-parse", "HEAD")
    local.git("checkout", "--quiet", "--detach")
    local.git("branch", "-D", "main")
    local.git("remote", "set-head", "origin", "--delete")
    local.commit("ours", m="one\n")
    assert local.base() == Base(first, f"merge base {first[:7]} of origin/main and HEAD")


def test_a_configured_default_branch_is_found(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("branch", "-m", "main", "stem")
    repository.git("config", "init.defaultBranch", "stem")
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit("one")
    repository.commit("two")
    assert repository.base().commit == first


def test_without_any_default_branch_the_base_is_the_previous_commit(
    repository: Repository,
) -> None:
    repository.git("branch", "-m", "main", "odd")
    repository.commit("one")
    second = repository.git("rev-parse", "HEAD")
    repository.commit("two")
    assert repository.base().commit == second


# The change


def test_staged_unstaged_and_untracked_changes_are_all_seen(repository: Repository) -> None:
    repository.write("m.py", "one\nTWO\nthree\n")
    repository.write("n.py", "x = 2\n")
    repository.git("add", "n.py")
    repository.write("pkg/new.py", "a\nb\n")
    found = repository.changed()
    assert {path: (file.status.value, set(file.changed_lines)) for path, file in found.items()} == {
        "m.py": ("modified", {2}),
        "n.py": ("modified", {1}),
        "pkg/new.py": ("added", {1, 2}),
    }
    assert found["m.py"].before == b"one\ntwo\nthree\n"
    assert found["m.py"].after == b"one\nTWO\nthree\n"
    assert found["pkg/new.py"].before is None


def test_the_description_says_what_was_compared(repository: Repository) -> None:
    head = repository.git("rev-parse", "HEAD")[:7]
    assert (
        repository.change().description == f"working tree against HEAD ({head}): no files changed"
    )
    repository.write("m.py", "one\n")
    assert repository.change().description.endswith(": 1 file changed")
    repository.write("z.py", "one\n")
    assert repository.change().description.endswith(": 2 files changed")


def test_a_clean_tree_is_an_empty_change(repository: Repository) -> None:
    assert repository.change().files == ()


def test_committed_changes_since_the_base_are_part_of_it(repository: Repository) -> None:
    repository.commit("second", m="one\nthree\n")
    file = repository.changed("HEAD~1")["m.py"]
    assert (file.changed_lines, file.deleted_at) == (frozenset(), frozenset({1}))


def test_a_deleted_file_is_deleted_however_it_went(repository: Repository) -> None:
    (repository.root / "m.py").unlink()
    repository.git("rm", "--quiet", "n.py")
    assert repository.statuses() == {"m.py": "deleted", "n.py": "deleted"}
    assert repository.changed()["m.py"].after is None


def test_a_rename_is_a_deletion_and_an_addition(repository: Repository) -> None:
    repository.git("mv", "m.py", "M.py")
    assert repository.statuses() == {"M.py": "added", "m.py": "deleted"}


def test_another_mode_or_time_is_no_change(repository: Repository) -> None:
    (repository.root / "m.py").chmod(0o755)
    os.utime(repository.root / "n.py", (1, 1))
    assert repository.statuses() == {}


def test_a_file_staged_and_then_deleted_is_no_change(repository: Repository) -> None:
    repository.write("new.py", "x\n")
    repository.git("add", "new.py")
    (repository.root / "new.py").unlink()
    assert repository.statuses() == {}


def test_a_change_staged_and_then_undone_is_no_change(repository: Repository) -> None:
    repository.write("m.py", "other\n")
    repository.git("add", "m.py")
    repository.write("m.py", "one\ntwo\nthree\n")
    assert repository.statuses() == {}


def test_a_file_git_no_longer_tracks_is_compared_by_its_content(repository: Repository) -> None:
    repository.git("rm", "--quiet", "--cached", "m.py", "n.py")
    repository.write("n.py", "x = 2\n")
    assert repository.statuses() == {"n.py": "modified"}


def test_a_file_announced_with_intent_to_add_is_added(repository: Repository) -> None:
    repository.write("new.py", "x\n")
    repository.git("add", "--intent-to-add", "new.py")
    assert repository.statuses() == {"new.py": "added"}
    assert repository.changed()["new.py"].changed_lines == {1}


def test_an_empty_file_can_be_added_and_deleted(repository: Repository) -> None:
    repository.commit("empty", e="")
    (repository.root / "e.py").unlink()
    repository.write("f.py", "")
    assert repository.statuses() == {"e.py": "deleted", "f.py": "added"}


def test_ignored_files_and_our_own_state_are_left_out(repository: Repository) -> None:
    repository.write(".assay/tracked.json", "1")
    repository.write(".gitignore", "*.log\n")
    repository.commit("second")
    repository.write(".assay/tracked.json", "2")
    repository.write("pkg/.assay/map.db", "x")
    repository.write("x.log", "x")
    repository.write(".assayer", "x")
    assert repository.statuses() == {".assayer": "added"}


@pytest.mark.parametrize(
    "name", ['quo"te.py', "tab\t.py", "new\nline.py", "back\\slash.py", "a b.py", "ä.py", " x.py"]
)
def test_names_of_any_kind_are_read(repository: Repository, name: str) -> None:
    repository.write(name, "one\ntwo\n")
    repository.commit("odd name")
    repository.write(name, "one\nTWO\n")
    repository.write(f"u{name}", "one\n")
    found = repository.changed()
    assert {path: set(file.changed_lines) for path, file in found.items()} == {
        name: {2},
        f"u{name}": {1},
    }


@pytest.mark.skipif(sys.platform != "linux", reason="the file system refuses such names")
def test_names_that_are_not_utf8_are_read(repository: Repository) -> None:
    name = os.fsdecode(b"\xff.py")
    repository.write(name, "one\ntwo\n")
    repository.commit("odd name")
    repository.write(name, "one\nTWO\n")
    assert repository.changed()[name].changed_lines == {2}


def test_a_link_counts_by_its_target_and_not_by_what_it_points_to(
    repository: Repository,
) -> None:
    link = repository.root / "link"
    link.symlink_to("m.py")
    repository.commit("a link")
    repository.write("m.py", "other\n")
    assert repository.statuses() == {"m.py": "modified"}
    link.unlink()
    link.symlink_to("nowhere")
    assert repository.changed()["link"].after == b"nowhere"
    link.unlink()
    repository.write("link", "a file\n")
    file = repository.changed()["link"]
    assert (file.before, file.after, file.changed_lines) == (b"m.py", b"a file\n", frozenset({1}))
    assert "link" in compare(repository.change()).other


def test_a_directory_in_place_of_a_file_deletes_it(repository: Repository) -> None:
    (repository.root / "m.py").unlink()
    repository.write("m.py/inner.py", "x\n")
    assert repository.statuses() == {"m.py": "deleted", "m.py/inner.py": "added"}


def test_submodules_and_nested_repositories_are_passed_over(
    repository: Repository, tmp_path: Path
) -> None:
    other = Repository(tmp_path / "other")
    other.root.mkdir()
    other.git("init", "--quiet")
    other.commit("first", a="x\n")
    repository.git("submodule", "--quiet", "add", f"file://{other.root}", "sub")
    repository.commit("a submodule")
    assert changed_submodules(repository.root, "HEAD") == ()
    nested = Repository(repository.root / "sub")
    nested.commit("moved on", a="y\n")
    assert changed_submodules(repository.root, "HEAD") == ("sub",)
    (repository.root / "nested").mkdir()
    Repository(repository.root / "nested").git("init", "--quiet")
    repository.write("nested/x.py", "x\n")
    assert repository.statuses() == {}
    assert repository.statuses("HEAD~1") == {".gitmodules": "added"}


def test_the_files_of_the_tree_are_all_that_is_not_ignored(
    repository: Repository, tmp_path: Path
) -> None:
    other = Repository(tmp_path / "other")
    other.root.mkdir()
    other.git("init", "--quiet")
    other.commit("first", a="x\n")
    repository.git("submodule", "--quiet", "add", f"file://{other.root}", "sub")
    repository.write("nested/x.py", "x\n")
    Repository(repository.root / "nested").git("init", "--quiet")
    repository.write(".gitignore", "*.log\n")
    repository.write("new/größe.txt", "untracked\n")
    repository.write("run.log", "ignored\n")
    repository.write(".assay/map.sqlite", "ours\n")
    (repository.root / "link").symlink_to("nowhere")
    (repository.root / "n.py").unlink()
    assert working_tree_files(repository.root) == {
        *(".gitignore", ".gitmodules", "link", "m.py", "nested/x.py", "new/größe.txt", "sub/a.py")
    }


def test_a_conflict_is_read_as_it_stands_in_the_file(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit("ours", m="one\nours\nthree\n")
    repository.git("checkout", "--quiet", "main")
    repository.commit("theirs", m="one\ntheirs\nthree\n")
    subprocess.run(["git", "merge", "work"], cwd=repository.root, check=False, capture_output=True)
    file = repository.changed()["m.py"]
    assert file.after is not None
    assert b"<<<<<<<" in file.after


def test_line_breaks_that_git_converts_are_no_change(repository: Repository) -> None:
    repository.git("config", "core.autocrlf", "true")
    (repository.root / "m.py").unlink()
    repository.git("checkout", "m.py")
    assert (repository.root / "m.py").read_bytes() == b"one\r\ntwo\r\nthree\r\n"
    os.utime(repository.root / "m.py", (1, 1))
    assert repository.statuses() == {}
    repository.write("m.py", "one\r\nTWO\r\nthree\r\n")
    assert repository.changed()["m.py"].changed_lines == {2}


def test_a_file_git_takes_for_binary_is_a_change_without_lines(repository: Repository) -> None:
    repository.write(".gitattributes", "n.py -diff\n")
    repository.commit("attributes", n="def f():\n    return 1\n")
    repository.write("n.py", "def f():\n    return 2\n")
    assert repository.changed()["n.py"].changed_lines == frozenset()
    (unit,) = compare(repository.change()).units
    assert (unit.unit, unit.lines) == ("f", frozenset({2}))


def test_the_users_settings_for_diffs_do_not_matter(repository: Repository) -> None:
    repository.write("m.py", "one\nTWO\nthree\n")
    expected = repository.change()
    for setting, value in {
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.context": "9",
        "diff.interHunkContext": "9",
        "diff.external": "false",
        "diff.renames": "copies",
        "color.ui": "always",
        "core.quotepath": "true",
        "core.pager": "false",
    }.items():
        repository.git("config", setting, value)
    assert repository.change() == expected


def test_nothing_in_the_repository_moves(repository: Repository) -> None:
    repository.write("m.py", "one\nTWO\n")
    repository.write("new.py", "x\n")
    repository.git("add", "new.py")
    # A file with another time but the same content is what git likes to note in the index.
    os.utime(repository.root / "n.py", (1, 1))
    index = repository.root / ".git" / "index"
    before = (index.read_bytes(), index.stat().st_mtime_ns, repository.git("show-ref"))
    assert repository.change().files
    repository.base()
    assert (index.read_bytes(), index.stat().st_mtime_ns, repository.git("show-ref")) == before
    assert repository.git("status", "--porcelain").splitlines() == ["M m.py", "A  new.py"]


def test_thousands_of_changed_files_are_read(repository: Repository) -> None:
    for number in range(2000):
        repository.write(f"pkg/m{number}.py", f"x = {number}\n")
    repository.commit("many")
    for number in range(2000):
        repository.write(f"pkg/m{number}.py", f"x = -{number}\n")
        repository.write(f"new/m{number}.py", f"x = {number}\n")
    files = repository.change().files
    assert len(files) == 4000
    assert all(file.changed_lines == {1} for file in files)


# A diff


def test_a_diff_that_is_applied_gives_the_same_change_as_git(repository: Repository) -> None:
    repository.commit("more", old="a\nb\nc\nd\ne\nf\n", gone="x\n")
    repository.write("m.py", "one\nTWO\nthree\n")
    repository.write("new.py", "x\n")
    repository.git("mv", "old.py", "renamed.py")
    repository.write("renamed.py", "a\nb\nc\nd\ne\nF\n")
    repository.git("rm", "--quiet", "gone.py")
    repository.git("add", "--all")
    text = repository.git("diff", "--cached", "--find-renames") + "\n"
    assert "rename from" in text
    change = diff_file_change(repository.root, text, "x.diff")
    expected = repository.change()
    assert change.files == expected.files
    assert (change.base, change.description) == ("diff x.diff", "diff x.diff: 5 files changed")


def test_a_pure_rename_and_a_mode_in_a_diff(repository: Repository) -> None:
    repository.git("mv", "m.py", "k.py")
    (repository.root / "n.py").chmod(0o755)
    text = repository.git("diff", "HEAD", "--find-renames") + "\n"
    found = diff_file_change(repository.root, text, "x.diff").files
    assert [(file.path, file.status.value) for file in found] == [
        ("k.py", "added"),
        ("m.py", "deleted"),
    ]


def test_a_binary_file_in_a_diff_is_changed_without_lines(repository: Repository) -> None:
    repository.write("b.bin", b"\0\1")
    repository.commit("binary")
    repository.write("b.bin", b"\0\2")
    (file,) = diff_file_change(repository.root, repository.git("diff") + "\n", "x.diff").files
    assert (file.path, file.status.value, file.changed_lines) == ("b.bin", "modified", frozenset())


def test_an_empty_diff_is_an_empty_change(repository: Repository) -> None:
    change = diff_file_change(repository.root, "", "x.diff")
    assert (change.files, change.description) == ((), "diff x.diff: no files changed")


def test_what_is_not_a_diff_is_refused(repository: Repository) -> None:
    with pytest.raises(NothingToCompare, match=r"x\.diff is not a unified diff"):
        diff_file_change(repository.root, "hello\n", "x.diff")


def test_a_diff_that_is_not_applied_does_not_fit(repository: Repository) -> None:
    text = "--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-one\n+ONE\n"
    with pytest.raises(DiffMismatch, match=r"x\.diff does not fit the working tree: m\.py line 1"):
        diff_file_change(repository.root, text, "x.diff")


@pytest.mark.parametrize("path", ["../m.py", "/etc/passwd", "a/../../m.py"])
def test_a_diff_reaches_no_file_outside_the_repository(repository: Repository, path: str) -> None:
    text = f"--- {path}\n+++ {path}\n@@ -1 +1 @@\n-one\n+ONE\n"
    with pytest.raises(NothingToCompare, match="outside the repository"):
        diff_file_change(repository.root, text, "x.diff")


def test_a_diff_with_a_file_twice_is_refused(repository: Repository) -> None:
    text = "--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-ONE\n+one\n"
    with pytest.raises(NothingToCompare, match="more than once"):
        diff_file_change(repository.root, text + text, "x.diff")


def test_a_submodule_in_a_diff_is_passed_over(repository: Repository) -> None:
    (repository.root / "sub").mkdir()
    lines = "-Subproject commit 1111111\n+Subproject commit 2222222\n"
    text = f"diff --git a/sub b/sub\n--- a/sub\n+++ b/sub\n@@ -1 +1 @@\n{lines}"
    assert diff_file_change(repository.root, text, "x.diff").files == ()


def test_our_own_state_in_a_diff_is_left_out(repository: Repository) -> None:
    text = "--- a/.assay/x\n+++ b/.assay/x\n@@ -1 +1 @@\n-ONE\n+one\n"
    assert diff_file_change(repository.root, text, "x.diff").files == ()
