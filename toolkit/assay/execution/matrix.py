"""Fills a kill matrix: which tests kill which mutants, each test judged by itself.

Every pair of a mutant and a test runs in a fork of its own, so that what another test has left
behind, or what a mutant made of it, cannot matter. In full, each covering test runs on each mutant.
By the witness schedule a mutant is done at its first kill, tests that have killed nothing yet first;
afterwards each question (`Goal`) that is still open is answered pair by pair. So "kills nothing" is
exact for every test, and most pairs are never run.

A test counts if it passes by itself with the unmutated text of all functions it is asked about in
place, before the first mutant and after the last.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from assay.execution.cold import absolute
from assay.execution.jobs import run_jobs
from assay.execution.lane import ROUNDS
from assay.execution.suite import BAD, Collected
from assay.execution.timeouts import Limits
from assay.execution.wire import PATIENCE, TICKS, JobMaker
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.model.matrix import CONCLUSIVE, KILLS, Cell, Goal, KillMatrix, Pair
from assay.model.mutant import Mutant, PlannedMutant, PlannedTest, Route
from assay.model.run import ChildEnd, Outcome
from assay.model.source import SourceFile
from assay.verdict.pair import pair_of

OnPair = Callable[[str, str, Pair], None]
Known = Mapping[str, Mapping[str, Pair]]

OVER = "the time of --budget was over"
INTERRUPTED = "interrupted"
THREADS = "threads are alive after collection, so that pytest cannot be forked"
AT_IMPORT = "they change code that runs when its module is imported"
UNFIT = "they could not be put in place in the running program"
FLAKY = "fails by itself without a mutant"
HIDDEN = "its failures are hidden: it was made to fail, and pytest did not report a failure"


@dataclass(frozen=True, slots=True)
class MatrixOptions:
    """`full`: every covering test on each mutant; `deadline`: the monotonic time after which no
    pair begins (None: no end)."""

    full: bool = False
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One run to be made: a mutant, a test, and whether it is the second try of a timeout."""

    planned: PlannedMutant
    test: PlannedTest
    again: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.planned.mutant.id, self.test.node_id


Chain = Callable[[], Ask | None]
"""Tells the next run of those that are to be made one after another; None when there is none."""


class MatrixRunner:
    """Runs pairs on the zygotes of one project; `known` are pairs of earlier runs that hold."""

    def __init__(
        self,
        settings: ZygoteSettings,
        zygote: Zygote,
        collected: Collected,
        sources: Mapping[str, SourceFile],
        limits: Limits,
        workers: int,
        on_pair: OnPair,
        options: MatrixOptions,
        known: Known | None = None,
    ) -> None:
        self._settings = settings
        self._zygote = zygote
        self._collected = collected
        self._maker = JobMaker(settings.repo, collected, limits, sources)
        self._workers = workers
        self._on_pair = on_pair
        self._options = options
        self._paths = {item.node_id: item.path for item in collected.items}
        self._pairs: dict[str, dict[str, Pair]] = {m: dict(row) for m, row in (known or {}).items()}
        self._reused = sum(len(row) for row in self._pairs.values())
        self._out: dict[str, str] = {}
        self._unfit: set[str] = set()
        self._rounds: dict[str, int] = {}
        self._cold: Zygote | None = None
        self._cold_sound: dict[tuple[str, str], bool] = {}
        self._runs = self._controls = 0
        self._ended = ""
        self._kills: Counter[str] = Counter()
        self._in_scope: dict[tuple[str, str], Counter[str]] = {}

    # -- the whole

    def run(self, planned: Sequence[PlannedMutant], goals: Iterable[Goal]) -> KillMatrix:
        """The matrix, with the goals answered as far as there was time."""
        if not self._collected.can_fork:
            return self._matrix(planned, THREADS)
        try:
            self._fill(planned, tuple(goals))
        except KeyboardInterrupt:
            self._ended = INTERRUPTED
        finally:
            if self._cold is not None:
                self._cold.close()
        return self._matrix(planned, self._ended)

    def _fill(self, planned: Sequence[PlannedMutant], goals: tuple[Goal, ...]) -> None:
        hot = [one for one in planned if one.route is Route.HOT]
        tests = list(dict.fromkeys(test.node_id for one in hot for test in one.tests))
        self._note_known(planned)
        self._check(tests, hot)
        self._drain([self._along(one) for one in hot], self._zygote)
        by_id = {one.mutant.id: one for one in planned}
        asked: dict[str, list[Goal]] = {}
        for goal in goals:
            asked.setdefault(goal.test, []).append(goal)
        hot_ids = [one.mutant.id for one in hot]
        chains = [self._toward(test, asked[test], by_id, hot_ids) for test in asked]
        self._drain(chains, self._zygote)
        self._ask_cold(asked, by_id)
        self._check([test for test in tests if self._kills[test]], hot)
        self._see_failures(t for t in dict.fromkeys([*tests, *asked]) if not self._kills[t])

    def _matrix(self, planned: Sequence[PlannedMutant], ended: str) -> KillMatrix:
        left: Counter[str] = Counter()
        for one in planned:
            if one.route is Route.COLD:
                left[AT_IMPORT] += 1
            elif one.mutant.id in self._unfit:
                left[UNFIT] += 1
        return KillMatrix(
            mutants={one.mutant.id: one.mutant for one in planned},
            planned={one.mutant.id: tuple(t.node_id for t in one.tests) for one in planned},
            pairs=self._pairs,
            out=self._out,
            left=left,
            imported={one.mutant.id: imported(one) for one in planned},
            runs=self._runs,
            reused=self._reused,
            controls=self._controls,
            is_full=self._options.full,
            ended=ended,
        )

    # -- which pair is next

    def _along(self, planned: PlannedMutant) -> Chain:
        """A mutant's tests: all of them, or until one kills it."""
        mutant = planned.mutant
        row = self._pairs.setdefault(mutant.id, {})

        def following() -> Ask | None:
            if mutant.id in self._unfit:
                return None
            if not self._options.full and any(pair.cell in KILLS for pair in row.values()):
                return None
            here = self._in_scope.get((mutant.path, mutant.scope), Counter())
            rest = [
                test
                for test in planned.tests
                if test.node_id not in row and test.node_id not in self._out
            ]
            if not rest:
                return None
            # min keeps the planned order of those that are alike: most specific, then fastest.
            best = min(rest, key=lambda t: (self._kills[t.node_id] > 0, -here[t.node_id]))
            return Ask(planned, best)

        return following

    def _toward(
        self,
        test: str,
        goals: Sequence[Goal],
        by_id: Mapping[str, PlannedMutant],
        allowed: Iterable[str],
    ) -> Chain:
        """A test's mutants until each goal is answered: those first that others have killed."""
        usable = {
            mutant_id: planned_test
            for mutant_id in allowed
            if (planned_test := asked_test(by_id[mutant_id], test)) is not None
        }

        def following() -> Ask | None:
            if test in self._out:
                return None
            for goal in goals:
                if self._is_answered(goal):
                    continue
                rest = [
                    m
                    for m in usable
                    if m in goal.mutants
                    and test not in self._pairs.get(m, {})
                    and not self._is_hopeless(by_id[m])
                ]
                if rest:
                    best = max(rest, key=lambda m: self._promise(by_id[m].mutant))
                    return Ask(by_id[best], usable[best])
            return None

        return following

    def _is_hopeless(self, planned: PlannedMutant) -> bool:
        return planned.route is Route.HOT and planned.mutant.id in self._unfit

    def _is_answered(self, goal: Goal) -> bool:
        return any(
            pair.cell in goal.wanted
            for mutant_id in goal.mutants
            if (pair := self._pairs.get(mutant_id, {}).get(goal.test)) is not None
        )

    def _promise(self, mutant: Mutant) -> int:
        """How easily a mutant dies, as far as is known: tests that killed it, of those that ran."""
        row = self._pairs.get(mutant.id, {})
        return sum(pair.cell in KILLS for pair in row.values())

    # -- running

    def _may_begin(self) -> bool:
        if self._options.deadline is not None and time.monotonic() >= self._options.deadline:
            self._ended = OVER
        return not self._ended

    def _drain(self, chains: Iterable[Chain], zygote: Zygote) -> None:
        """Follow the chains, several at a time, each one run after another."""
        waiting = deque(chains)
        again: deque[tuple[Chain, Ask]] = deque()

        def asks() -> Iterator[tuple[tuple[Chain, Ask], Job]]:
            while self._may_begin():
                if again:
                    chain, ask = again.popleft()
                elif waiting:
                    chain = waiting.popleft()
                    found = chain()
                    if found is None:
                        continue
                    ask = found
                else:
                    return
                yield (chain, ask), self._job(ask)

        while (waiting or again) and self._may_begin():
            for done in run_jobs(zygote, asks(), self._workers):
                chain, ask = done.tag
                if self._take(ask, done.outcome):
                    waiting.appendleft(chain)
                else:
                    again.append((chain, replace(ask, again=True)))

    def _job(self, ask: Ask) -> Job:
        one = replace(ask.planned, tests=(ask.test,))
        usual = self._rounds.get(ask.test.node_id, 0)
        patience = PATIENCE if ask.again else 1.0
        files = self._files(ask)
        return self._maker.mutant(one, files, patience, max(TICKS, usual * ROUNDS))

    def _files(self, ask: Ask) -> tuple[str, ...]:
        if ask.planned.route is Route.HOT:
            return ()
        return absolute(self._settings.repo, [self._paths[ask.test.node_id]])

    def _take(self, ask: Ask, outcome: Outcome) -> bool:
        """Book a run; False if it has to be made once more."""
        self._runs += 1
        mutant_id, test = ask.key
        if outcome.unfit and ask.planned.route is Route.HOT:
            self._unfit.add(mutant_id)
            return True
        if outcome.end is ChildEnd.STOPPED:
            return True
        if outcome.end is ChildEnd.TIMEOUT and not ask.again:
            return False
        pair = pair_of(replace(ask.planned, tests=(ask.test,)), outcome)
        if pair.cell in KILLS and ask.planned.route is Route.COLD and not self._is_sound(ask):
            pair = Pair(Cell.INCONCLUSIVE, FLAKY)
        self._pairs.setdefault(mutant_id, {})[test] = pair
        if pair.cell in CONCLUSIVE:
            self._on_pair(mutant_id, test, pair)
        self._note(ask.planned.mutant, test, pair)
        return True

    def _note(self, mutant: Mutant, test: str, pair: Pair) -> None:
        if pair.cell in KILLS:
            self._kills[test] += 1
            self._in_scope.setdefault((mutant.path, mutant.scope), Counter())[test] += 1

    def _note_known(self, planned: Iterable[PlannedMutant]) -> None:
        for one in planned:
            for test, pair in self._pairs.get(one.mutant.id, {}).items():
                self._note(one.mutant, test, pair)

    # -- mutants of code that runs at import: only where a question is open otherwise

    def _ask_cold(
        self, asked: Mapping[str, Sequence[Goal]], by_id: Mapping[str, PlannedMutant]
    ) -> None:
        cold = [key for key, one in by_id.items() if one.route is Route.COLD]
        open_goals = {
            test: left
            for test, goals in asked.items()
            if (left := [goal for goal in goals if not self._is_answered(goal)])
        }
        chains = [self._toward(test, goals, by_id, cold) for test, goals in open_goals.items()]
        if cold and chains and not self._ended:
            self._drain(chains, self._cold_zygote())

    def _cold_zygote(self) -> Zygote:
        if self._cold is None:
            more = {"order": [item.node_id for item in self._collected.items]}
            self._cold = Zygote(self._settings, "cold", record=False, more=more)
            self._cold.greeting()
        return self._cold

    def _is_sound(self, ask: Ask) -> bool:
        """Whether the test passes in a process of this kind with the file's own text in place."""
        key = (ask.planned.mutant.path, ask.test.node_id)
        if key not in self._cold_sound:
            unchanged = self._maker.unchanged([ask.planned.mutant], by_file=True)
            job = self._maker.control((ask.test.node_id,), unchanged, self._files(ask))
            (done,) = run_jobs(self._cold_zygote(), [("", job)], 1)
            self._controls += 1
            self._cold_sound[key] = passes(done.outcome)
        return self._cold_sound[key]

    # -- controls

    def _check(self, tests: Iterable[str], hot: Sequence[PlannedMutant]) -> None:
        """Each test by itself, the functions it is asked about unchanged in place."""
        about: dict[str, list[Mutant]] = {}
        for one in hot:
            for test in one.tests:
                about.setdefault(test.node_id, []).append(one.mutant)

        def jobs() -> Iterator[tuple[tuple[str, bool], Job]]:
            for test in tests:
                if not self._may_begin():
                    return
                unchanged = self._maker.unchanged(about[test], by_file=False)
                yield (test, True), self._maker.control((test,), unchanged)

        bare: list[tuple[tuple[str, bool], Job]] = []
        for source in (jobs(), bare):
            for done in run_jobs(self._zygote, source, self._workers):
                name, swapped = done.tag
                self._controls += 1
                if done.outcome.unfit and swapped:
                    # One of them cannot be swapped: the others still can, mutant by mutant.
                    bare.append(((name, False), self._maker.control((name,), ())))
                elif not passes(done.outcome):
                    self._out[name] = FLAKY
                else:
                    self._rounds[name] = max(self._rounds.get(name, 0), done.outcome.ticks)

    def _see_failures(self, tests: Iterable[str]) -> None:
        """A test that killed nothing is made to fail: if nobody sees it, it never could have."""

        def jobs() -> Iterator[tuple[str, Job]]:
            for test in tests:
                if test in self._out or self._ended:
                    continue
                yield test, replace(self._maker.control((test,), ()), canary=True)

        for done in run_jobs(self._zygote, jobs(), self._workers):
            self._controls += 1
            seen = any(result.outcome in BAD for result in done.outcome.results)
            if done.outcome.end is ChildEnd.FINISHED and not seen:
                self._out[done.tag] = HIDDEN


def imported(planned: PlannedMutant) -> frozenset[str]:
    """The tests that reach a mutant by an import alone."""
    return frozenset(test.node_id for test in planned.tests if not test.near)


def asked_test(planned: PlannedMutant, test: str) -> PlannedTest | None:
    """A test as it is planned for a mutant; None if it only imports it, or does not cover it."""
    return next((t for t in planned.tests if t.node_id == test and t.near), None)


def passes(outcome: Outcome) -> bool:
    return (
        outcome.end is ChildEnd.FINISHED
        and not (outcome.unfit or outcome.collect_error or outcome.missing)
        and bool(outcome.results)
        and not any(result.outcome in BAD for result in outcome.results)
    )
