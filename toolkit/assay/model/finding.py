"""A finding: one thing about tests, or about code and its tests, that a person should look at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum


class Confidence(Enum):
    """How sure a finding is: what its evidence shows, not how bad it would be."""

    CERTAIN = "certain"
    """the evidence leaves no other reading"""
    LIKELY = "likely"
    """another reading is possible, and was wrong on the projects it was tried on"""
    HINT = "hint"
    """a place to look; never decides a gate"""


class Severity(Enum):
    """How much a finding costs if it is true."""

    HIGH = "high"
    """wrong code would pass now"""
    MEDIUM = "medium"
    """a test is worth less than it looks"""
    LOW = "low"
    """time is spent for nothing"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of what a finding rests on: what it is, the text, and what the text is written in
    ("diff", "python", or "" for plain words)."""

    label: str
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The code that a finding is about.

    `path` is relative to the repository, `unit` the qualified name of the function or class, or
    `MODULE_UNIT`; `line` its first line. `digest` changes when, and only when, what the unit does
    can change: an answer that was given to a finding ends with it.
    """

    path: str
    unit: str
    line: int
    digest: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, as it is shown: a card.

    `id` survives moves and reformatting; `kind` is the name of the detector; `level` what it costs
    to find (0 to 4); `tests` are node ids of the tests it is about (without parameters where all
    cases of a test share it); `sentence` is the finding in one sentence; `fix` the smallest thing
    that would answer it; `patch` a unified diff that does, where that is mechanical.
    """

    id: str
    kind: str
    level: int
    anchor: Anchor
    tests: tuple[str, ...]
    sentence: str
    evidence: tuple[Evidence, ...]
    fix: str
    confidence: Confidence
    severity: Severity
    patch: str = ""


def finding_id(kind: str, path: str, unit: str, detail: str = "") -> str:
    """Eight hexadecimal digits after a "w": of what makes the finding this one, and not of lines.

    `detail` tells findings of one kind about one unit apart, and must not hold line numbers.
    """
    text = "\0".join((kind, path, unit, detail))
    return "w" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
