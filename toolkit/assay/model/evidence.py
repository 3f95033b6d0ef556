"""What a failing test left behind: the exceptions, where they came through, and of which phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class FrameKind(Enum):
    """Whose code a frame of a traceback is."""

    TEST = "test"
    CONFTEST = "conftest"
    SOURCE = "source"
    MOCK = "mock"
    """`unittest.mock`"""
    PYTEST = "pytest"
    """pytest itself and its plug-ins"""
    STDLIB = "stdlib"
    LIBRARY = "library"
    """installed, and none of the project's"""


FrameKind.__test__ = False  # type: ignore[attr-defined]

WHOLE_SUITE = "pytest"
"""Stands for the test file where pytest collects nothing, and no file is known to be the reason."""


def is_kept_by(path: str, broken: str) -> bool:
    """Whether a test file cannot be collected because something broken is in its way: itself, a
    conftest or a directory that it lies below, or whatever the whole suite suffers from."""
    below = f"{broken}/".removesuffix("conftest.py/")
    return broken in (path, WHOLE_SUITE) or path.startswith(below)


OF_THE_PROJECT = frozenset({FrameKind.TEST, FrameKind.CONFTEST, FrameKind.SOURCE})


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of a traceback, as it stood when the exception came through.

    `path` is relative to the tree for the project's own files, absolute for others. `columns` are
    the first and the end column (bytes of UTF-8, from 0) of what was evaluated, None if unknown.
    `source` is the text of the project's line.
    """

    kind: FrameKind
    path: str
    module: str
    function: str
    line: int
    end_line: int
    columns: tuple[int, int] | None
    source: str

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Raised:
    """One exception of a chain.

    `type` is its class's qualified name with its module (builtins without), `bases` the names of
    the classes it inherits from, itself first. `message` is its text, bounded. `attributes` are
    those facts that Python and pytest keep beside the text, as plain data: `name`, `path` and
    `name_from` of an ImportError; `name` and `obj` of an AttributeError, `obj` as a mapping with
    `kind` (module, class, instance, none, mock), `name` and `path`; `name` of a NameError; `key` of
    a KeyError; `errno` and `filename` of an OSError; `argname` and `available` of a fixture that
    is not there. `relation` says how it belongs to the one before it in the chain: "" for the
    first, which is the one that ended the phase, "cause", "context" or "member" (of a group).
    `frames` are from the outside in.
    """

    type: str
    bases: tuple[str, ...]
    message: str
    attributes: Mapping[str, Any] = field(hash=False)
    frames: tuple[Frame, ...]
    relation: str = ""

    @property
    def short_type(self) -> str:
        return self.type.rpartition(".")[2]

    @property
    def first_line(self) -> str:
        return self.message.strip().split("\n", 1)[0]

    def is_a(self, *names: str) -> bool:
        """Whether it is of a class of one of the names, or inherits from one."""
        return any(name in self.bases for name in names)

    @property
    def last_frame(self) -> Frame | None:
        return self.frames[-1] if self.frames else None

    @property
    def last_own_frame(self) -> Frame | None:
        """The innermost frame of the project: its tests, conftests and sources."""
        return next((f for f in reversed(self.frames) if f.kind in OF_THE_PROJECT), None)

    @property
    def last_source_frame(self) -> Frame | None:
        return next((f for f in reversed(self.frames) if f.kind is FrameKind.SOURCE), None)

    @property
    def last_test_frame(self) -> Frame | None:
        tests = (FrameKind.TEST, FrameKind.CONFTEST)
        return next((f for f in reversed(self.frames) if f.kind in tests), None)

    def came_through(self, file: str, function: str = "") -> bool:
        """Whether a frame lies in a file whose path ends so, in the function if one is named."""
        return any(
            f.path.endswith(file) and function in ("", f.function, f.function.rpartition(".")[2])
            for f in self.frames
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """One failing phase of one test: `phase` is collect, setup, call or teardown.

    `test` is the node id, or that of the collector (a file) for "collect". `chain` is never empty:
    a test that failed without an exception (one that was expected to fail and passed; one that
    took its process down) has one of type "" with the reason as its message.
    """

    test: str
    phase: str
    chain: tuple[Raised, ...]

    @property
    def error(self) -> Raised:
        """The exception that ended the phase."""
        return self.chain[0]

    @property
    def main(self) -> Raised:
        """The exception to speak of: where collecting failed, that which began it."""
        return self.root if self.phase == "collect" else self.error

    @property
    def root(self) -> Raised:
        """The exception that began it: behind conftest and collection errors stands another."""
        return next((one for one in reversed(self.chain) if one.relation != "context"), self.error)
