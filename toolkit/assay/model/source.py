"""What a piece of source is: a span of text, and the unit (function or module body) it is in."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass

MODULE_UNIT = "<module>"
"""Name of the unit that holds all of a file outside function bodies: constants, class bodies,
signatures, defaults and decorators."""


def unit_name(unit: str) -> str:
    """A unit's name as people know it: which of several of one name it is, its line says."""
    return "(module body)" if unit == MODULE_UNIT else re.sub(r"#\d+", "", unit)


def decode(content: bytes) -> str:
    """A Python file's text by its own coding cookie, without a byte order mark, and with line
    ends as they are. SyntaxError, LookupError or UnicodeDecodeError if it cannot be."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text; lines count from 1, columns from 0 in code points, the end is out."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest piece of a file whose change is tracked.

    `name` is `Class.method` or `function` (nested functions belong to the outermost one) or
    `MODULE_UNIT`. `first_line` and `last_line` are the whole definition including decorators;
    `body_line` is the first line of the body's first statement. `digest` changes when, and only
    when, what the unit does can change.
    """

    name: str
    first_line: int
    body_line: int
    last_line: int
    digest: str

    @property
    def is_module(self) -> bool:
        return self.name == MODULE_UNIT


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file's units at one content.

    `path` is relative to the repository with forward slashes, `sha` the SHA-256 of its bytes in
    hexadecimal. The first unit is always the module body; function units follow in order of lines
    and do not overlap. `problem` says why the file could not be divided (then the module unit
    holds everything, with `sha` as its digest), else it is empty.
    """

    path: str
    sha: str
    units: tuple[Unit, ...]
    problem: str = ""

    @property
    def module(self) -> Unit:
        return self.units[0]

    def unit(self, name: str) -> Unit | None:
        return next((unit for unit in self.units if unit.name == name), None)

    def unit_of_line(self, line: int) -> Unit:
        """The unit whose code the line belongs to: a signature, its decorators and its defaults
        belong to the module body, for they run when the module (or class) is made."""
        for unit in self.units[1:]:
            if unit.body_line <= line <= unit.last_line:
                return unit
        return self.module


def line_ranges(lines: Iterable[int], limit: int = 4) -> str:
    """Lines as short text: `12-14,20`."""
    runs: list[list[int]] = []
    for line in sorted(set(lines)):
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:limit]]
    return ",".join(shown) + (",…" if len(runs) > limit else "")
