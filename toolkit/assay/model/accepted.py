"""What people have answered to survivors and findings, and which of these answers still hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

SURVIVOR = "survivor"
"""The kind of an acceptance that answers a mutant; others have the kind of their finding."""

KEPT_DIGITS = 16
"""How much of an anchor's digest is kept: enough to tell a change, short enough to be read."""


class Stance(Enum):
    """How a finding was answered."""

    EQUIVALENT = "equivalent"
    """no test could notice: the mutant does the same"""
    ACCEPTED = "accepted"
    """true, and left as it is"""
    NOT_USEFUL = "not-useful"
    """true or not, nobody would act on it"""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One answer, as it is committed.

    `id` is that of the mutant or finding, `kind` `SURVIVOR` or the finding's kind. `path`, `unit`
    and `digest` are the code it is about, as it was then; `about` tells a reader what it is about;
    `on` is when it was given, `until` the last day on which it holds (None: no such day).
    """

    id: str
    kind: str
    path: str
    unit: str
    digest: str
    stance: Stance
    reason: str
    about: str
    on: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Expired:
    """An answer that no longer holds, and why, as half a sentence."""

    acceptance: Acceptance
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The answers to what a run found, by the id of what they answer."""

    holding: Mapping[str, Acceptance] = field(default_factory=dict, hash=False)
    expired: Mapping[str, Expired] = field(default_factory=dict, hash=False)


NOTHING_ACCEPTED = Standing()
