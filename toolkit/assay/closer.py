"""Looks closer at failures: where their runs part from base, and on which tests they depend."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assay.comparing import Comparison, category_of
from assay.diagnosis.cause import Difference
from assay.diverging import diverge
from assay.isolating import isolate
from assay.model.diagnosis import Category
from assay.model.divergence import Divergence, NoDivergence
from assay.model.isolation import Dependence, Isolation
from assay.model.run import GOOD
from assay.recording import Suite

COMPARED = 40
"""So many failing tests have their runs compared, those of different groups first."""

SECONDS = 90.0
"""No further runs are compared after so long."""

ISOLATED = 5
"""For so many order-dependent tests is looked who they depend on, as long as `ISOLATE_SECONDS`
each."""

ISOLATE_SECONDS = 60.0


@dataclass(frozen=True)
class Closer:
    """What was found of single tests, by node id; `left` says why not more."""

    divergences: Mapping[str, Divergence | NoDivergence] = field(default_factory=dict)
    isolations: Mapping[str, Isolation] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    def knows(self, test: str) -> bool:
        return test in self.divergences or test in self.isolations


def looked_closer(found: Comparison, groups: Sequence[Sequence[str]]) -> Closer:
    """`groups` are failing tests that seem to have one cause; the first of each comes first."""
    head = found.head.suite
    if head is None:
        return Closer()
    order = list(dict.fromkeys([g[0] for g in groups] + [t for g in groups for t in g]))
    categories = {test: category_of(found, test) for test in order}
    comparable = [t for t in order if categories[t] in _COMPARED and _good_suite(found, t)]
    divergences, left = _divergences(found, head, comparable)
    disordered = [t for t in order if categories[t] is Category.ORDER_DEPENDENT]
    isolations = {
        test: isolate(head, test, found.progress, ISOLATE_SECONDS) for test in disordered[:ISOLATED]
    }
    if len(disordered) > ISOLATED:
        left.append(
            f"{len(disordered) - ISOLATED} more tests depend on order: `assay isolate NODEID` "
            "says on whom"
        )
    return Closer(divergences, isolations, tuple(left))


_COMPARED = frozenset({Category.NEW_FAILURE, Category.NEW_TEST_FAILS, Category.KNOWN_FAILURE})


def _good_suite(found: Comparison, test: str) -> Suite | None:
    """The sources of base where the test passes: with the tests of head if they run there."""
    mixed = found.new_tests
    if mixed is not None and found.new_tests_run.outcome(test) in GOOD:
        return mixed.suite
    return found.base.suite if found.base_run.outcome(test) in GOOD else None


def _divergences(
    found: Comparison, head: Suite, tests: Sequence[str]
) -> tuple[dict[str, Divergence | NoDivergence], list[str]]:
    divergences: dict[str, Divergence | NoDivergence] = {}
    until = time.monotonic() + SECONDS
    found.progress.start("comparing runs with base", len(tests[:COMPARED]))
    for test in tests[:COMPARED]:
        base = _good_suite(found, test)
        if base is None or time.monotonic() > until:
            continue
        divergences[test] = diverge(base, head, test, seconds=found.seconds.get(test))
        found.progress.step()
    found.progress.finish()
    missing = len(tests) - len(divergences)
    words = f"{missing} more failing tests were not compared with base call by call"
    return divergences, [words] if missing else []


def difference_of(told: Divergence | NoDivergence | None) -> Difference | None:
    """A divergence as causes are given it."""
    if not isinstance(told, Divergence):
        return None
    return Difference(
        kind=told.kind.value,
        path=told.place.path,
        line=told.place.line,
        function=told.place.name,
        base=told.base,
        head=told.head,
        base_type=told.base_type,
        head_type=told.head_type,
        in_change=told.in_change,
        candidates=tuple((one.place.path, one.place.name) for one in told.candidates),
        sentence=told.sentence,
    )


def polluters_of(told: Isolation | None) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """The polluters, the state-setters, and the state that leaked, in words."""
    if told is None:
        return (), (), ""
    state = "; ".join(f"{x.name}: {x.before} -> {x.after}" for x in told.leaks[:2])
    if told.dependence is Dependence.BRITTLE:
        return (), told.causes, state
    return told.causes, (), state
