"""Trees of a project at other commits, outside the user's: git's objects are borrowed, and nothing
is written into the user's repository."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assay.change.git import Base, head_commit, output_of, working_tree_change
from assay.errors import StateError, UsageError
from assay.model.change import FileStatus

IGNORED_FILE_LIMIT = 20_000_000
IGNORED_LIMIT = 300_000_000
"""Bytes of one ignored file, and of all, that are taken along."""

_NOT_TAKEN = frozenset(
    """
    .assay .git .hg .hypothesis .mypy_cache .nox .pytest_cache .ruff_cache .tox .venv __pycache__
    build dist env htmlcov node_modules venv
    """.split()
)


@dataclass(frozen=True, slots=True)
class Left:
    """Ignored files of the working tree, and submodules, that were not taken along, and why."""

    path: str
    why: str


@contextlib.contextmanager
def _written(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise UsageError(f"cannot write a tree in {directory}: {problem.strerror}") from problem


class Trees:
    """Makes trees side by side in one temporary directory, each a git work tree of a repository
    that borrows the user's objects (`objects/info/alternates`)."""

    def __init__(self, repo: Path, directory: Path) -> None:
        self._repo = repo
        self._directory = directory
        self.left: list[Left] = []
        self._store = directory / "store.git"
        output_of(directory, "init", "--quiet", "--bare", str(self._store))
        # A hook that the user has for all repositories is none of ours.
        output_of(self._store, "config", "core.hooksPath", os.devnull)
        objects = os.fsdecode(output_of(repo, "rev-parse", "--git-path", "objects")).strip()
        info = self._store / "objects" / "info"
        info.mkdir(parents=True, exist_ok=True)
        # Resolved against the repository: git tells a relative path inside a plain one.
        (info / "alternates").write_text(f"{(repo / objects).resolve()}\n", encoding="utf-8")
        self._take_refs()

    def _take_refs(self) -> None:
        """Tags, and where a shallow clone ends: tests and builds ask `git describe`."""
        asked = ("rev-parse", "--git-path", "shallow")
        shallow = self._repo / os.fsdecode(output_of(self._repo, *asked)).strip()
        if shallow.is_file():
            shutil.copyfile(shallow, self._store / "shallow")
        form = "--format=create %(refname) %(objectname)"
        tags = output_of(self._repo, "for-each-ref", form, "refs/tags")
        output_of(self._store, "update-ref", "--stdin", given=tags)

    def at(self, commit: str, name: str) -> Path:
        """The tree of a commit; UsageError if git cannot make it."""
        place = self._directory / name
        output_of(
            self._store,
            *("worktree", "add", "--quiet", "--force", "--detach", str(place), commit),
        )
        return place

    def base(self, commit: str, name: str) -> Path:
        """The tree of a commit with its submodules, as far as the working tree has them."""
        place = self.at(commit, name)
        for module, path, link in self._modules(place):
            try:
                module.base(link, str(place / path))
            except UsageError:
                self.left.append(Left(path, f"the submodule does not have the commit {link[:7]}"))
        return place

    def head(self, name: str) -> Path:
        """The working tree as it is: HEAD, with what is uncommitted and untracked."""
        commit = head_commit(self._repo)
        place = self.at(commit, name)
        with _written(place):
            for file in working_tree_change(self._repo, Base(commit, "HEAD")).files:
                target = place / file.path
                if file.status is FileStatus.DELETED:
                    target.unlink(missing_ok=True)
                else:
                    copy_file(self._repo / file.path, target)
        for module, path, _ in self._modules(place):
            module.head(str(place / path))
        return place

    def mixed(self, name: str, of: Path, other: Path, from_other: Callable[[str], bool]) -> Path:
        """A copy of the tree `of` in which the files that `from_other` says yes to, by their path
        in the tree, are those of the tree `other`."""
        place = self._directory / name
        with _written(place):
            # Its `.git`, a file, comes along: git tells the same of it as of the tree `of`.
            shutil.copytree(of, place, symlinks=True)
            for path in files_below(place):
                if from_other(path):
                    (place / path).unlink()
            for path in files_below(other):
                if from_other(path):
                    copy_file(other / path, place / path)
        return place

    def take_ignored(self, places: list[Path]) -> list[Left]:
        """Copy what git ignores and the project may need (a version written by the build, a
        compiled extension) from the working tree into the trees; what was left behind."""
        left: list[Left] = []
        total = 0
        for path in self._ignored():
            source = self._repo / path
            try:
                size = source.lstat().st_size
            except OSError:
                continue
            if size > IGNORED_FILE_LIMIT or total + size > IGNORED_LIMIT:
                left.append(Left(path, f"it is ignored by git and has {size / 1e6:.0f} MB"))
                continue
            total += size
            with _written(places[0].parent):
                for place in places:
                    if not (place / path).exists():
                        copy_file(source, place / path)
        return left

    def _modules(self, place: Path) -> list[tuple[Trees, str, str]]:
        """The submodules of a tree that are checked out in the working tree: each with its path and
        the commit that the tree names."""
        found = []
        for path, commit in _links(output_of(place, "ls-tree", "-r", "-z", "HEAD")):
            if (self._repo / path / ".git").exists():
                directory = Path(tempfile.mkdtemp(prefix="module-", dir=self._directory))
                found.append((Trees(self._repo / path, directory), path, commit))
        return found

    def _ignored(self) -> list[str]:
        listed = output_of(
            self._repo, "ls-files", "--others", "--ignored", "--exclude-standard", "-z"
        )
        names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
        environments = tuple(
            name.removesuffix("pyvenv.cfg") for name in names if name.endswith("pyvenv.cfg")
        )
        return [
            name
            for name in names
            if _NOT_TAKEN.isdisjoint(name.split("/"))
            and not name.endswith((".pyc", "/", ".coverage"))
            and not name.startswith(environments or ("\0",))
        ]


def _links(listed: bytes) -> list[tuple[str, str]]:
    """Paths and commits of `git ls-tree -r -z` that are submodules."""
    rows = [row.partition(b"\t") for row in listed.split(b"\0") if row.startswith(b"160000 ")]
    return [(os.fsdecode(path), entry.split()[2].decode()) for entry, _, path in rows]


@contextlib.contextmanager
def trees_of(repo: Path) -> Iterator[Trees]:
    """Trees that are gone afterwards.

    Not below the project: without settings of its own an older tree would take the newer one's,
    which pytest looks for in the directories above.
    """
    try:
        directory = Path(tempfile.mkdtemp(prefix="assay-trees-")).resolve()
    except OSError as problem:
        raise StateError(
            f"cannot make a temporary directory ({problem.strerror}): set TMPDIR"
        ) from problem
    try:
        yield Trees(repo, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def files_below(place: Path) -> list[str]:
    """All files of a tree, relative to it; not git's own."""
    found = []
    for directory, names, files in os.walk(place):
        names[:] = [name for name in names if name not in (".git", "__pycache__")]
        inside = os.path.relpath(directory, place)
        start = "" if inside == "." else f"{inside}/"
        found += [f"{start}{name}" for name in files if name != ".git"]
    return sorted(found)


def copy_file(source: Path, target: Path) -> None:
    """As it is, a link as a link."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.exists():
        target.unlink()
    shutil.copy2(source, target, follow_symlinks=False)
