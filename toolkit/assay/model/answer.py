"""What assay answers about a change: each changed unit's guard, and all the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from assay.model.accepted import NOTHING_ACCEPTED, Standing
from assay.model.change import UnitStatus
from assay.model.explanation import Explanation
from assay.model.finding import Finding
from assay.model.mutant import Verdict
from assay.model.run import TestResult
from assay.model.selection import Selection


class Guard(Enum):
    """Whether tests notice when a changed unit is wrong."""

    GUARDED = "guarded"
    """at least one mutant of the changed code was killed"""
    TOUCHED = "touched only"
    """tests run it, and no mutant of it was killed"""
    MOCKED = "only mocked"
    """no test runs it, and at least one replaces it"""
    UNTOUCHED = "untouched"
    """no test runs it"""
    NO_MUTANTS = "no mutants"
    """tests run it, and there is nothing in the changed lines to mutate"""
    UNKNOWN = "not conclusive"
    """its mutants did not all get a verdict, and none of them was killed"""


@dataclass(frozen=True, slots=True)
class UnitAnswer:
    """One changed unit: the tests that run it, those of them that killed a mutant in it, and, of a
    unit that none runs, the tests that put a stand-in in its place."""

    path: str
    unit: str
    line: int
    status: UnitStatus
    guard: Guard
    touching: tuple[str, ...]
    guarding: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    mocking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Partial:
    """Why an answer is one about some of the mutants only.

    `sample` is what was asked for ("" if nothing was), `budget` in seconds (None: no limit), `seed`
    what both depend on, `totals` how many mutants each function (path and scope) has in all.
    """

    sample: str
    budget: float | None
    seed: int
    totals: Mapping[tuple[str, str], int] = field(hash=False)


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """What shards of one run have in common.

    `digest` stands for the ids of all `mutants`, the tree, the versions and the options; `shard`
    and `of` tell which part of them the answer is about (1 and 1: all). `commit` is what is checked
    out ("" if unknown), `tree` a digest of the project's Python files, `paths` the files with
    mutants, in order.
    """

    digest: str
    mutants: int
    shard: int
    of: int
    commit: str
    tree: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangedLines:
    """The changed statements of one file that can run, by their first lines, and those of them that
    no test ran."""

    path: str
    lines: tuple[int, ...]
    missed: tuple[int, ...]


OF_A_CHANGE = frozenset({"impact", "gate"})
"""The verbs whose answer is about a change as a whole, its tests and units too."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything a report is made of.

    `compared` is one line on what was compared with what, `python`/`versions` what ran the tests,
    `selection` the affected tests (empty for `mutate`), `results` of the tests that ran, `diffs`
    a unified diff for each mutant by id, `notices` things the reader must know (one line each),
    `inconclusive` sentences on what part of the answer cannot be trusted and why,
    `left` how many mutants were not run by the reason for it,
    `flaky` tests that failed a control, with the reason, `changed_tests` test files in the change,
    `lost` mutants that changed or deleted tests used to kill and nobody kills now, `asked_again`
    the verdicts of all mutants that were run to know, by the id that the finding has if they are
    lost,
    `plan` what the mutants are a part of (None for `impact`), `partial` why not all of them were
    run (None if they were), `changed_lines` which changed statements tests ran, `digests` the
    digest of each unit with mutants by path and name, `accepted` what people have answered,
    `explanations` why survivors survived, by mutant id: of some or all.
    """

    verb: str
    project: str
    compared: str
    versions: Mapping[str, str] = field(hash=False)
    collected: int
    selection: Selection
    results: Mapping[str, TestResult] = field(hash=False)
    units: tuple[UnitAnswer, ...]
    verdicts: tuple[Verdict, ...]
    diffs: Mapping[str, str] = field(hash=False)
    changed_tests: tuple[str, ...]
    notices: tuple[str, ...]
    flaky: Mapping[str, str] = field(hash=False)
    inconclusive: tuple[str, ...]
    interrupted: bool
    seconds: Mapping[str, float] = field(hash=False)
    left: Mapping[str, int] = field(default_factory=dict, hash=False)
    plan: PlanRecord | None = None
    partial: Partial | None = None
    changed_lines: tuple[ChangedLines, ...] = ()
    digests: Mapping[tuple[str, str], str] = field(default_factory=dict, hash=False)
    accepted: Standing = NOTHING_ACCEPTED
    lost: tuple[Finding, ...] = ()
    asked_again: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict, hash=False)
    explanations: Mapping[str, Explanation] = field(default_factory=dict, hash=False)

    @property
    def every_verdict(self) -> tuple[Verdict, ...]:
        """Those of the change, and those that were run again because tests changed."""
        mine = {verdict.mutant.id for verdict in self.verdicts}
        again = {v.mutant.id: v for some in self.asked_again.values() for v in some}
        return (*self.verdicts, *(v for name, v in again.items() if name not in mine))

    @property
    def is_of_change(self) -> bool:
        return self.verb in OF_A_CHANGE
