"""Tests run again and again, one condition changed at a time: which do not always end alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from assay.diagnosis.flakiness import doubtful, judged, orders, varies, words_of
from assay.execution.ordered import Order, Ordered, OrderedRun
from assay.execution.suite import BAD
from assay.model.flakiness import Axis, Condition, Flakiness, Observation
from assay.model.run import TestOutcome
from assay.progress import Progress
from assay.recording import Suite

MOST_LOOKED_AT = 20
"""So many tests with both outcomes are looked into further."""

REPEATS = 2
"""So often a condition is repeated under which a test ended otherwise."""

UNCHANGED, SUITE_ORDER = "nothing changed", "in the suite's order"

FOLLOWED = 10
"""So often each of these runs alone, at least, for each of two axes."""


def rerun(
    suite: Suite, tests: Sequence[str], runs: int, seed: int, progress: Progress
) -> Flakiness:
    """Run the tests, or all if none is named, `runs` times under each kind of condition.

    Named ones run alone, all without a name after one another; orders are of the whole suite.
    What differs is tried again under the same condition, to tell what the condition does from
    chance. The same seed repeats the same runs.
    """
    reruns = _Reruns(suite, tests, runs, seed, progress)
    try:
        reruns.run()
    except KeyboardInterrupt:
        return replace(reruns.found(), interrupted=True)
    return reruns.found()


@dataclass(frozen=True, slots=True)
class _Plan:
    """A condition and what it takes to run under it."""

    condition: Condition
    tests: tuple[str, ...]
    seed: int
    hash_seed: int | None = None


class _Reruns:
    def __init__(
        self, suite: Suite, named: Sequence[str], runs: int, seed: int, progress: Progress
    ) -> None:
        self._suite, self._runs, self._seed, self._progress = suite, runs, seed, progress
        self._all = [item.node_id for item in suite.collected.items]
        self._named = bool(named)
        self._tests = list(dict.fromkeys(named)) or self._all
        self._ordered = Ordered(suite.settings, suite.zygote, suite.collected, suite.limits({}))
        self._seen: dict[str, list[Observation]] = {test: [] for test in self._tests}
        self._plans: dict[Condition, _Plan] = {}
        self._messages: dict[str, str] = {}
        self._notices: list[str] = []
        self._starts = 0

    def run(self) -> None:
        for plan in self._planned():
            self._carry_out(plan)
        suspects = [test for test, rows in self._seen.items() if varies(rows)]
        if len(suspects) > MOST_LOOKED_AT:
            self._notices.append(
                f"{len(suspects)} tests have both outcomes: {MOST_LOOKED_AT} of them were looked "
                "into further"
            )
        few = suspects[:MOST_LOOKED_AT]
        if few and not self._named:
            for plan in self._each_alone(few, max(self._runs, FOLLOWED), hashing=False):
                self._carry_out(plan)
        self._repeat(few)

    def found(self) -> Flakiness:
        judgements = [
            judged(test, rows, self._messages.get(test, ""))
            for test, rows in self._seen.items()
            if rows
        ]
        return Flakiness(
            tests=len(self._tests),
            runs=self._runs,
            seed=self._seed,
            varying=tuple(one for one in judgements if one is not None),
            failing=tuple(
                test for test, rows in self._seen.items() if rows and all(r.failed for r in rows)
            ),
            tried=tuple(f"{c.axis.value}: {words_of(c)}" for c in self._plans),
            starts=self._starts,
            notices=tuple(self._notices),
        )

    # -- what is run

    def _planned(self) -> Iterator[_Plan]:
        if self._named:
            yield from self._each_alone(self._tests, self._runs, hashing=True)
            yield self._together(Axis.ORDER, SUITE_ORDER, self._all)
        else:
            for number in range(self._runs):
                yield self._together(Axis.SAME, SUITE_ORDER, self._all)
                if not number:
                    yield self._alone(Axis.SAME, UNCHANGED, self._all, self._seed)
            for number in range(1, self._runs + 1):
                seed = self._seed + number
                yield self._together(Axis.RANDOM, f"random seed {seed}", self._all, seed)
            for number in range(1, self._runs + 1):
                label = f"PYTHONHASHSEED={self._seed + number}"
                plan = self._together(Axis.HASH, label, self._all)
                yield replace(plan, hash_seed=self._seed + number)
        for label, order in orders(self._all, self._runs, self._seed):
            yield self._together(Axis.ORDER, label, order)

    def _each_alone(self, tests: Sequence[str], runs: int, hashing: bool) -> Iterator[_Plan]:
        for _ in range(runs):
            yield self._alone(Axis.SAME, UNCHANGED, tests, self._seed)
        for number in range(1, runs + 1):
            seed = self._seed + number
            yield self._alone(Axis.RANDOM, f"random seed {seed}", tests, seed)
        for number in range(1, runs + 1) if hashing else ():
            label = f"PYTHONHASHSEED={self._seed + number}"
            plan = self._alone(Axis.HASH, label, tests, self._seed)
            yield replace(plan, hash_seed=self._seed + number)

    def _alone(self, axis: Axis, label: str, tests: Sequence[str], seed: int) -> _Plan:
        return _Plan(Condition(axis, True, label), tuple(tests), seed)

    def _together(
        self, axis: Axis, label: str, order: Sequence[str], seed: int | None = None
    ) -> _Plan:
        """Only as far as the last test that is asked for."""
        wanted = set(self._tests)
        last = max(number for number, test in enumerate(order) if test in wanted)
        used = self._seed if seed is None else seed
        return _Plan(Condition(axis, False, label), tuple(order[: last + 1]), used)

    def _repeat(self, tests: Sequence[str]) -> None:
        """Conditions that seem to matter, once more."""
        wanted: dict[Condition, list[str]] = {}
        for test in tests:
            for condition in doubtful(self._seen[test]):
                wanted.setdefault(condition, []).append(test)
        for condition, concerned in wanted.items():
            plan = self._plans[condition]
            if condition.alone:
                plan = replace(plan, tests=tuple(concerned))
            self._progress.stage(f"once more {words_of(condition)}")
            for _ in range(REPEATS):
                outcomes = self._outcomes(plan)
                for test in concerned:
                    self._note_again(test, condition, outcomes.get(test))

    def _note_again(self, test: str, condition: Condition, failed: bool | None) -> None:
        """What differs once stays so, whatever a further repetition says."""
        rows = self._seen[test]
        for number, row in enumerate(rows):
            if (
                row.condition == condition
                and failed is not None
                and row.again in (None, row.failed)
            ):
                rows[number] = replace(row, again=failed)

    def _carry_out(self, plan: _Plan) -> None:
        self._plans.setdefault(plan.condition, plan)
        self._progress.stage(f"running {words_of(plan.condition)}")
        outcomes = self._outcomes(plan)
        for test, failed in outcomes.items():
            if test in self._seen:
                self._seen[test].append(Observation(plan.condition, failed))

    # -- how it is run

    def _outcomes(self, plan: _Plan) -> dict[str, bool]:
        """Whether each test failed; without those that did not come to an end."""
        place: Any = nullcontext(self._ordered)
        if plan.hash_seed is not None:
            place = self._ordered.hashing(plan.hash_seed)
        with place as ordered:
            if plan.condition.alone:
                return self._each(ordered, plan)
            return self._one_after_another(ordered, plan)

    def _each(self, ordered: Ordered, plan: _Plan) -> dict[str, bool]:
        found: dict[str, bool] = {}
        jobs = [Order((test,), seed=plan.seed) for test in plan.tests]
        for _, run in ordered.run_many(jobs, self._suite.project.workers):
            self._starts += 1
            found |= self._ends(run)
        return {test: found[test] for test in plan.tests if test in found}

    def _one_after_another(self, ordered: Ordered, plan: _Plan) -> dict[str, bool]:
        """After a test that takes its process down, the rest goes on in another."""
        found: dict[str, bool] = {}
        rest = plan.tests
        while rest:
            run = ordered.run(Order(rest, seed=plan.seed))
            self._starts += 1
            found |= self._ends(run)
            seconds = {test: result.seconds for test, result in run.results.items()}
            if plan.condition.axis is Axis.SAME and len(seconds) == len(self._all):
                self._ordered.limits = self._suite.limits(seconds)
            if not run.lost:
                if run.problem:
                    self._notices.append(f"{words_of(plan.condition)}: {run.problem}")
                return found
            rest = tuple(test for test in rest if test not in found)
        return found

    def _ends(self, run: OrderedRun) -> dict[str, bool]:
        found = {}
        for test, result in run.results.items():
            if result.outcome is TestOutcome.NOT_RUN:
                continue
            found[test] = result.outcome in BAD
            if result.failure is not None and found[test]:
                text = f"{result.failure.exception}: {result.failure.message}"
                self._messages.setdefault(test, text)
        return found
