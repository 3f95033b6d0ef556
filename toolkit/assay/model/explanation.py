"""Why a mutant survived: how far the difference it makes came, and what assertion is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Reach(Enum):
    """How far the difference that a mutant makes came in the closest test (reach, infect,
    propagate, reveal)."""

    NOT_REACHED = "not reached"
    """the test did not run the mutated function"""
    SAME = "same result"
    """each call got the same and gave the same, and left what it was given as it was"""
    SWALLOWED = "swallowed"
    """a call gave something else, and what the test received was the same"""
    UNCHECKED = "unchecked"
    """the test received something else, and does not look"""
    UNKNOWN = "not explained"
    """it could not be observed; the sentence says why"""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of the tests that notices the mutant, verified by running.

    `path` is the test file and `line` the line that comes in, `code` what comes in or is changed,
    `patch` a unified diff for `git apply`, `clean_runs` how often it passed, with all its cases,
    without the mutant.
    """

    path: str
    line: int
    code: str
    patch: str
    clean_runs: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one mutant survived, seen in one of its covering tests.

    `sentence` says it; `test` is the node id; `calls` how often the mutated function was called;
    `given` are the arguments of a telling call, as (name, text). `what` names the value that
    differs, `before` and `after` are its texts; `path` and `line` are where the difference was lost
    or received ("" and 0: nowhere). `proposal` is the assertion that was verified, and `none` says
    why there is none; `advice` is the smallest fix in words. `made_of` are the SHA-256 of the files
    it was made of, by path.
    """

    reach: Reach
    sentence: str
    test: str = ""
    calls: int = 0
    given: tuple[tuple[str, str], ...] = ()
    what: str = ""
    before: str = ""
    after: str = ""
    path: str = ""
    line: int = 0
    proposal: Proposal | None = None
    none: str = ""
    advice: str = ""
    made_of: Mapping[str, str] = field(default_factory=dict, hash=False)
