"""Reads trap files and lays out what they hold; tests/traps/README.md describes them."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile
from pathlib import Path

TRAPS = Path(__file__).parents[1] / "traps"

_OVERLAYS = ("base", "change", "twin")
_LISTS = ("fails", "kept", "broken", "options", "rootdir")
_SECTION = re.compile(r"== (.+)")
_ENTRY = re.compile(r"-- (?:(edit|delete|rename) )?(\S+)(?: -> (\S+))? --")
_BECOMES = "=>"


class TrapError(ValueError):
    """A trap file is not what it must be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is done to one file: `verb` is write, edit, delete or rename.

    `text` is the content to write, or what an edit looks for; `new` what an edit puts there, or
    the path that a rename leads to.
    """

    verb: str
    path: str
    text: str = ""
    new: str = ""

    def apply(self, root: Path) -> None:
        path = root / self.path
        if self.verb == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.text.encode())
        elif self.verb == "edit":
            path.write_bytes(self._edited(path.read_bytes().decode()).encode())
        elif self.verb == "delete":
            path.unlink()
            _remove_empty(path.parent, root)
        else:
            (root / self.new).parent.mkdir(parents=True, exist_ok=True)
            path.rename(root / self.new)
            _remove_empty(path.parent, root)

    def _edited(self, content: str) -> str:
        lines, old = content.splitlines(keepends=True), self.text.splitlines(keepends=True)
        places = [n for n in range(len(lines)) if lines[n : n + len(old)] == old]
        if len(places) != 1:
            raise TrapError(f"{self.path} has {len(places)} times\n{self.text}")
        lines[places[0] : places[0] + len(old)] = [self.new]
        return "".join(lines)


def _remove_empty(directory: Path, root: Path) -> None:
    """Remove directories that hold nothing, upwards, as git does."""
    while directory != root and not any(directory.iterdir()):
        directory.rmdir()
        directory = directory.parent


@dataclass(frozen=True, slots=True)
class Overlay:
    """Entries in order; the environment and pytest's arguments while the tree is like that."""

    entries: tuple[Entry, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()

    def apply(self, root: Path) -> None:
        for entry in self.entries:
            entry.apply(root)


@dataclass(frozen=True, slots=True)
class Trap:
    """A project, a change, the tests that fail then; the README says what each section means."""

    name: str
    about: str
    base: Overlay
    change: Overlay
    fails: frozenset[str]
    twin: Overlay | None
    kept: frozenset[str]
    broken: frozenset[str]
    options: tuple[str, ...]
    rootdir: str


ALL_TRAPS = bool(os.environ.get("ASSAY_ALL_TRAPS"))
"""Whether the variants are sprung too, and plain pytest is asked what fails: `make traps`."""


def trap_names(everything: bool = ALL_TRAPS) -> list[str]:
    """The traps; with `everything` the variants of them in `more/` as well."""
    found = {path.stem for path in TRAPS.glob("*.txt")}
    if everything:
        found |= {path.stem for path in (TRAPS / "more").glob("*.txt")}
    return sorted(found)


def load_trap(name: str) -> Trap:
    path = TRAPS / f"{name}.txt"
    path = path if path.exists() else TRAPS / "more" / f"{name}.txt"
    return parse_trap(name, path.read_text(encoding="utf-8"))


def parse_trap(name: str, text: str) -> Trap:
    """Read a trap; TrapError at the first thing that is not as described."""
    try:
        about, sections = _sections(text)
        overlays = {key: _overlay(lines) for key, lines in sections.items() if key in _OVERLAYS}
        lists = {key: _words(key, sections.get(key)) for key in _LISTS}
        _check(about, overlays, lists)
    except TrapError as problem:
        raise TrapError(f"trap {name}: {problem}") from None
    return Trap(
        name=name,
        about=about,
        base=overlays["base"],
        change=overlays["change"],
        fails=frozenset(lists["fails"]),
        twin=overlays.get("twin"),
        kept=frozenset(lists["kept"]),
        broken=frozenset(lists["broken"]),
        options=tuple(word for line in lists["options"] for word in shlex.split(line)),
        rootdir=lists["rootdir"][0] if lists["rootdir"] else "",
    )


def _check(about: str, overlays: Mapping[str, Overlay], lists: Mapping[str, Sequence[str]]) -> None:
    if not about:
        raise TrapError("nothing says what the trap is")
    for key in ("base", "change"):
        if key not in overlays or not overlays[key].entries:
            raise TrapError(f"no files in {key}")
    if not lists["fails"]:
        raise TrapError("no test fails")


def _sections(text: str) -> tuple[str, dict[str, list[str]]]:
    """What stands above the first section, and the lines of each."""
    about: list[str] = []
    found: dict[str, list[str]] = {}
    lines = about
    for line in text.splitlines():
        heading = _SECTION.fullmatch(line)
        if heading is None:
            lines.append(line)
            continue
        name = heading[1]
        if name not in (*_OVERLAYS, *_LISTS):
            raise TrapError(f"unknown section {name!r}")
        if name in found:
            raise TrapError(f"two sections {name!r}")
        lines = found[name] = []
    return "\n".join(about).strip(), found


def _words(key: str, lines: Sequence[str] | None) -> list[str]:
    """The lines of a list that are not blank; a section that stands there has some."""
    words = [line.strip() for line in lines or () if line.strip()]
    if lines is not None and not words:
        raise TrapError(f"nothing in section {key!r}")
    if len(set(words)) != len(words):
        raise TrapError(f"a line twice in section {key!r}")
    if key == "rootdir" and len(words) > 1:
        raise TrapError("more than one rootdir")
    return words


def _overlay(lines: Sequence[str]) -> Overlay:
    header, *rest = _by_entry(lines)
    env: dict[str, str] = {}
    args: list[str] = []
    for line in filter(None, map(str.strip, header)):
        word, _, value = line.partition(" ")
        if word == "env" and "=" in value:
            key, _, setting = value.partition("=")
            env[key] = setting
        elif word == "args" and value:
            args += shlex.split(value)
        else:
            raise TrapError(f"before the first file only env and args may stand: {line!r}")
    return Overlay(tuple(map(_entry, rest)), env, tuple(args))


def _by_entry(lines: Sequence[str]) -> Iterator[list[str]]:
    """The lines before the first entry, then each entry with its marker."""
    part: list[str] = []
    for line in lines:
        if _ENTRY.fullmatch(line):
            yield part
            part = []
        part.append(line)
    yield part


def _entry(lines: Sequence[str]) -> Entry:
    marker = _ENTRY.fullmatch(lines[0])
    assert marker is not None
    verb, path, new = marker[1] or "write", marker[2], marker[3] or ""
    body = lines[1:]
    if bool(new) != (verb == "rename"):
        raise TrapError(f"not a marker: {lines[0]!r}")
    if verb in ("delete", "rename"):
        if any(map(str.strip, body)):
            raise TrapError(f"text beneath {lines[0]!r}")
        return Entry(verb, path, new=new)
    if verb == "write":
        return Entry(verb, path, _content(body))
    if body.count(_BECOMES) != 1 or body[0] == _BECOMES:
        raise TrapError(f"not `old`, `=>`, `new` beneath {lines[0]!r}")
    at = body.index(_BECOMES)
    return Entry(verb, path, _content(body[:at]), _content(body[at + 1 :]))


def _content(lines: Sequence[str]) -> str:
    """The lines as text, without blank ones at the end."""
    kept = list(dropwhile(lambda line: not line.strip(), reversed(lines)))[::-1]
    return "".join(f"{line}\n" for line in kept)
