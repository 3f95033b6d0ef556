"""What a kill matrix is: for pairs of a mutant and a test, what became of the test by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from assay.model.mutant import Mutant


class Cell(Enum):
    """What one test made of one mutant."""

    ASSERTION = "killed by an assertion"
    CRASH = "killed by a crash"
    """an exception outside an assertion, or the end of the process"""
    SET_UP = "failed in set-up"
    """a fixture or an import failed before the test began: the test itself has said nothing"""
    TIMEOUT = "timed out"
    PASSED = "passed"
    NOT_ENTERED = "did not enter the mutated code"
    """the map says that it runs the line, but alone it does not: the pair says nothing"""
    INCONCLUSIVE = "not conclusive"


KILLS = frozenset({Cell.ASSERTION, Cell.CRASH})

SILENT = frozenset({Cell.PASSED})

REACHED = frozenset({*KILLS, *SILENT, Cell.SET_UP, Cell.TIMEOUT})
"""The test ran the mutated code, and something came of it."""

LASTING = frozenset({*KILLS, *SILENT, Cell.SET_UP, Cell.NOT_ENTERED})
"""What may be kept for later runs; a timeout says nothing that lasts."""

CONCLUSIVE = frozenset({*REACHED, Cell.NOT_ENTERED})


@dataclass(frozen=True, slots=True)
class Goal:
    """A question about one test: does it kill any of the mutants?

    The test is run against them one by one until one is killed (with `by_assertion`, until one is
    killed by an assertion) or all have been run: the answer is exact.
    """

    test: str
    mutants: frozenset[str]
    by_assertion: bool = False

    @property
    def wanted(self) -> frozenset[Cell]:
        """What answers it with yes."""
        return frozenset({Cell.ASSERTION}) if self.by_assertion else KILLS


@dataclass(frozen=True, slots=True)
class Pair:
    """One cell, with the failure or the reason in a few words ("" where the cell says it all).

    `alone`: the test had a process of its own. Else it shared one with others, where a kill has its
    control right after it, and a pass may be owed to what others have left behind.
    """

    cell: Cell
    text: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class KillMatrix:
    """What is known of the pairs of mutants and tests.

    `mutants` are those that were to run, by id; `planned` their covering tests in planned order,
    of which `imported` are those that reach a mutant by an import alone, and are not asked.
    `at_import` are mutants of code that runs at import, run only where a goal was open otherwise.
    `pairs` are the cells by mutant and test: a pair that is not there was not run, and nothing may
    be inferred from that. `out` are tests of which nothing is said, with the reason; `left` why
    some mutants were not tried at all, by how many. `runs` counts the runs of a test under a mutant
    in this run, `reused` the pairs known from earlier ones, `controls` the runs without a mutant.
    `is_full`: every covering test was to run on each mutant; `ended` says why the run ended early
    ("" if it did not).
    """

    mutants: Mapping[str, Mutant] = field(hash=False)
    planned: Mapping[str, tuple[str, ...]] = field(hash=False)
    pairs: Mapping[str, Mapping[str, Pair]] = field(hash=False)
    out: Mapping[str, str] = field(default_factory=dict, hash=False)
    left: Mapping[str, int] = field(default_factory=dict, hash=False)
    at_import: frozenset[str] = frozenset()
    imported: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    runs: int = 0
    reused: int = 0
    controls: int = 0
    is_full: bool = False
    ended: str = ""

    def cell(self, mutant_id: str, test: str) -> Cell | None:
        """None: not run."""
        pair = self.pairs.get(mutant_id, {}).get(test)
        return None if pair is None else pair.cell

    def answer(self, goal: Goal) -> bool | None:
        """Whether the test kills as the goal asks; None: not known for sure.

        No is known only if each of its pairs was run alone and came to something.
        """
        cells = [self.pairs.get(mutant_id, {}).get(goal.test) for mutant_id in goal.mutants]
        if any(pair is not None and pair.cell in goal.wanted for pair in cells):
            return True
        proven = all(p is not None and p.alone and p.cell in CONCLUSIVE for p in cells)
        return False if proven and goal.test not in self.out else None

    def possible(self) -> int:
        """How many runs the full matrix takes."""
        return sum(1 for _ in self._pairs())

    def by_test(self) -> dict[str, tuple[str, ...]]:
        """The mutants that each test is to run against, tests that are out left out."""
        found: dict[str, list[str]] = {}
        for mutant_id, test in self._pairs():
            found.setdefault(test, []).append(mutant_id)
        return {test: tuple(ids) for test, ids in found.items()}

    def killers(self, mutant_id: str) -> tuple[str, ...]:
        """The tests known to kill a mutant, in planned order."""
        return tuple(
            test
            for test in self.planned[mutant_id]
            if test not in self.out and self.cell(mutant_id, test) in KILLS
        )

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for mutant_id, tests in self.planned.items():
            if mutant_id in self.at_import:
                continue
            skipped = self.imported.get(mutant_id, frozenset())
            for test in tests:
                if test not in self.out and test not in skipped:
                    yield mutant_id, test
