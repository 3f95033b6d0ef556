"""Which questions have to be answered for the detectors of a level (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.model.matrix import Goal
from assay.model.mutant import PlannedMutant
from assay.weakness.kills import Function, Subject


def goals_of(
    level: int,
    planned: Iterable[PlannedMutant],
    subjects: Iterable[Subject],
    changed: frozenset[Function],
) -> list[Goal]:
    """For level 1 what each test kills in each changed function; from level 3 on whether a test
    kills anything, by an assertion too, and in what it is named for."""
    by_test: dict[str, list[PlannedMutant]] = {}
    for one in planned:
        for test in one.tests:
            if test.near:
                by_test.setdefault(test.node_id, []).append(one)
    found: list[Goal] = []
    for subject in subjects:
        for case in subject.cases:
            reached = by_test.get(case, [])
            if not reached:
                continue
            if level >= 1 and changed:
                found += _in_changed(case, reached, changed)
            if level >= 3:
                found += _anywhere(case, reached, subject)
    return found


def _in_changed(
    case: str, reached: Iterable[PlannedMutant], changed: frozenset[Function]
) -> Iterator[Goal]:
    functions: dict[Function, set[str]] = {}
    for one in reached:
        function = (one.mutant.path, one.mutant.unit)
        if function in changed:
            functions.setdefault(function, set()).add(one.mutant.id)
    for ids in functions.values():
        yield Goal(case, frozenset(ids))
        yield Goal(case, frozenset(ids), by_assertion=True)


def _anywhere(case: str, reached: Iterable[PlannedMutant], subject: Subject) -> Iterator[Goal]:
    everything = frozenset(one.mutant.id for one in reached)
    # Of a test that runs code without mutants here, nothing can be said of all that it kills.
    if not subject.foreign:
        yield Goal(case, everything)
        yield Goal(case, everything, by_assertion=True)
    for claim in (subject.claim, subject.hint):
        if claim is not None:
            inside = {
                one.mutant.id for one in reached if claim.holds(one.mutant.path, one.mutant.unit)
            }
            if inside:
                yield Goal(case, frozenset(inside))
            if inside and inside != everything:
                yield Goal(case, everything - inside)
