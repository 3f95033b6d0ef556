"""What the outcomes of re-runs say about a test: which change of condition matters, and how often
it fails (pure).

Orders as in iDFlakies (Lam, Oei, Shi, Marinov and Xie, iDFlakies: a framework for detecting and
partially classifying flaky tests, ICST 2019).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from math import ceil, log

from assay.model.flakiness import Axis, Condition, Observation, Varying
from assay.verdict.interval import wilson

SHOWN = 3
"""So many conditions of each outcome are told."""

CONFIDENCE = 0.95


def orders(tests: Sequence[str], count: int, seed: int) -> Iterator[tuple[str, list[str]]]:
    """Other orders of a suite, each with its label: backwards, then whole modules and single tests
    shuffled in turns."""
    for number in range(count):
        if number == 0:
            yield "backwards", list(reversed(tests))
        elif number % 2:
            yield f"modules shuffled, seed {seed + number}", by_module(tests, seed + number)
        else:
            shuffled = list(tests)
            random.Random(seed + number).shuffle(shuffled)
            yield f"tests shuffled, seed {seed + number}", shuffled


def by_module(tests: Sequence[str], seed: int) -> list[str]:
    """Modules in another order, the tests of each in theirs."""
    modules: dict[str, list[str]] = {}
    for test in tests:
        modules.setdefault(test.partition("::")[0], []).append(test)
    names = list(modules)
    random.Random(seed).shuffle(names)
    return [test for name in names for test in modules[name]]


def doubtful(observations: Iterable[Observation]) -> list[Condition]:
    """For each axis the first condition under which the outcome differs from the usual one: to be
    repeated, since chance would not do it twice."""
    rows = list(observations)
    found: dict[Axis, Condition] = {}
    for one in rows:
        if one.condition.axis is not Axis.SAME and one.failed is not _usual(rows, one.condition):
            found.setdefault(one.condition.axis, one.condition)
    return list(found.values())


def _usual(rows: Sequence[Observation], like: Condition) -> bool:
    """How the test ended with nothing changed, where possible in the same setting."""
    same = [one for one in rows if one.condition.axis is Axis.SAME]
    here = [one for one in same if one.condition.alone is like.alone] or same or list(rows)
    return here[0].failed


def varies(observations: Iterable[Observation]) -> bool:
    """Whether both outcomes were seen."""
    return len({one.failed for one in observations}) > 1


def judged(test: str, observations: Iterable[Observation], message: str = "") -> Varying | None:
    """What changes the test's outcome; None if nothing did."""
    rows = list(observations)
    if not varies(rows) and all(one.again in (None, one.failed) for one in rows):
        return None
    axes = _axes(rows)
    counted = list(_counted(rows, axes))
    failures, runs = sum(counted), len(counted)
    low, high = wilson(failures / runs, runs)
    return Varying(
        test=test,
        axes=axes,
        failures=failures,
        runs=runs,
        low=low,
        high=high,
        needed=runs_needed(failures / runs),
        failing=_labels(rows, axes, failed=True),
        passing=_labels(rows, axes, failed=False),
        message=message,
    )


def _counted(rows: Sequence[Observation], axes: tuple[Axis, ...]) -> Iterator[bool]:
    """The outcomes that say how often it fails: all, where chance decides; else one for each
    condition, since repeating that says nothing new."""
    if axes == (Axis.SAME,):
        for one in rows:
            yield one.failed
            if one.again is not None:
                yield one.again
        return
    first = {one.condition: one for one in reversed(rows)}
    yield from (one.failed for one in first.values() if one.condition.axis in (*axes, Axis.SAME))


def _axes(rows: Sequence[Observation]) -> tuple[Axis, ...]:
    if any(one.again not in (None, one.failed) for one in rows):
        return (Axis.SAME,)
    same = [one for one in rows if one.condition.axis is Axis.SAME]
    usual = {one.condition.alone: one.failed for one in same}
    if any(one.failed is not usual[one.condition.alone] for one in same):
        return (Axis.SAME,)
    found = {
        one.condition.axis
        for one in rows
        if one.condition.axis is not Axis.SAME and one.failed is not _usual(rows, one.condition)
    }
    if len(set(usual.values())) > 1:
        found.add(Axis.ORDER)
    return tuple(axis for axis in Axis if axis in found) or (Axis.SAME,)


def _labels(rows: Sequence[Observation], axes: tuple[Axis, ...], failed: bool) -> tuple[str, ...]:
    """Conditions of an outcome, those first that the axes are about."""
    wanted = {Axis.SAME, *axes}
    found = [r.condition for r in rows if r.failed is failed and r.condition.axis in wanted]
    found.sort(key=lambda one: one.axis not in axes)
    return tuple(dict.fromkeys(words_of(one) for one in found))[:SHOWN]


def words_of(condition: Condition) -> str:
    where = "alone" if condition.alone else "with the others"
    return f"{where}, {condition.label}"


def runs_needed(rate: float) -> int:
    """So many runs show a failure of this rate with 95 % probability; 0 if there is none."""
    if rate <= 0:
        return 0
    return 1 if rate >= 1 else ceil(log(1 - CONFIDENCE) / log(1 - rate))
