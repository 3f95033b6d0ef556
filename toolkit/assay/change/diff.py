"""How a unified diff reads, what it says about lines, and how to undo it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.errors import NothingToCompare

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
# diff -N dates the side that does not exist at the epoch, in the zone of whoever ran it.
_EPOCH = re.compile(r"(1969-12-31|1970-01-01) \d\d:\d\d:\d\d")
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPED = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
    b'"': b'"',
    b"\\": b"\\",
}
_ABSENT = "/dev/null"
# What `diff.mnemonicPrefix` puts in place of a/ and b/: commit, index, work tree, object.
_PREFIXES = (("a/", "b/"), ("c/", "w/"), ("c/", "i/"), ("i/", "w/"), ("o/", "w/"))


class MalformedDiff(NothingToCompare):
    """The text is not a unified diff, or one that cannot be read."""


class DiffMismatch(NothingToCompare):
    """The side of the diff that should be the file's content is not."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One stretch of a file before and after.

    `lines` keep their leading space, `+` or `-` and their line break; a last line without a line
    break has none. Bytes that are not UTF-8 are surrogate escapes. Starts count from 1; where a
    side has no lines its start is the line before, as in the diff itself.
    """

    old_start: int
    new_start: int
    lines: tuple[str, ...]

    @property
    def old(self) -> list[bytes]:
        return _side(self.lines, "-")

    @property
    def new(self) -> list[bytes]:
        return _side(self.lines, "+")


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file of a diff.

    A path is None where the file does not exist on that side; the two differ only for a rename (a
    copy has no old path). A `binary` difference says that the contents differ and no more.
    """

    old_path: str | None
    new_path: str | None
    hunks: tuple[Hunk, ...]
    binary: bool = False

    @property
    def path(self) -> str:
        return self.new_path or self.old_path or ""

    @property
    def changes_content(self) -> bool:
        """Whether anything but the file's mode differs."""
        return bool(self.hunks) or self.binary or self.old_path != self.new_path

    @property
    def is_submodule(self) -> bool:
        lines = [line for hunk in self.hunks for line in hunk.lines]
        return bool(lines) and all(line[1:].startswith("Subproject commit ") for line in lines)


def parse_diff(text: str) -> tuple[FileDiff, ...]:
    """Read a unified diff as git or diff write it; prose around the files is passed over.

    Raises MalformedDiff where a hunk breaks off, for a merge's combined diff, and for text that
    is not empty and names no file.
    """
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if all(line.endswith("\r") for line in lines):
        # Not the content's line breaks, which headers do not have: the diff itself was converted.
        lines = [line[:-1] for line in lines]
    files = _Parser(lines).files()
    if not files and text.strip():
        raise MalformedDiff("no file header found")
    return files


def line_changes(hunks: Iterable[Hunk]) -> tuple[frozenset[int], frozenset[int]]:
    """The changed lines and the places of deletions, as FileChange has them."""
    changed: set[int] = set()
    deleted_at: set[int] = set()
    for hunk in hunks:
        line = _first_new_line(hunk)
        added = removed = False
        for text in (*hunk.lines, " "):
            if text[0] == "+":
                changed.add(line)
                added = True
            elif text[0] == "-":
                removed = True
            else:
                if removed and not added:
                    deleted_at.add(line - 1)
                added = removed = False
            line += text[0] != "-"
    return frozenset(changed), frozenset(deleted_at)


def reverse_apply(after: bytes | None, file: FileDiff) -> bytes | None:
    """The content before the diff, from the content after it.

    None stands for a file that does not exist. What a binary difference replaced is unknown and
    taken to be empty. Raises DiffMismatch when `after` is not what the diff leads to.
    """
    if file.new_path is None:
        if after is not None:
            raise DiffMismatch(f"{file.path}: the diff deletes this file, and it exists")
        return b"".join(line for hunk in file.hunks for line in hunk.old)
    if after is None:
        raise DiffMismatch(f"{file.path}: the diff has this file, and it does not exist")
    if file.binary:
        return None if file.old_path is None else b""
    # readlines() splits at line feeds only, as diff does.
    content = io.BytesIO(after).readlines()
    before: list[bytes] = []
    done = 0
    for hunk in file.hunks:
        start = _first_new_line(hunk) - 1
        _check_fit(file.path, hunk, content, start, done)
        before += content[done:start]
        before += hunk.old
        done = start + len(hunk.new)
    before += content[done:]
    if file.old_path is not None:
        return b"".join(before)
    if before:
        raise DiffMismatch(f"{file.path}: the diff adds this file, and it has lines of its own")
    return None


def _check_fit(path: str, hunk: Hunk, content: Sequence[bytes], start: int, done: int) -> None:
    if start < done:
        raise DiffMismatch(f"{path} line {start + 1}: the diff comes back to an earlier line")
    for offset, expected in enumerate(hunk.new):
        at = start + offset
        found = content[at] if at < len(content) else None
        if found != expected:
            raise DiffMismatch(
                f"{path} line {at + 1}: the diff has {_excerpt(expected)}, "
                f"the file has {'no such line' if found is None else _excerpt(found)}"
            )
    if start > len(content):
        raise DiffMismatch(f"{path} line {start}: the diff names a line past the end of the file")


def _excerpt(line: bytes) -> str:
    text = line.decode(errors="replace")
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _side(lines: Iterable[str], sign: str) -> list[bytes]:
    return [line[1:].encode("utf-8", "surrogateescape") for line in lines if line[0] in (" ", sign)]


def _first_new_line(hunk: Hunk) -> int:
    """The line of the new file at which the hunk begins; it begins after a start without lines."""
    return hunk.new_start + all(line[0] == "-" for line in hunk.lines)


class _Parser:
    """Reads line by line: a header tells what the section is, hunks are read by their counts."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._at = 0

    def files(self) -> tuple[FileDiff, ...]:
        found: list[FileDiff] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.startswith("diff --git "):
                found.append(self._git_file())
            elif line.startswith(("diff --cc ", "diff --combined ")):
                raise MalformedDiff(
                    f"line {self._at + 1}: a merge's combined diff cannot be undone"
                )
            elif self._at_names():
                found.append(self._plain_file())
            elif _HUNK.match(line):
                raise MalformedDiff(f"line {self._at + 1}: a hunk without a file header")
            else:
                self._at += 1
        return tuple(found)

    def _git_file(self) -> FileDiff:
        old, new = _split_git_names(self._take().removeprefix("diff --git "))
        binary = copied = False
        while self._at < len(self._lines) and not self._at_names():
            line = self._lines[self._at]
            key, _, value = line.partition(" ")
            if line.startswith("new file mode "):
                old = None
            elif line.startswith("deleted file mode "):
                new = None
            elif line.startswith(("rename from ", "copy from ")):
                old, copied = _unquote(value.removeprefix("from ")), key == "copy"
            elif line.startswith(("rename to ", "copy to ")):
                new = _unquote(value.removeprefix("to "))
            elif line.startswith("Binary files ") or line == "GIT binary patch":
                binary = True
            elif not line.startswith(("index ", "old mode ", "new mode ", "similarity ", "dissim")):
                break
            self._at += 1
        hunks: tuple[Hunk, ...] = ()
        if self._at < len(self._lines) and self._at_names():
            named = self._names()
            # The header knows better whether there are prefixes: it has both names for a new file.
            old, new = named if old is None and new is None else (old, new)
            hunks = self._hunks()
        if old is None and new is None:
            raise MalformedDiff(f"line {self._at}: cannot tell which file this is about")
        return FileDiff(None if copied else old, new, hunks, binary)

    def _plain_file(self) -> FileDiff:
        old, new = self._names()
        hunks = self._hunks()
        if not hunks:
            raise MalformedDiff(f"line {self._at}: a file header without a hunk")
        # Unlike git, diff compares any two files: `x.py.orig` and `x.py` are one file at two times.
        return FileDiff(old and (new or old), new, hunks)

    def _at_names(self) -> bool:
        if not self._lines[self._at].startswith("--- "):
            return False
        following = self._at + 1
        return following < len(self._lines) and self._lines[following].startswith("+++ ")

    def _names(self) -> tuple[str | None, str | None]:
        old = _header_name(self._take().removeprefix("--- "))
        new = _header_name(self._take().removeprefix("+++ "))
        if old is None and new is None:
            raise MalformedDiff(f"line {self._at}: the file exists on neither side")
        return _strip_prefixes(old, new)

    def _hunks(self) -> tuple[Hunk, ...]:
        hunks: list[Hunk] = []
        while self._at < len(self._lines):
            match = _HUNK.match(self._lines[self._at])
            if match is None:
                break
            self._at += 1
            hunks.append(self._hunk(match))
        return tuple(hunks)

    def _hunk(self, match: re.Match[str]) -> Hunk:
        old_start, old_left, new_start, new_left = (
            1 if group is None else int(group) for group in match.groups()
        )
        lines: list[str] = []
        while old_left or new_left:
            # An empty line is an empty context line from which a mailer took the space.
            line = self._take() or " "
            if line[0] not in " +-":
                raise MalformedDiff(f"line {self._at}: not a line of a hunk: {line[:60]!r}")
            old_left -= line[0] != "+"
            new_left -= line[0] != "-"
            if min(old_left, new_left) < 0:
                raise MalformedDiff(f"line {self._at}: the hunk has more lines than it announces")
            lines.append(line + "\n")
            if self._at < len(self._lines) and self._lines[self._at].startswith("\\"):
                self._at += 1
                lines[-1] = line
        return Hunk(old_start, new_start, tuple(lines))

    def _take(self) -> str:
        if self._at == len(self._lines):
            raise MalformedDiff(f"line {self._at}: the diff breaks off within a hunk")
        self._at += 1
        return self._lines[self._at - 1]


def _header_name(text: str) -> str | None:
    """The path of a `---` or `+++` line, None for a file that does not exist."""
    if text.startswith('"'):
        return _unquote(text)
    name, _, date = text.rstrip("\r").partition("\t")
    return None if name == _ABSENT or _EPOCH.match(date) else name


def _split_git_names(text: str) -> tuple[str | None, str | None]:
    """The two paths of a `diff --git` line, None where blanks in them make it ambiguous."""
    if text.startswith('"'):
        end = re.match(r'"(?:[^"\\]|\\.)*"', text)
        if end is None:
            return None, None
        return _strip_prefixes(_unquote(end[0]), _unquote(text[end.end() + 1 :]))
    # The names are equal except for a rename, which says its names again.
    middle = len(text) // 2
    old, new = _strip_prefixes(text[:middle], text[middle + 1 :])
    return (old, new) if old == new and text[middle : middle + 1] == " " else (None, None)


def _strip_prefixes(old: str | None, new: str | None) -> tuple[str | None, str | None]:
    for before, after in _PREFIXES:
        if (old is None or old.startswith(before)) and (new is None or new.startswith(after)):
            return old and old[len(before) :], new and new[len(after) :]
    return old, new


def _unquote(text: str) -> str:
    """A path as git writes it: in quotes, with C escapes, where it holds unusual characters."""
    if not (len(text) > 1 and text[0] == text[-1] == '"'):
        return text
    raw = text[1:-1].encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_unescape, raw).decode("utf-8", "surrogateescape")


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return _ESCAPED[code] if code in _ESCAPED else bytes([int(code, 8) & 0xFF])
