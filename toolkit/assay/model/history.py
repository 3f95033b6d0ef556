"""One finished run as the history keeps it, and what two runs differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a run ended, in seconds since 1970 (UTC), the commit that was checked out ("" if there
    is none), and whether the tree had changes besides (None: unknown)."""

    at: int
    commit: str = ""
    dirty: bool | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """A finding, or a survivor (its kind is `SURVIVOR`), in short: `line` and `sentence` are as
    they were then; `accepted` that somebody had answered it."""

    id: str
    kind: str
    path: str
    unit: str
    line: int
    sentence: str
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class FileScore:
    """The mutants of one file that were killed, survived, or were run by no test."""

    path: str
    killed: int
    survived: int
    uncovered: int

    @property
    def mutants(self) -> int:
        return self.killed + self.survived + self.uncovered

    @property
    def coverage(self) -> float:
        """The share that tests run, of at least one mutant."""
        return (self.killed + self.survived) / self.mutants

    @property
    def score(self) -> float:
        """The share that tests notice, of at least one mutant."""
        return self.killed / self.mutants

    @property
    def gap(self) -> float:
        """Coverage minus score: what runs, and is not checked (the oracle gap)."""
        return self.survived / self.mutants


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run.

    `scope` is what it looked at: two runs of one verb and scope can be compared. `is_sound` says
    that it was conclusive: what an unsound run does not find may still be there. `statuses` counts
    mutants by verdict, `seconds` says how long each stage took.
    """

    stamp: Stamp
    verb: str
    scope: str
    exit_code: int
    is_sound: bool
    collected: int
    statuses: Mapping[str, int] = field(hash=False)
    seconds: Mapping[str, float] = field(hash=False)
    files: tuple[FileScore, ...]
    noted: tuple[Noted, ...]

    @property
    def score(self) -> float | None:
        """Killed, of all mutants with a verdict that counts; None without any."""
        counted = sum(file.mutants for file in self.files)
        return sum(file.killed for file in self.files) / counted if counted else None

    @property
    def open(self) -> tuple[Noted, ...]:
        """What nobody has answered."""
        return tuple(one for one in self.noted if not one.accepted)


@dataclass(frozen=True, slots=True)
class Difference:
    """What became better and worse between two runs, by the ids of open findings and survivors."""

    before: Run
    now: Run
    new: tuple[Noted, ...]
    gone: tuple[Noted, ...]
    still: tuple[Noted, ...]
