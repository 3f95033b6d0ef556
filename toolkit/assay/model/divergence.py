"""One test's traced run, and where two such runs part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Summary = Any
"""A value, as `probe.summary` tells it; objects two levels deep."""


class How(Enum):
    """How a call ended."""

    RETURNED = "returned"
    RAISED = "raised"
    YIELDED = "yielded"
    OPEN = "open"
    """not while it was traced"""
    OTHER = "other"
    """unknown: the function is not the project's, only the call is"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function of the project, or one stretch of a generator or coroutine.

    `path` is relative to the repository, and empty for a function that is not the project's;
    `first_line` that of the function's code, `parent` the index of the call it was made from (-1:
    from code that is not the project's), `line` the line there. `arguments`, `hidden` (plain data
    reached by names of globals, classes and closures), `value` (result, exception or what was
    yielded) and `after` (arguments that had changed when it ended) are summaries; `left` is the
    line it left at.
    """

    path: str
    name: str
    first_line: int
    parent: int
    line: int
    arguments: Mapping[str, Summary] = field(hash=False)
    hidden: Mapping[str, Summary] = field(hash=False)
    how: How
    value: Summary
    after: Mapping[str, Summary] = field(hash=False)
    left: int


@dataclass(frozen=True, slots=True)
class Trace:
    """The calls of one test in the order of their start, set-up and teardown included.

    `cut` says why it ends early ("" if it does not); `events` are calls and returns; `threads` and
    `processes` were started and not traced; `lines` are those one chosen call ran; `seconds` the
    test took under tracing. `shortened` are the functions of which later calls are told by simple
    values only; `modules` what modules held before the test, by path and name, if that was asked.
    """

    calls: tuple[Call, ...]
    lines: tuple[int, ...]
    cut: str
    events: int
    threads: int
    processes: int
    seconds: float
    shortened: tuple[str, ...] = ()
    modules: Mapping[tuple[str, str], Summary] = field(default_factory=dict, hash=False)


class Kind(Enum):
    """What differs first."""

    RESULT = "result"
    """a function returned (or yielded) another value"""
    RAISED = "raised"
    """a function raised, or raised something else, or raised no more"""
    ARGUMENTS = "args"
    """a function handed on other arguments"""
    HIDDEN = "hidden-input"
    """a function read other data than what it was given"""
    MUTATED = "mutated-args"
    """a function left an argument in another state"""
    STRUCTURE = "structure"
    """a function made other calls: a lead, for no value is known to differ"""
    STOPPED = "stopped"
    """a function went no further, where it had gone on to make a call"""
    BRANCH = "branch"
    """a function took another way"""


@dataclass(frozen=True, slots=True)
class Place:
    """A function at head, with the line there that matters."""

    path: str
    line: int
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """A caller above the origin, and how it ended in both runs, in words."""

    place: Place
    base: str
    head: str


@dataclass(frozen=True, slots=True)
class AlignedCall:
    """A call beside its counterpart, in words; "" where one run has none.

    `depth` counts from the first call shown; `is_origin` marks the one that `calls` are around.
    """

    depth: int
    place: Place
    base: str
    head: str
    is_origin: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A function that may be to blame, what differs there (as in `Divergence`), and how that is put
    in a sentence."""

    kind: Kind
    place: Place
    what: str
    in_change: bool
    why: str


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first point at which a test's run at head leaves the one at base.

    `what` names the argument, variable or callee concerned ("" for results); `base` and `head` are
    the values in words, `base_type` and `head_type` the names of their types ("" where there is no
    value); `in_change`: the function's lines overlap the change; `chain` leads from
    the origin up to the test; `test` is the test's line that `test_verb`s what differs; `branch`
    the first line of the origin that only one run came to; `notes` say what was not seen.
    """

    kind: Kind
    place: Place
    what: str
    base: str
    head: str
    in_change: bool
    chain: tuple[Step, ...]
    test: Place | None
    test_verb: str
    candidates: tuple[Candidate, ...]
    calls: tuple[AlignedCall, ...]
    sentence: str
    branch: Place | None = None
    branch_words: str = ""
    base_type: str = ""
    head_type: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoDivergence:
    """Why no such point can be named."""

    reason: str
    notes: tuple[str, ...] = ()
