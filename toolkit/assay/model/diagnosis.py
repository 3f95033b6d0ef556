"""What is told of failing tests after a change: category, causes, whose fault, groups, order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from assay.model.divergence import Divergence, NoDivergence
from assay.model.evidence import Evidence
from assay.model.run import TestOutcome
from assay.model.verification import TestCode


class Category(Enum):
    """What a test that does not simply pass on both sides is."""

    NEW_FAILURE = "new failure"
    """passes at base, fails at head, and fails alone"""
    KNOWN_FAILURE = "known failure"
    """fails at base too"""
    FLAKY = "flaky"
    """has had both outcomes on the same code"""
    ORDER_DEPENDENT = "order-dependent"
    """the outcome depends on which tests ran before"""
    COLLECTION_ERROR = "collection error"
    """pytest cannot collect it any more"""
    ENVIRONMENT = "environment"
    """fails by something outside the project"""
    NEW_TEST_FAILS = "new test fails"
    """there was no such test at base"""
    NEWLY_SKIPPED = "newly skipped"
    VANISHED = "vanished"
    """there is no such test at head, and no other file broke"""
    NEWLY_PASSING = "newly passing"


class Fault(Enum):
    """Whose fault a failure is."""

    CODE = "code"
    TEST = "test"
    ENVIRONMENT = "environment"
    UNDECIDED = "undecided"


class Certainty(Enum):
    """How much of what a cause's rule asks for was seen."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    HEURISTIC = "heuristic"


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that was seen: `label` says what kind, `text` is a line or a few, `place` is
    "path:line" or ""; `side` is "base", "head" or ""."""

    label: str
    text: str
    place: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that speaks for a fault, in words; for none, if the fault is undecided.

    `alone`: it may decide a verdict by itself. One of a kind that was seen to be wrong too often in
    replayed histories may not.
    """

    fault: Fault
    words: str
    place: str = ""
    alone: bool = True


@dataclass(frozen=True, slots=True)
class Site:
    """A place at head that a fix would edit."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Match:
    """A cause that applies to a failure.

    `cause` is the cause's name, `key` what failures of one cause have in common (the missing name,
    the function with the new signature, the origin): those with equal cause and key are one group.
    `sentence` says what happened in one line. `sites` are where a fix goes, `fix` says what to do
    in words, `facts` is what a mechanical fix needs, as the cause's module describes it. `decided`
    is the fault if the cause alone settles it, else the signs and the four runs do.
    """

    cause: str
    key: str
    certainty: Certainty
    sentence: str
    proofs: tuple[Proof, ...]
    signs: tuple[Sign, ...]
    sites: tuple[Site, ...]
    fix: str
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    decided: Fault | None = None


@dataclass(frozen=True, slots=True)
class Matrix:
    """The four runs: how the test ends with the sources and the tests of base or head. None: it was
    not run, or there is no such test."""

    base: TestOutcome | None = None
    """sources and tests of base"""
    new_tests: TestOutcome | None = None
    """sources of base, tests of head"""
    new_sources: TestOutcome | None = None
    """sources of head, tests of base"""
    head: TestOutcome | None = None
    """sources and tests of head"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose fault, by which rule, and the signs for each side. `beside` are signs that were seen
    and did not count: those of causes that say less, and what speaks for neither side."""

    fault: Fault
    rule: str
    signs: tuple[Sign, ...] = ()
    beside: tuple[Sign, ...] = ()


@dataclass(frozen=True, slots=True)
class FailingTest:
    """One test that is told of. `alone` is how it ended when it ran alone, each time."""

    test: str
    path: str
    category: Category
    matrix: Matrix
    alone: tuple[TestOutcome, ...]
    evidence: tuple[Evidence, ...]
    words: str
    matches: tuple[Match, ...] = ()
    verdict: Verdict | None = None
    hides: int = 0
    """Of what cannot be collected: how many tests of base do not run for it."""


@dataclass(frozen=True, slots=True)
class Edits:
    """How many places are edited if the sources are mended, and if the tests are; 0: none is known
    there."""

    sources: int
    tests: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mechanical fix: new texts of files by path, and what it does in a few words."""

    words: str
    edits: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Patch:
    """A proposal that was run: `text` is a unified diff for `git apply`. `verified`: all tests of
    the group pass with it, and none that passed fails; else `outcome` says what happened."""

    words: str
    text: str
    verified: bool
    outcome: str


@dataclass(frozen=True, slots=True)
class Group:
    """Failures with one cause: `key` is what they have in common, `title` that in words. `tests`
    are their node ids, in order; the match, the verdict and `example` are those of the first.
    `effort` is how many places a fix edits, at least 1: by `edits` and the verdict, or by the
    patch. `hides` says how many tests of base do not run for it; `hunk` is the code concerned as a
    unified diff from base to head, without its head lines.
    """

    key: tuple[str, str]
    title: str
    tests: tuple[str, ...]
    example: FailingTest
    effort: int
    first: bool
    """It keeps tests from being collected or set up, and so may hide others."""
    edits: Edits = Edits(0, 0)
    hides: int = 0
    hunk: tuple[str, ...] = ()
    patch: Patch | None = None
    divergence: Divergence | NoDivergence | None = None
    """Of the first of the tests whose runs were compared."""

    @property
    def match(self) -> Match | None:
        return self.example.matches[0] if self.example.matches else None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many tests ran at base and at head, and how many of them passed."""

    base: int
    base_passed: int
    head: int
    head_passed: int


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The whole answer. `compared` says what was compared, `ran` which tests and why; `others` are
    tests that do not fail and are told of all the same: newly skipped, vanished, newly passing.
    `groups` are in the order in which to fix them. `notices` are what else has to be said. For
    `assay verify`: all `outcomes` at head, the `paths` of the tests, what their `code`
    checks, and pytest's `settings`.
    """

    compared: str
    base: str
    ran: str
    counted: Counted
    failing: tuple[FailingTest, ...]
    others: tuple[FailingTest, ...]
    groups: tuple[Group, ...]
    outcomes: Mapping[str, TestOutcome] = field(hash=False)
    notices: tuple[str, ...] = ()
    paths: Mapping[str, str] = field(hash=False, default_factory=dict)
    code: TestCode = field(default_factory=TestCode)
    settings: str = ""
