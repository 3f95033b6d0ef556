"""A mutant from birth to verdict, one type for each stage it passes through."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from assay.model.source import Span


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change to the code.

    `id` is a hash of (path, unit, normalised statement, operator, ordinal): it survives moves and
    reformatting. `unit` is the unit of `SourceFile` it lies in; `scope` the qualified name of the
    innermost function (`outer.<locals>.inner`, `Class.method`) or `MODULE_UNIT`. `span` is the text
    of the head file that is replaced, `original` that text, `replacement` what takes its place.
    `statement_line` is the first line of the innermost statement around it, which is the line that
    coverage records for a simple statement. `lines` are all lines of that statement's own text
    that a test may be recorded on (headers only, for compound statements); of several statements
    that are replaced at once, those of the first. `kind` is the kind of code, a phrase from the
    list in docs/operators.md.
    """

    id: str
    path: str
    unit: str
    scope: str
    operator: str
    span: Span
    original: str
    replacement: str
    statement_line: int
    lines: frozenset[int]
    kind: str = "function"


@dataclass(frozen=True, slots=True)
class Left:
    """A mutant that is not run, with the reason: the name of a rule, or one of a few phrases."""

    mutant: Mutant
    reason: str


class Route(Enum):
    """How a mutant gets into the running program."""

    HOT = "hot"
    """code objects of the function are swapped in a fork of the collected session"""
    COLD = "cold"
    """the module is imported anew, mutated, in a fork that has not imported the project"""


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """One test of a plan, with the seconds after which it counts as timed out.

    `near` says that it ran something of the mutant's file itself, beyond importing it; `direct`
    that it ran the mutated lines themselves, and not only through an import or a shared fixture.
    """

    node_id: str
    limit: float
    near: bool = True
    direct: bool = False


@dataclass(frozen=True, slots=True)
class PlannedMutant:
    """A mutant with the covering tests to run, in order, and the way to run them."""

    mutant: Mutant
    tests: tuple[PlannedTest, ...]
    route: Route


class Status(Enum):
    """What a verdict can be: the words of the mutation-testing-elements report schema."""

    KILLED = "Killed"
    SURVIVED = "Survived"
    NO_COVERAGE = "NoCoverage"
    TIMEOUT = "Timeout"
    COMPILE_ERROR = "CompileError"
    RUNTIME_ERROR = "RuntimeError"
    IGNORED = "Ignored"
    PENDING = "Pending"


SETTLED = frozenset({Status.KILLED, Status.SURVIVED})
"""The verdicts that say something about the tests, and may hold for later runs."""

NOT_REACHED = "not run: the time of --budget was over"
"""The reason of a Pending mutant that was left out on purpose: nothing went wrong."""


@dataclass(frozen=True, slots=True)
class Measured:
    """When a verdict was measured, in seconds since 1970 (UTC), and the commit that was checked out
    then ("" if unknown; the tree may have had changes besides)."""

    at: int
    commit: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happened to a mutant, and what it means.

    `covering` are the node ids of the covering tests in planned order, `killer` the test that
    noticed (for Timeout the test that hung; for RuntimeError a test that failed, but not because
    of the mutant; else empty), `by_assertion` whether it
    noticed by an assertion rather than by a crash, `reason` one sentence wherever the status
    alone does not say why, `seconds` the time its child ran. `reused` tells of a verdict that was
    taken from an earlier run when it was measured; None: in this run.
    """

    mutant: Mutant
    status: Status
    covering: tuple[str, ...]
    killer: str
    by_assertion: bool
    reason: str
    tests_run: int
    seconds: float
    reused: Measured | None = None
