"""Why a test's outcome depends on the tests before it: what was found, and by how many runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from assay.model.run import Failure, TestOutcome

Place = tuple[str, int]
"""A path relative to the repository, and a line from 1."""


class Dependence(Enum):
    """How a test depends on others, in the words of iFixFlakies (Shi, Lam, Oei, Xie and Marinov,
    A framework for automatically fixing order-dependent flaky tests, ESEC/FSE 2019)."""

    VICTIM = "victim"
    """passes alone and fails after its polluters"""
    BRITTLE = "brittle"
    """fails alone and passes after its state-setters"""
    FAILS = "fails always"
    FLAKY = "flaky"
    """both outcomes under the same conditions"""
    NONE = "independent"
    """passes alone and after the others"""
    UNKNOWN = "unknown"
    """it could not be told"""


@dataclass(frozen=True, slots=True)
class Leak:
    """State that a test left to the one that was isolated.

    `name` is what holds it, as an expression (`shop.state.SETTINGS['currency']`); `before` and
    `after` are its values without and with the `writer`, for people; `line` is where the writer
    changed it and `test_line` the line of the writer's own file that led there, None where not
    known; `read` whether code that the isolated test ran mentions it; `fix` how the writer would
    leave no trace.
    """

    kind: str
    name: str
    before: str
    after: str
    writer: str
    read: bool
    fix: str
    line: Place | None = None
    test_line: Place | None = None


@dataclass(frozen=True, slots=True)
class Starts:
    """How many times tests were started in a process of their own, and for what."""

    alone: int = 0
    together: int = 0
    search: int = 0
    cleaners: int = 0
    fresh: int = 0

    @property
    def total(self) -> int:
        return self.alone + self.together + self.search + self.cleaners + self.fresh

    @property
    def to_find(self) -> int:
        """Without the look for cleaners, which plain bisection does not take."""
        return self.total - self.cleaners


@dataclass(frozen=True, slots=True)
class Isolation:
    """What is known of how one test depends on those before it.

    `alone` are its outcomes by itself, `together` the one after `before` other tests (None: it did
    not come to run). `causes` is the least set of tests, in order, that makes it end as together:
    its polluters, or its state-setters. `later`: they come after it in the suite's own order.
    `by_state`: found by the state that was seen to leak, not by trying subsets. `confirmed`:
    whether the same happens in a fresh process with nothing else collected (None: not tried).
    `cleaners` are tests after which it passes again; None: not looked for.
    `bisection` is how many starts plain bisection takes for one polluter; `pytest_args` are the
    user's arguments that say how to run, not what.
    """

    test: str
    dependence: Dependence
    alone: tuple[TestOutcome, ...]
    together: TestOutcome | None
    before: int
    causes: tuple[str, ...] = ()
    later: bool = False
    leaks: tuple[Leak, ...] = ()
    cleaners: tuple[str, ...] | None = None
    by_state: bool = False
    confirmed: bool | None = None
    failure: Failure | None = None
    starts: Starts = Starts()
    bisection: int = 0
    notices: tuple[str, ...] = ()
    interrupted: bool = False
    pytest_args: tuple[str, ...] = ()

    @property
    def saved(self) -> int:
        """Starts saved against plain bisection; negative where it would have taken fewer."""
        return self.bisection - self.starts.to_find

    @property
    def is_finding(self) -> bool:
        """Whether something is wrong with the test or those around it."""
        return self.dependence not in (Dependence.NONE, Dependence.UNKNOWN)
