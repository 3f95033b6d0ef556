"""Which tests noticed mutants so far in this run: the likeliest to notice the next one nearby."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from assay.model.mutant import Mutant, PlannedMutant, PlannedTest


class Killers:
    """Counts kills by line and by unit. Which test is tried first changes no verdict."""

    def __init__(self) -> None:
        self._by_line: dict[tuple[str, int], Counter[str]] = {}
        self._by_unit: dict[tuple[str, str], Counter[str]] = {}

    def note(self, mutant: Mutant, test: str) -> None:
        self._by_line.setdefault((mutant.path, mutant.statement_line), Counter())[test] += 1
        self._by_unit.setdefault((mutant.path, mutant.scope), Counter())[test] += 1

    def first(self, planned: PlannedMutant, last: Collection[str] = ()) -> PlannedMutant:
        """The same mutant with its likeliest tests first; those of `last` have passed already."""
        mutant = planned.mutant
        by_line = self._by_line.get((mutant.path, mutant.statement_line), Counter())
        by_unit = self._by_unit.get((mutant.path, mutant.scope), Counter())
        if not by_line and not by_unit and not last:
            return planned

        def key(test: PlannedTest) -> tuple[bool, int, int]:
            name = test.node_id
            return name in last, -by_line[name], -by_unit[name]

        # Sorting keeps the planned order of those that are alike.
        return replace(planned, tests=tuple(sorted(planned.tests, key=key)))
