"""Fills a kill matrix: which tests kill which mutants, each test judged by itself.

In full, each covering test runs on each mutant. By the witness schedule each mutant has a turn that
ends at its first kill, tests that have killed nothing yet first; afterwards each question (`Goal`)
that is still open is answered pair by pair, so that "kills nothing" is exact for every test, and
most pairs are never run.

Fast tests share a process (`probe.pairs`): a kill there stands only if the test passes right after
with the unmutated code in place. What others have left behind could make a test pass, so a question
is answered with no only after each of its pairs has run in a fork of its own. A test counts at all
if, after the last mutant, it passes alone, with the unmutated text in place of all functions in
which it killed something alone.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from assay.execution.cold import absolute
from assay.execution.jobs import run_jobs
from assay.execution.lane import ROUNDS
from assay.execution.portions import (
    Ask,
    Portion,
    batch_of,
    entries_of,
    first_unfinished,
    imported,
    reach_of,
    scope_of,
)
from assay.execution.suite import BAD
from assay.execution.wire import PATIENCE, TICKS, Bench, Message
from assay.execution.zygote import Job, Zygote
from assay.model.matrix import KILLS, LASTING, Cell, Goal, KillMatrix, Pair
from assay.model.mutant import Mutant, PlannedMutant, PlannedTest, Route
from assay.model.run import ChildEnd, Outcome, TrialEnd
from assay.verdict.pair import pair_of, pair_of_trial

OnPair = Callable[[str, str, Pair], None]
Known = Mapping[str, Mapping[str, Pair]]

OVER = "the time of --budget was over"
INTERRUPTED = "interrupted"
THREADS = "threads are alive after collection, so that pytest cannot be forked"
AT_IMPORT = "they change code that runs when its module is imported"
UNFIT = "they could not be put in place in the running program"
FLAKY = "fails by itself without a mutant"
HIDDEN = "its failures are hidden: it was made to fail, and pytest did not report a failure"

SLOW = 0.1
"""Seconds, as recorded, above which a test always has a fork of its own: running it twice for a
kill costs more."""

ROW = 64
"""Tests of a mutant that share a process in a full matrix."""

TURN = 8
"""Pairs of one mutant, or of one question, until what was learned meanwhile is looked at."""

DOUBTFUL = 16
"""A test that passed so many times since its last kill goes on alone: it will have to be proven."""

CHAINS = 4
"""Mutants, or questions, that share a process: a fork costs as much as several fast tests."""


@dataclass(frozen=True, slots=True)
class MatrixOptions:
    """`full`: every covering test on each mutant; `deadline`: the monotonic time after which no
    pair begins (None: no end); `prove`: what looks like a no is run again, alone."""

    full: bool = False
    deadline: float | None = None
    prove: bool = True


Chain = Callable[[], Portion | None]
"""Tells the next pairs of those that are to be run one after another; None when there are none."""


class MatrixRunner:
    """Runs pairs on the zygotes of one project; `known` are pairs of earlier runs that hold."""

    def __init__(
        self,
        bench: Bench,
        on_pair: OnPair,
        options: MatrixOptions,
        known: Known | None = None,
    ) -> None:
        self._settings = bench.settings
        self._zygote = bench.zygote
        self._collected = collected = bench.collected
        self._maker = bench.maker
        self._workers = bench.workers
        self._on_pair = on_pair
        self._options = options
        self._paths = {item.node_id: item.path for item in collected.items}
        self._doctests = {item.node_id for item in collected.items if item.is_doctest}
        self._pairs: dict[str, dict[str, Pair]] = {m: dict(row) for m, row in (known or {}).items()}
        self._reused = sum(len(row) for row in self._pairs.values())
        self._out: dict[str, str] = {}
        self._unfit: set[str] = set()
        self._reach: dict[str, dict[str, PlannedTest]] = {}
        self._waiting_alone: dict[tuple[str, str], Ask] = {}
        self._rounds: dict[tuple[str, str, str], int] = {}
        self._over: list[Ask] = []
        self._cold: Zygote | None = None
        self._cold_kills: dict[tuple[str, str], Ask] = {}
        self._runs = self._controls = 0
        self._ended = ""
        self._kills: Counter[str] = Counter()
        self._silent: Counter[str] = Counter()
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
        asked: dict[str, list[Goal]] = {}
        for goal in goals:
            asked.setdefault(goal.test, []).append(goal)
        tests = dict.fromkeys([*(test.node_id for one in hot for test in one.tests), *asked])
        by_id = {one.mutant.id: one for one in planned}
        self._reach = reach_of(planned)
        self._note_known(planned)
        self._drain([self._along(one) for one in hot], self._zygote)
        # First where it is cheap; then, for what looks like a no, pair by pair in forks.
        for alone in (False, True)[: 1 + self._options.prove]:
            chains = [self._toward(t, asked[t], by_id, Route.HOT, alone) for t in asked]
            self._drain(chains, self._zygote)
        self._ask_cold(asked, by_id)
        self._check(tests, self._killed_alone(hot))
        self._see_failures(test for test in tests if not self._kills[test])

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
            at_import=frozenset(one.mutant.id for one in planned if one.route is Route.COLD),
            imported={one.mutant.id: imported(one) for one in planned},
            runs=self._runs,
            reused=self._reused,
            controls=self._controls,
            is_full=self._options.full,
            ended=ended,
        )

    # -- which pairs are next

    def _along(self, planned: PlannedMutant) -> Chain:
        """A mutant's tests: all of them, or one turn, until one kills it: first tests that have
        killed nothing yet, then those that killed most in its function.

        One turn: a survivor would cost all its tests, and answers no question about them.
        """
        mutant, full = planned.mutant, self._options.full
        turns = [1]

        def following() -> Portion | None:
            row = self._pairs.setdefault(mutant.id, {})
            rest = [test for test in planned.tests if self._is_open(planned, test, False)]
            if full:
                return self._portion([(planned, test) for test in rest[:ROW]])
            if not turns or any(pair.cell in KILLS for pair in row.values()):
                return None
            turns.pop()
            here = self._in_scope.get((mutant.path, mutant.scope), Counter())
            # Sorting keeps the planned order of those that are alike: most specific, then fastest.
            rest.sort(key=lambda t: -here[t.node_id])
            new = [test for test in rest if not self._kills[test.node_id]]
            old = [test for test in rest if self._kills[test.node_id]]
            return self._portion([(planned, t) for t in (*new[: TURN // 2], *old[: TURN // 2])])

        return following

    def _toward(
        self,
        test: str,
        goals: Sequence[Goal],
        by_id: Mapping[str, PlannedMutant],
        route: Route,
        alone: bool,
    ) -> Chain:
        """A test's mutants until each goal is answered: those first that most others have killed.

        `alone`: also pairs that have run, but not alone.
        """
        wanted = set().union(*(goal.mutants for goal in goals))
        usable = {
            m: planned_test
            for m, planned_test in self._reach.get(test, {}).items()
            if m in wanted and by_id[m].route is route
        }

        def following() -> Portion | None:
            for goal in goals:
                if self._is_answered(goal):
                    continue
                rest = [m for m in usable if m in goal.mutants]
                rest = [m for m in rest if self._is_open(by_id[m], usable[m], alone)]
                rest.sort(key=lambda m: -self._promise(by_id[m].mutant))
                if rest:
                    doubtful = self._silent[test] >= DOUBTFUL
                    pairs = [(by_id[m], usable[m]) for m in rest[:TURN]]
                    return self._portion(pairs, alone or doubtful)
            return None

        return following

    def _portion(
        self, pairs: Sequence[tuple[PlannedMutant, PlannedTest]], alone: bool = False
    ) -> Portion | None:
        """As many of the pairs as can share a process; the first alone if it cannot."""
        if not pairs:
            return None
        asks = [Ask(planned, test) for planned, test in pairs]
        if alone or not self._may_share(asks[0]):
            return Portion((asks[0],), shares=False)
        return Portion(tuple(filter(self._may_share, asks)), shares=True, all=self._options.full)

    def _may_share(self, ask: Ask) -> bool:
        test = ask.test.node_id
        seconds = self._maker.limits.seconds.get(test)
        quick = seconds is not None and seconds <= SLOW and test not in self._doctests
        return quick and ask.planned.route is Route.HOT and ask.key not in self._waiting_alone

    def _is_open(self, planned: PlannedMutant, test: PlannedTest, alone: bool) -> bool:
        """Whether there is something to be learned from a pair."""
        if test.node_id in self._out or planned.mutant.id in self._unfit:
            return False
        known = self._pairs.get(planned.mutant.id, {}).get(test.node_id)
        return known is None or (alone and not known.alone)

    def _is_answered(self, goal: Goal) -> bool:
        return any(
            pair.cell in goal.wanted
            for mutant_id in goal.mutants
            if (pair := self._pairs.get(mutant_id, {}).get(goal.test)) is not None
        )

    def _promise(self, mutant: Mutant) -> int:
        """How easily a mutant dies, as far as is known."""
        return sum(pair.cell in KILLS for pair in self._pairs.get(mutant.id, {}).values())

    # -- running

    def _may_begin(self) -> bool:
        if self._options.deadline is not None and time.monotonic() >= self._options.deadline:
            self._ended = OVER
        return not self._ended

    def _drain(self, chains: Iterable[Chain], zygote: Zygote) -> None:
        """Follow the chains, several at a time."""
        waiting = deque(chains)

        def jobs() -> Iterator[tuple[list[tuple[Chain, Portion]], Job]]:
            while waiting and self._may_begin():
                taken: list[tuple[Chain, Portion]] = []
                while waiting and len(taken) < CHAINS:
                    chain = waiting.popleft()
                    portion = chain()
                    if portion is not None and not portion.shares and taken:
                        waiting.appendleft(chain)
                        break
                    if portion is not None:
                        taken.append((chain, portion))
                        if not portion.shares:
                            break
                if taken:
                    yield taken, self._job([portion for _, portion in taken])

        while waiting and self._may_begin():
            for done in run_jobs(zygote, jobs(), self._workers):
                self._take([portion for _, portion in done.tag], done.outcome)
                waiting.extendleft(chain for chain, _ in reversed(done.tag))
        self._look_at_rounds(zygote)

    def _job(self, portions: Sequence[Portion]) -> Job:
        if not portions[0].shares:
            return self._alone(portions[0].asks[0])
        return batch_of(entries_of(portions), self._maker)

    def _unchanged(self, ask: Ask) -> tuple[Message, ...]:
        return self._maker.unchanged([ask.planned.mutant], by_file=False)

    def _alone(self, ask: Ask) -> Job:
        one = replace(ask.planned, tests=(ask.test,))
        usual = self._rounds.get(scope_of(ask), 0)
        patience = PATIENCE if ask.again else 1.0
        return self._maker.mutant(one, self._files(ask), patience, max(TICKS, usual * ROUNDS))

    def _files(self, ask: Ask) -> tuple[str, ...]:
        if ask.planned.route is Route.HOT:
            return ()
        return absolute(self._settings.repo, [self._paths[ask.test.node_id]])

    def _take(self, portions: Sequence[Portion], outcome: Outcome) -> None:
        if portions[0].shares:
            self._take_batch(portions, outcome)
        else:
            self._take_alone(portions[0].asks[0], outcome)

    def _take_batch(self, portions: Sequence[Portion], outcome: Outcome) -> None:
        """Book what shared a process; what its end has cut off comes again, by itself or alone."""
        entries = entries_of(portions)
        asks = {(n, ask.test.node_id): ask for n, e in enumerate(entries) for ask in e.asks}
        for trial in outcome.trials:
            ask = asks[trial.index, trial.test]
            self._runs += 1
            if trial.end is TrialEnd.UNFIT:
                self._unfit.add(ask.planned.mutant.id)
                continue
            pair = pair_of_trial(ask.planned, trial)
            if pair is None:
                self._waiting_alone[ask.key] = ask
            else:
                self._book(ask, pair)
        if outcome.end is not ChildEnd.STOPPED:
            # The one that was under way when the process ended may have ended it.
            culprit = first_unfinished(entries, outcome.trials)
            if culprit is not None:
                self._waiting_alone[culprit.key] = culprit

    def _take_alone(self, ask: Ask, outcome: Outcome) -> None:
        self._runs += 1
        if outcome.end is ChildEnd.STOPPED:
            return
        if outcome.unfit and ask.planned.route is Route.HOT:
            self._unfit.add(ask.planned.mutant.id)
            return
        if outcome.end in (ChildEnd.OVER, ChildEnd.TIMEOUT) and not ask.again:
            self._over.append(ask)
        pair = pair_of(replace(ask.planned, tests=(ask.test,)), outcome)
        if pair.cell in KILLS and ask.planned.route is Route.COLD:
            self._cold_kills.setdefault((ask.planned.mutant.path, ask.test.node_id), ask)
        self._book(ask, pair)

    def _book(self, ask: Ask, pair: Pair) -> None:
        mutant_id, test = ask.key
        self._waiting_alone.pop(ask.key, None)
        self._pairs.setdefault(mutant_id, {})[test] = pair
        if pair.cell in LASTING and not (pair.cell in KILLS and pair.alone):
            self._on_pair(mutant_id, test, pair)
        self._note(ask.planned.mutant, test, pair)

    def _note(self, mutant: Mutant, test: str, pair: Pair) -> None:
        if pair.cell is Cell.PASSED:
            self._silent[test] += 1
        if pair.cell in KILLS:
            self._silent[test] = 0
            self._kills[test] += 1
            self._in_scope.setdefault((mutant.path, mutant.scope), Counter())[test] += 1

    def _note_known(self, planned: Iterable[PlannedMutant]) -> None:
        for one in planned:
            for test, pair in self._pairs.get(one.mutant.id, {}).items():
                self._note(one.mutant, test, pair)

    def _look_at_rounds(self, zygote: Zygote) -> None:
        """Once more what ran out of time: with twice of it; or, where the test goes round as often
        without the mutant, with a limit on rounds that is as much higher."""
        over, self._over = self._over, []
        unknown = {scope_of(ask): ask for ask in over if ask.planned.route is Route.HOT}
        jobs = (
            (key, self._maker.control((key[2],), self._unchanged(one)))
            for key, one in unknown.items()
            if key not in self._rounds and not self._ended
        )
        for done in run_jobs(zygote, jobs, self._workers):
            self._controls += 1
            known = done.outcome.end is ChildEnd.FINISHED
            # Not to know it must not make a timeout: the clock decides.
            self._rounds[done.tag] = done.outcome.ticks if known else TICKS
        again = (replace(ask, again=True) for ask in over if not self._ended)
        for run in run_jobs(zygote, ((ask, self._alone(ask)) for ask in again), self._workers):
            self._take_alone(run.tag, run.outcome)

    # -- mutants of code that runs at import: only where a question is open otherwise

    def _ask_cold(
        self, asked: Mapping[str, Sequence[Goal]], by_id: Mapping[str, PlannedMutant]
    ) -> None:
        if all(one.route is Route.HOT for one in by_id.values()) or not self._may_begin():
            return
        chains = [
            self._toward(test, left, by_id, Route.COLD, alone=True)
            for test, goals in asked.items()
            if (left := [goal for goal in goals if not self._is_answered(goal)])
        ]
        if chains:
            self._drain(chains, self._cold_zygote())
            self._check_cold()

    def _cold_zygote(self) -> Zygote:
        if self._cold is None:
            more = {"order": [item.node_id for item in self._collected.items]}
            self._cold = Zygote(self._settings, "cold", record=False, more=more)
            self._cold.greeting()
        return self._cold

    def _check_cold(self) -> None:
        """Each test that killed such a mutant, in a process of the same kind, with the file's own
        text in place."""
        jobs = (
            (
                test,
                self._maker.control(
                    (test,),
                    self._maker.unchanged([ask.planned.mutant], by_file=True),
                    self._files(ask),
                ),
            )
            for (_, test), ask in self._cold_kills.items()
        )
        self._control(jobs, self._cold_zygote())

    # -- controls

    def _check(self, tests: Iterable[str], about: Mapping[str, Sequence[Mutant]]) -> None:
        """Each test by itself, the functions of these mutants unchanged in place."""

        def jobs() -> Iterator[tuple[str, Job]]:
            for test in tests:
                unchanged = self._maker.unchanged(about.get(test, ()), by_file=False)
                yield test, self._maker.control((test,), unchanged)

        self._control(jobs(), self._zygote)
        for test, mutants in about.items():
            for mutant in mutants if test not in self._out else ():
                self._on_pair(mutant.id, test, self._pairs[mutant.id][test])

    def _control(self, jobs: Iterable[tuple[str, Job]], zygote: Zygote) -> None:
        """A test that does not pass its control is out."""
        for done in run_jobs(zygote, jobs, self._workers):
            self._controls += 1
            if not passes(done.outcome):
                self._out[done.tag] = FLAKY

    def _killed_alone(self, hot: Sequence[PlannedMutant]) -> dict[str, list[Mutant]]:
        """By test the mutants it killed in a process of its own: these have had no control yet."""
        found: dict[str, list[Mutant]] = {}
        for one in hot:
            for test, pair in self._pairs.get(one.mutant.id, {}).items():
                if pair.cell in KILLS and pair.alone:
                    found.setdefault(test, []).append(one.mutant)
        return found

    def _see_failures(self, tests: Iterable[str]) -> None:
        """A test that killed nothing is made to fail: if nobody sees it, it never could have."""

        def jobs() -> Iterator[tuple[str, Job]]:
            for test in tests:
                if test not in self._out:
                    yield test, replace(self._maker.control((test,), ()), canary=True)

        for done in run_jobs(self._zygote, jobs(), self._workers):
            self._controls += 1
            seen = any(result.outcome in BAD for result in done.outcome.results)
            if done.outcome.end is ChildEnd.FINISHED and not seen:
                self._out[done.tag] = HIDDEN


def passes(outcome: Outcome) -> bool:
    return (
        outcome.end is ChildEnd.FINISHED
        and not (outcome.unfit or outcome.collect_error or outcome.missing)
        and bool(outcome.results)
        and not any(result.outcome in BAD for result in outcome.results)
    )
