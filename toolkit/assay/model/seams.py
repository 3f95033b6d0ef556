"""What a seam is: a call from a function of one module of a project to a function of another, and
what the tests make of it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from assay.model.finding import Evidence

Line = tuple[str, int]
"""A path relative to the repository, and a line counted from 1."""


@dataclass(frozen=True, slots=True)
class ModuleText:
    """A module of the project: its text, and its tree."""

    path: str
    text: str = field(hash=False)
    tree: ast.Module = field(hash=False)


@dataclass(frozen=True, slots=True, order=True)
class End:
    """One end of a seam: a function by path and qualified name (of nested ones the outermost)."""

    path: str
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """A call seen while tests that passed ran: where the two code objects begin."""

    caller: Line
    callee: Line


@dataclass(frozen=True, slots=True, order=True)
class TypeSeen:
    """A type of a value: `shown` with the types of what a container holds, and the built-in types
    that it is or is derived from ("int" and "bool" for True)."""

    shown: str
    builtins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """What a function was seen to return in tests that passed, and had no stand-ins.

    `complete`: not more types than are kept. `times` is in how many tests a return was seen.
    """

    types: frozenset[TypeSeen]
    times: int
    complete: bool


@dataclass(frozen=True, slots=True)
class StandIn:
    """A stand-in that a test which passed put in the place of a function or class of the project.

    `original` is where the real one begins (line 0 for a class, which only has its `name`), `made`
    the line that put it there, `called_from` the lines that called it. `gave` are the built-in
    types of what it was told to return, `annotated` what is wrong with these by the annotation,
    `refused` calls that the real signature does not allow, each as a sentence. `is_spy`: it passes
    calls on.
    """

    test: str
    target: str
    original: Line
    kind: str
    name: str
    made: Line
    called_from: tuple[Line, ...]
    gave: tuple[TypeSeen, ...] = ()
    annotated: str = ""
    refused: tuple[str, ...] = ()
    is_spy: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """All that was seen of the runs.

    `calls` have some of the tests that made them, `returned` is by where the function begins.
    `standins` are those of tests that passed both when recorded and when watched. `ran` are the
    lines that tests which passed ran, by path, bit N for line N; `at_import` those that importing
    ran; `doubtful` those that only other tests ran. `unseen` are texts of test files some of whose
    tests did not pass, or could not be watched.
    """

    calls: Mapping[Call, tuple[str, ...]] = field(hash=False)
    returned: Mapping[Line, Returned] = field(hash=False)
    standins: tuple[StandIn, ...]
    ran: Mapping[str, int] = field(hash=False)
    at_import: Mapping[str, int] = field(hash=False)
    doubtful: Mapping[str, int] = field(hash=False)
    unseen: tuple[str, ...] = ()


class SeamState(Enum):
    """What the tests make of a seam."""

    REAL = "real"
    """a test that passed went from one function to the other"""
    MOCKED = "mocked"
    """tests went to a stand-in for the other function, and none to the real one"""
    UNTESTED = "untested"
    """no test got to the call"""
    UNCLEAR = "unclear"
    """the call's line ran, but what came of it was not seen; or a test may run it that did not
    pass"""


@dataclass(frozen=True, slots=True)
class Seam:
    """Calls from one function of the project to one in another module.

    `lines` are those of the calls in the caller's module, as written (none if they were only seen
    in runs), `tests` some that make the call for real, `standins` those that stood in the callee's
    place when the caller called it. `why` says more of an untested or unclear one.
    """

    caller: End
    callee: End
    lines: tuple[int, ...]
    state: SeamState
    tests: tuple[str, ...] = ()
    standins: tuple[StandIn, ...] = ()
    why: str = ""

    @property
    def mocking(self) -> tuple[str, ...]:
        """The test functions that replace the callee."""
        return tuple(dict.fromkeys(one.test.partition("[")[0] for one in self.standins))


@dataclass(frozen=True, slots=True)
class Drift:
    """Stand-ins for one function that are all unlike it in the same way: the sentences say how;
    `certain` if Python's own binding of arguments says so."""

    standins: tuple[StandIn, ...]
    callee: End
    sentences: tuple[str, ...]
    certain: bool

    @property
    def tests(self) -> tuple[str, ...]:
        """The test functions that have them."""
        return tuple(dict.fromkeys(one.test.partition("[")[0] for one in self.standins))

    @property
    def made(self) -> tuple[Line, ...]:
        """The lines that put them there."""
        return tuple(dict.fromkeys(one.made for one in self.standins))


@dataclass(frozen=True, slots=True)
class SeamCard:
    """One thing to act on: a sentence, where it is, what it rests on, the smallest fix.

    `kind` is "drifted", "mocked" or "untested"; `caller` None where the drifted stand-in was not
    called from another module.
    """

    kind: str
    sentence: str
    at: Line
    caller: End | None
    callee: End
    evidence: tuple[Evidence, ...]
    fix: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Integration:
    """The answer of `assay integration`: all seams, all drifted stand-ins, and the cards in order
    of weight.

    `modules` is how many modules the seams join; `watched` of the `collected` tests were watched
    to the end and passed, `left_out` counts others by the reason.
    """

    project: str
    paths: tuple[str, ...]
    seams: tuple[Seam, ...]
    drifts: tuple[Drift, ...]
    cards: tuple[SeamCard, ...]
    modules: int
    collected: int
    watched: int
    left_out: Mapping[str, int] = field(hash=False)
    notices: tuple[str, ...] = ()
    interrupted: bool = False

    def count(self, state: SeamState) -> int:
        return sum(1 for seam in self.seams if seam.state is state)

    @property
    def drifted(self) -> int:
        """How many stand-ins have drifted, counted by the lines that make them."""
        return len({(drift.callee, made) for drift in self.drifts for made in drift.made})
