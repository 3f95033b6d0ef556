"""Whether a fix holds: what was to be fixed, and what else changed since the diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from assay.model.run import TestOutcome


@dataclass(frozen=True, slots=True)
class TestCode:
    """What the code of the tests checks: `assertions` maps the functions of the test files, as
    "path::name", to how many checks can be reached and can fail; `texts` those of the tests that
    failed to these checks, as they are written; `hooks` the hooks of pytest that decide on outcomes
    to a digest of each; `files` the test files to a digest; `sources` is one of all other files."""

    __test__ = False

    assertions: Mapping[str, int] = field(hash=False, default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(hash=False, default_factory=dict)
    hooks: Mapping[str, str] = field(hash=False, default_factory=dict)
    files: Mapping[str, str] = field(hash=False, default_factory=dict)
    sources: str = ""


@dataclass(frozen=True, slots=True)
class Before:
    """What a diagnosis left for later: `outcomes` are all at head then, `failing` maps tests, and
    files that could not be collected, to the category; `at_fault` are those of them for which it
    held the code at fault; `settings` are pytest's, `base` the commit."""

    base: str
    outcomes: Mapping[str, TestOutcome] = field(hash=False)
    failing: Mapping[str, str] = field(hash=False)
    paths: Mapping[str, str] = field(hash=False)
    code: TestCode
    at_fault: frozenset[str] = frozenset()
    settings: str = ""


@dataclass(frozen=True, slots=True)
class Now:
    """The same of the working tree: `orders` are the outcomes in each order that was run, by its
    name; `skips` are reasons; `broken` files that cannot be collected, with the reason; `reruns`
    how tests that were flaky ended alone; `before_too` the tests that at base, too, fail in the
    second order only."""

    orders: Mapping[str, Mapping[str, TestOutcome]] = field(hash=False)
    skips: Mapping[str, str] = field(hash=False)
    broken: Mapping[str, str] = field(hash=False)
    paths: Mapping[str, str] = field(hash=False)
    code: TestCode
    reruns: Mapping[str, tuple[TestOutcome, ...]] = field(hash=False, default_factory=dict)
    before_too: frozenset[str] = frozenset()
    settings: str = ""


class Trouble(Enum):
    """What keeps a fix from being verified."""

    UNFIXED = "not fixed"
    BROKEN = "newly failing"
    VANISHED = "vanished"
    SKIPPED = "newly skipped"
    WEAKENED = "asserts less"
    HOOKS = "hooks"
    EDITED = "tests edited"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason not to take the fix: what, about which test (or test function, or file)."""

    trouble: Trouble
    test: str
    words: str


@dataclass(frozen=True, slots=True)
class Verification:
    """`wanted` were to be fixed, `fixed` are: they pass in every order. `notices` are what does not
    count against the fix."""

    wanted: tuple[str, ...]
    fixed: tuple[str, ...]
    objections: tuple[Objection, ...]
    ran: int
    orders: tuple[str, ...]
    notices: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.objections
