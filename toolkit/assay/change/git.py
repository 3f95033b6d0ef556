"""What git knows of the project; the only module that runs git, and it changes nothing there."""

from __future__ import annotations

import os
import posixpath
import stat
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.change.diff import (
    DiffMismatch,
    FileDiff,
    MalformedDiff,
    line_changes,
    parse_diff,
    reverse_apply,
)
from assay.errors import NothingToCompare, UsageError
from assay.model.change import Change, FileChange, FileStatus

STATE_DIRECTORY = ".assay"

_LEFTOVERS = frozenset(
    {
        "__pycache__",
        ".hypothesis",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
    }
)
_USUAL_BRANCHES = ("main", "master", "trunk")
_SUBMODULE = "160000"
_NO_FILE = "000000"
_NO_LINES: frozenset[int] = frozenset()

# A hook's git sets these for its own repository and command; they would send ours elsewhere.
_MISLEADING = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIFF_OPTS",
        "GIT_DIR",
        "GIT_EXTERNAL_DIFF",
        "GIT_GLOB_PATHSPECS",
        "GIT_GRAFT_FILE",
        "GIT_ICASE_PATHSPECS",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_LITERAL_PATHSPECS",
        "GIT_NAMESPACE",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)

_OPTIONS = (
    "--no-pager",
    *("-c", "core.quotepath=off"),
    # A file system monitor is a hook of the user's, and may write.
    *("-c", "core.fsmonitor=false"),
)

# The plumbing command rather than `git diff`, which may refresh the index and obeys the user's
# settings for display.
_DIFF = (
    "diff-index",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-renames",
    "--ignore-submodules",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)


@dataclass(frozen=True, slots=True)
class Base:
    """The commit the working tree is compared with, and how it was found, in a few words."""

    commit: str
    description: str


def find_root(directory: Path) -> Path | None:
    """The top of the working tree that holds the directory, None outside of any."""
    if not directory.is_dir():
        raise UsageError(f"no such directory: {directory}")
    done = _run(directory, "rev-parse", "--show-toplevel")
    if done.returncode == 0:
        return Path(os.fsdecode(done.stdout.removesuffix(b"\n"))).resolve()
    if b"dubious ownership" in done.stderr:
        # Git's own words name the setting that helps.
        raise UsageError("git refuses this repository: it belongs to another user", _told(done))
    return None


def head_commit(root: Path) -> str:
    """The commit that is checked out; empty if there is none, or no git."""
    try:
        return _commit(root, "HEAD") or ""
    except UsageError:
        return ""


def log_of_removals(root: Path, commits: int) -> str:
    """What the tree, and then each of the last commits, changed in Python files, as one text of
    patches without context; a line with a byte 1 begins each commit. Empty without a history."""
    patches = "-p -U0 --no-renames --no-color --no-ext-diff --no-textconv".split()
    patches += ["--src-prefix=a/", "--dst-prefix=b/"]
    shown = (f"-n{commits}", "--no-show-signature", "--format=%x01%h")
    where = ("--", "*.py")
    if _commit(root, "HEAD") is None:
        return ""
    now = output_of(root, "diff-index", *patches, "HEAD", *where)
    then = output_of(root, "log", *shown, *patches, *where)
    return "\x01\n" + (now + then).decode("utf-8", "replace")


def resolve_base(root: Path, revision: str | None) -> Base:
    """The commit to compare with: where the named revision, or else the default branch, parted
    from HEAD; on the default branch HEAD itself or, with nothing uncommitted, the commit before.
    """
    head = _commit(root, "HEAD")
    if head is None:
        raise NothingToCompare("the repository has no commits yet: commit once, then run again")
    if revision is not None:
        return _named_base(root, head, revision)
    branch = _default_branch(root)
    if branch is not None:
        base = _merge_base(root, head, branch)
        if base != head:
            return Base(base, f"merge base {base[:7]} of {branch.name} and HEAD")
    return _latest_base(root, head)


def working_tree_change(root: Path, base: Base) -> Change:
    """The files that differ between the base and the working tree, untracked files included."""
    entries = _tracked_entries(root, base.commit)
    untracked = _untracked(root)
    contents = _blobs(root, entries)
    diffs = {file.path: file for file in _patch(root, base.commit)} if entries else {}
    files: list[FileChange] = []
    for path, entry in entries.items():
        if entry.letter == "M" and (path not in diffs or not diffs[path].changes_content):
            continue  # another mode, or only another time or line breaks that git converts
        before = contents[entry.old_blob] if entry.has_content else None
        gone = entry.letter == "D" and path not in untracked
        after = None if gone else _read(root, path)
        # Only a plain modification has lines to tell apart; a file that became a link has not.
        lines = line_changes(diffs[path].hunks) if entry.letter == "M" else None
        files += _file_change(path, before, after, lines)
    for path in untracked - entries.keys():
        files += _file_change(path, None, _read(root, path), None)
    return _change(base.commit, f"working tree against {base.description}", files)


def diff_file_change(root: Path, diff_text: str, name: str) -> Change:
    """The change a diff describes that has been applied to the working tree.

    Read the diff as UTF-8 with surrogate escapes and without translating line breaks. Where it
    only says that a binary file differs, the content before is unknown and taken to be empty.
    """
    try:
        diffs = parse_diff(diff_text)
    except MalformedDiff as error:
        raise NothingToCompare(f"{name} is not a unified diff", (error.message,)) from error
    files: dict[str, FileChange] = {}
    for diff in diffs:
        for change in _undone(root, diff, name):
            if change.path in files:
                raise NothingToCompare(
                    f"{name} has {change.path} more than once: make one diff of its commits"
                )
            files[change.path] = change
    return _change(f"diff {name}", f"diff {name}", files.values())


def working_tree_files(root: Path) -> frozenset[str]:
    """The files of the working tree that are not ignored, relative to the root, submodules' and
    nested repositories' included; assay's own state is left out."""
    listed = output_of(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    found: set[str] = set()
    for name in filter(None, listed.split(b"\0")):
        path = os.fsdecode(name).removesuffix("/")
        place = root / path
        if _is_ours(path):
            continue
        if place.is_dir() and not place.is_symlink():
            # A submodule that was never checked out has no repository of its own.
            if (place / ".git").exists():
                found |= {f"{path}/{inner}" for inner in working_tree_files(place)}
        elif os.path.lexists(place):
            found.add(path)
    return frozenset(found)


# Running git


def _environment(outer: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in outer.items() if name not in _MISLEADING}
    return kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_PAGER": "cat", "LC_ALL": "C"}


def _run(
    directory: Path, *arguments: str, given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *_OPTIONS, *arguments],
            cwd=directory,
            env=_environment(os.environ),
            input=given,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise UsageError(
            f"cannot run git: {error.strerror}: install git or add it to PATH"
        ) from error


def output_of(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints when run there; UsageError with git's own words if it fails."""
    done = _run(root, *arguments, given=given)
    if done.returncode != 0:
        raise UsageError(f"git {arguments[0]} failed in {root}", _told(done))
    return done.stdout


def _told(done: subprocess.CompletedProcess[bytes]) -> tuple[str, ...]:
    return tuple(done.stderr.decode(errors="replace").splitlines())


# The base


@dataclass(frozen=True, slots=True)
class _Tip:
    """A commit, and the branch or revision it was found by."""

    name: str
    commit: str


def _commit(root: Path, revision: str) -> str | None:
    done = _run(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return done.stdout.decode().strip() if done.returncode == 0 else None


def _named_base(root: Path, head: str, revision: str) -> Base:
    # No revision begins with a dash; git would take it for an option.
    tip = None if revision.startswith("-") else _commit(root, revision)
    if tip is None:
        raise NothingToCompare(
            f"unknown revision {revision!r}: name a branch, tag or commit that this clone has, "
            f"or fetch it first{' (the clone is shallow)' if _is_shallow(root) else ''}"
        )
    base = _merge_base(root, head, _Tip(revision, tip))
    if base != tip:
        return Base(base, f"merge base {base[:7]} of {revision} and HEAD")
    if tip.startswith(revision):
        return Base(base, base[:7])
    return Base(base, f"{revision} ({base[:7]})")


def _merge_base(root: Path, head: str, other: _Tip) -> str:
    done = _run(root, "merge-base", head, other.commit)
    if done.returncode == 0:
        return done.stdout.decode().strip()
    if _is_shallow(root):
        raise NothingToCompare(
            f"no merge base of {other.name} and HEAD in this shallow clone: "
            "run `git fetch --unshallow`, or clone with the whole history"
        )
    raise NothingToCompare(
        f"no merge base of {other.name} and HEAD: their histories are unrelated; "
        "name another base with --base"
    )


def _latest_base(root: Path, head: str) -> Base:
    base = Base(head, f"HEAD ({head[:7]}), uncommitted changes only")
    if working_tree_change(root, base).files:
        return base
    parent = _commit(root, "HEAD^1")
    if parent is not None:
        return Base(parent, f"previous commit {parent[:7]}")
    if _is_shallow(root):
        raise NothingToCompare(
            "nothing is uncommitted, and this shallow clone does not have the commit before HEAD: "
            "run `git fetch --unshallow`, or name a base with --base"
        )
    raise NothingToCompare("nothing to compare: all is committed, and HEAD is the first commit")


def default_branch(root: Path) -> str | None:
    """The name of the default branch, without that of a remote."""
    tip = _default_branch(root)
    return None if tip is None else tip.name.removeprefix("origin/")


def remote_address(root: Path) -> str:
    """The address of origin; "" without one."""
    return os.fsdecode(_run(root, "config", "remote.origin.url").stdout).strip()


def _default_branch(root: Path) -> _Tip | None:
    done = _run(root, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    target = os.fsdecode(done.stdout).strip()
    configured = os.fsdecode(_run(root, "config", "init.defaultBranch").stdout).strip()
    names = [*_USUAL_BRANCHES, configured] if configured else [*_USUAL_BRANCHES]
    references = [target] if target else []
    references += [f"refs/heads/{name}" for name in names]
    # A CI checkout often has the remote's branches and neither a local one nor origin/HEAD.
    references += [f"refs/remotes/origin/{name}" for name in names]
    for reference in references:
        commit = _commit(root, reference)
        if commit is not None:
            return _Tip(reference.split("/", 2)[2], commit)
    return None


def _is_shallow(root: Path) -> bool:
    return output_of(root, "rev-parse", "--is-shallow-repository").strip() == b"true"


# What differs


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of `git diff-index --raw`."""

    letter: str
    old_mode: str
    old_blob: str

    @property
    def has_content(self) -> bool:
        return self.old_mode not in (_NO_FILE, _SUBMODULE)


def _tracked_entries(root: Path, commit: str) -> dict[str, _Entry]:
    fields = output_of(root, *_DIFF, "--raw", "-z", commit, "--").split(b"\0")
    entries: dict[str, _Entry] = {}
    for facts, name in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, new_mode, old_blob, _, letter = facts.decode().lstrip(":").split(" ")
        path = os.fsdecode(name)
        if not _is_ours(path):
            entries[path] = _Entry("D" if new_mode == _SUBMODULE else letter, old_mode, old_blob)
    return entries


def _untracked(root: Path) -> set[str]:
    names = output_of(root, "ls-files", "--others", "--exclude-standard", "-z").split(b"\0")
    paths = (os.fsdecode(name) for name in names if name)
    # A repository within the repository is listed as a directory.
    found = {path for path in paths if not path.endswith("/") and not _is_ours(path)}
    environments = _environments(found)
    return {path for path in found if not _is_leftover(path, environments)}


def _environments(paths: Iterable[str]) -> tuple[str, ...]:
    """Virtual environments among the paths, as prefixes."""
    marker = "/pyvenv.cfg"
    return tuple(path.removesuffix(marker) + "/" for path in paths if path.endswith(marker))


def _is_leftover(path: str, environments: tuple[str, ...]) -> bool:
    """Made by tools and forgotten in `.gitignore`: no part of anybody's change."""
    parts = path.split("/")
    return (
        path.startswith(environments)
        or not _LEFTOVERS.isdisjoint(parts)
        or parts[-1] == ".coverage"
        or parts[-1].startswith(".coverage.")
    )


def _patch(root: Path, commit: str) -> tuple[FileDiff, ...]:
    text = output_of(root, *_DIFF, "-p", "-U0", commit, "--")
    return parse_diff(text.decode("utf-8", "surrogateescape"))


def _blobs(root: Path, entries: Mapping[str, _Entry]) -> dict[str, bytes]:
    """The base's contents, through one process however many there are."""
    wanted = sorted({entry.old_blob for entry in entries.values() if entry.has_content})
    if not wanted:
        return {}
    output = output_of(
        root,
        "cat-file",
        "--batch",
        "--buffer",
        given="".join(f"{id_}\n" for id_ in wanted).encode(),
    )
    contents: dict[str, bytes] = {}
    at = 0
    for blob in wanted:
        end = output.index(b"\n", at)
        header = output[at:end].split(b" ")
        if header[-1] == b"missing":
            raise NothingToCompare(f"the clone lacks content of the base ({blob}): fetch it first")
        start, size = end + 1, int(header[-1])
        contents[blob] = output[start : start + size]
        at = start + size + 1
    return contents


def _is_ours(path: str) -> bool:
    return STATE_DIRECTORY in path.split("/")


def _read(root: Path, path: str) -> bytes | None:
    """The content of a file, the target of a symbolic link, None for anything else."""
    place = root / path
    try:
        mode = place.lstat().st_mode
        if stat.S_ISLNK(mode):
            return os.fsencode(place.readlink())
        return place.read_bytes() if stat.S_ISREG(mode) else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


# The change


def _file_change(
    path: str,
    before: bytes | None,
    after: bytes | None,
    lines: tuple[frozenset[int], frozenset[int]] | None,
) -> list[FileChange]:
    """The change of one file, if it is one; all lines of the file where none are given."""
    if before == after:
        return []
    if after is None:
        return [FileChange(path, FileStatus.DELETED, before, None, _NO_LINES, _NO_LINES)]
    status = FileStatus.ADDED if before is None else FileStatus.MODIFIED
    if lines is None or before is None:
        lines = frozenset(range(1, len(after.splitlines()) + 1)), _NO_LINES
    return [FileChange(path, status, before, after, *lines)]


def _undone(root: Path, diff: FileDiff, name: str) -> list[FileChange]:
    if not diff.changes_content or diff.is_submodule:
        return []
    new = _inside(diff.new_path, name)
    old = _inside(diff.old_path, name)
    if _is_ours(new or old or ""):
        return []
    after = _read(root, new) if new else None
    before = _before(after, diff, name)
    if new and old and new != old:
        return [*_file_change(old, before, None, None), *_file_change(new, None, after, None)]
    lines = (_NO_LINES, _NO_LINES) if diff.binary else line_changes(diff.hunks)
    return _file_change(new or old or "", before, after, lines)


def _before(after: bytes | None, diff: FileDiff, name: str) -> bytes | None:
    try:
        return reverse_apply(after, diff)
    except DiffMismatch as error:
        raise DiffMismatch(
            f"{name} does not fit the working tree: {error.message}",
            ("the working tree has to be as it is after the diff",),
        ) from error


def _inside(path: str | None, name: str) -> str | None:
    if path is None:
        return None
    plain = posixpath.normpath(path)
    if plain.startswith(("/", "../")):
        raise NothingToCompare(f"{name} names a file outside the repository: {path}")
    return plain


def _change(base: str, compared: str, files: Iterable[FileChange]) -> Change:
    ordered = tuple(sorted(files, key=lambda file: file.path))
    count = f"{len(ordered) or 'no'} file{'' if len(ordered) == 1 else 's'} changed"
    return Change(base, f"{compared}: {count}", ordered)
