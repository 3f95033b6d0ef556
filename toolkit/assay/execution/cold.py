"""How mutants of code that runs at import are run: by stages of test files, from the import on.

The tests of a module that runs at import are all that depend on it, often the whole suite. Most
mutants are noticed by the tests that are about the module, so those are collected and run first,
and the others only for what survives them. Where several mutants of a module are to run, pytest is
started once and stopped where it is about to import the module: each mutant goes on from there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assay.execution.wire import Tests
from assay.model.mutant import PlannedMutant, PlannedTest
from assay.model.run import Outcome
from assay.mutation.plan import stem_of, words_of


@dataclass(frozen=True, slots=True)
class Group:
    """Mutants at the same stage: their tests in `files` are collected and run together."""

    files: Tests
    mutants: tuple[PlannedMutant, ...]


@dataclass(frozen=True, slots=True)
class Staged:
    """A mutant on its way: the stages that are left, and what came of those before."""

    whole: PlannedMutant
    stages: tuple[Tests, ...]
    before: Outcome | None = None

    @property
    def is_last(self) -> bool:
        return len(self.stages) == 1

    def after(self, outcome: Outcome) -> Staged:
        """At the next stage, once this one has left it open."""
        return Staged(self.whole, self.stages[1:], joined(self.before, outcome))


def stages(planned: PlannedMutant, paths: dict[str, str], sizes: Counter[str]) -> tuple[Tests, ...]:
    """The mutant's test files, in the order they are worth collecting, those of a stage together.

    `paths` are the files by node id, `sizes` how many tests each holds.
    """
    near: Counter[str] = Counter()
    first: dict[str, int] = {}
    for number, test in enumerate(planned.tests):
        path = paths[test.node_id]
        first.setdefault(path, number)
        near[path] += test.near
    # A test file named for the module is about it; else, the larger the share of its tests that run
    # something of the module, the more it is; then the number, then the order in the plan.
    words = words_of(stem_of(planned.mutant.path))
    ranked = sorted(
        first,
        key=lambda p: (
            not (near[p] and words & words_of(stem_of(p))),
            -near[p] / sizes[p],
            -near[p],
            first[p],
        ),
    )
    # Where tests run the code itself, the plan knows best which of them is the one about it.
    leading = planned.tests[0]
    if leading.direct:
        ranked.sort(key=lambda p: p != paths[leading.node_id])
    about = [path for path in ranked if near[path]]
    parts = [about[:1], about[1:], [path for path in ranked if not near[path]]]
    return tuple(tuple(sorted(part)) for part in parts if part)


def at_stage(planned: PlannedMutant, files: Tests, paths: dict[str, str]) -> PlannedMutant:
    """The mutant with its tests in these files only."""
    wanted = set(files)
    kept: tuple[PlannedTest, ...] = tuple(t for t in planned.tests if paths[t.node_id] in wanted)
    return replace(planned, tests=kept)


def groups(
    planned: Iterable[tuple[PlannedMutant, Tests]], paths: dict[str, str]
) -> Iterator[Group]:
    """Mutants of one module with the test files of their stage, those of a stage together."""
    found: dict[Tests, list[PlannedMutant]] = {}
    for mutant, files in planned:
        found.setdefault(files, []).append(at_stage(mutant, files, paths))
    for files, mutants in found.items():
        yield Group(files, tuple(mutants))


def joined(before: Outcome | None, after: Outcome) -> Outcome:
    """Two stages of one mutant as one outcome, which ended as the second did."""
    if before is None:
        return after
    return replace(
        after,
        results=(*before.results, *after.results),
        entered=before.entered or after.entered,
        missing=(*before.missing, *after.missing),
        seconds=before.seconds + after.seconds,
        ticks=max(before.ticks, after.ticks),
    )


def absolute(repo: Path, files: Sequence[str]) -> Tests:
    return tuple(str(repo / path) for path in files)
