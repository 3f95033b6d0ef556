"""What running tests yields: the collected items, each test's outcome, and a child's end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class TestOutcome(Enum):
    """How one test ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    NOT_RUN = "not run"


# pytest collects classes called Test*: these are data, not tests.
TestOutcome.__test__ = False  # type: ignore[attr-defined]

GOOD = frozenset(
    {TestOutcome.PASSED, TestOutcome.SKIPPED, TestOutcome.XFAILED, TestOutcome.XPASSED}
)
"""How a test ends that is no failure."""


@dataclass(frozen=True, slots=True)
class CollectedItem:
    """One test as pytest collected it.

    `path` is its file relative to the repository (absolute when outside it), `line` counts from 1
    (0: unknown), `is_doctest` tells items that live in source files.
    """

    node_id: str
    path: str
    line: int
    is_doctest: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a test failed: bounded text, made without trusting the objects involved.

    `phase` is setup, call or teardown; `by_assertion` is true when the exception is an
    AssertionError (or pytest's own Failed, as from `pytest.raises`).
    """

    phase: str
    exception: str
    message: str
    by_assertion: bool
    excerpt: str


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test's run; `seconds` is set-up, call and teardown together."""

    __test__ = False

    node_id: str
    outcome: TestOutcome
    seconds: float
    failure: Failure | None


class ChildEnd(Enum):
    """How a child process ended."""

    FINISHED = "finished"
    """ran what was planned, or stopped at the first failure as planned"""
    TIMEOUT = "timeout"
    """a test ran over its limit and the process group was killed"""
    DIED = "died"
    """ended by a signal or an exit of its own before saying it had finished"""
    BROKEN = "broken"
    """the mutant could not be put in place, or our own code failed"""
    OVER = "over"
    """mutated code went round more often than its limit allows"""
    STOPPED = "stopped"
    """asked to stop early by an interrupt"""


class TrialEnd(Enum):
    """What became of a mutant that was tried with others in one process."""

    KILLED = "killed"
    """a test failed, and passed again with the unmutated code"""
    OPEN = "open"
    """no test tried here failed"""
    SPOILED = "spoiled"
    """a test failed with the unmutated code too: the process is of no more use"""
    UNFIT = "unfit"
    """it could not be put in place"""
    OVER = "over"
    """it went round more often than the limit allows"""


@dataclass(frozen=True, slots=True)
class Trial:
    """One mutant's trial: its place in the batch, how many tests ran, the last one's failure.

    Of a trial with one test only: `test`, whether it `entered` the mutated code, and why the mutant
    was unfit (`detail`).
    """

    index: int
    end: TrialEnd
    ran: int
    result: TestResult | None
    test: str = ""
    entered: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a child process did, before anything is made of it.

    `results` are the tests it finished, `current` the node id it was in when it ended abnormally,
    `entered` whether the mutated code was entered at all, `unfit` why the mutant could not be put
    in place by the route tried, `collect_error` what made collection fail in the child, `missing`
    the planned tests it did not collect, `detail` the exit status, signal or error of an end that
    is not FINISHED, `ticks` the most rounds that mutated code went in one test, `trials` those of a
    batch, `observed` what was seen of each test that was watched (as `probe.observe` tells it),
    `failed_at` the lines of its own file that a test's exception passed.
    """

    end: ChildEnd
    results: tuple[TestResult, ...]
    current: str
    entered: bool
    unfit: str
    collect_error: str
    missing: tuple[str, ...]
    detail: str
    seconds: float
    ticks: int = 0
    trials: tuple[Trial, ...] = ()
    observed: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    failed_at: Mapping[str, tuple[int, ...]] = field(default_factory=dict, hash=False)
