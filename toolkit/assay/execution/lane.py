"""Runs mutants each in a fork of one zygote, with the controls that make a verdict stand.

A kill stands only if the tests that ran up to it (or the killer, where it kills alone) pass in the
same order, in the same kind of child, with the unmutated text put in place as the mutant was. A
timeout by the clock stands only if it happens again, alone, with twice the time; one by the count
of rounds only if the same test takes less than a hundredth of them without the mutant (after
Stryker's hit limit).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assay.errors import InconclusiveError
from assay.execution.jobs import run_job, run_jobs
from assay.execution.killers import Killers
from assay.execution.wire import PATIENCE, TICKS, JobMaker, Message, Tests
from assay.execution.zygote import Zygote
from assay.model.mutant import PlannedMutant, PlannedTest, Status, Verdict
from assay.model.run import ChildEnd, Outcome
from assay.verdict.classify import NOTICED, classify, unsettled

ROUNDS = 100
"""How many times the rounds it takes without a mutant a test may take with one."""

LONG = 0.1
"""Seconds of tests before a killer that are worth a second run, of the killer alone."""

MayBegin = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Run:
    """One mutant's run: the tests in the order they ran in, and what happened."""

    planned: PlannedMutant
    outcome: Outcome
    verdict: Verdict


class Lane:
    """A zygote, and the way mutants get into its children.

    `files` are the test files that its children collect ("cold" ones; none for the collected
    zygote). `flaky` is added to: tests that failed in a control, with the reason.
    """

    def __init__(
        self,
        zygote: Zygote,
        maker: JobMaker,
        killers: Killers,
        workers: int,
        flaky: dict[str, str],
        may_begin: MayBegin,
        files: Tests = (),
    ) -> None:
        self._zygote = zygote
        self._maker = maker
        self._killers = killers
        self._workers = workers
        self._flaky = flaky
        self._may_begin = may_begin
        self._files = files
        self._proven: set[Tests] = set()
        self._usual: dict[tuple[str, str, str], int] = {}

    def settle(
        self, planned: Sequence[PlannedMutant], on_run: Callable[[Run], None]
    ) -> dict[str, Run]:
        """Every mutant to its verdict; without those that may not begin any more.

        Raises KeyboardInterrupt; `on_run` has been given what was known by then.
        """
        settled: dict[str, Run] = {}
        rest: Iterable[PlannedMutant] = self._allowed(planned)
        while rest:
            runs = {}
            for run in self._first_runs(rest):
                runs[run.planned.mutant.id] = run
                on_run(run)
            for key, run in list(runs.items()):
                if run.verdict.status is Status.TIMEOUT:
                    runs[key] = self._second_run(run)
                    on_run(runs[key])
            settled.update(runs)
            rest = self._overturned(runs.values(), settled, on_run)
        return settled

    # -- runs

    def _first_runs(self, planned: Iterable[PlannedMutant]) -> Iterator[Run]:
        jobs = (
            (first, self._maker.mutant(first, self._files))
            for first in map(self._killers.first, planned)
        )
        for done in run_jobs(self._zygote, jobs, self._workers):
            run = self._run_of(done.tag, done.outcome)
            if run.verdict.status is Status.KILLED:
                self._killers.note(run.planned.mutant, run.verdict.killer)
            yield run

    def _allowed(self, planned: Iterable[PlannedMutant]) -> Iterator[PlannedMutant]:
        for mutant in planned:
            if not self._may_begin():
                return
            yield mutant

    def _run_of(self, planned: PlannedMutant, outcome: Outcome) -> Run:
        return Run(planned, outcome, classify(planned, outcome))

    def _alone(self, planned: PlannedMutant, patience: float, ticks: int) -> Outcome:
        job = self._maker.mutant(planned, self._files, patience, ticks)
        return run_job(self._zygote, job)

    # -- timeouts

    def _second_run(self, run: Run) -> Run:
        """A timeout that stands, or what came of the second try."""
        outcome = run.outcome
        if outcome.end is ChildEnd.OVER:
            usual = self._usual_rounds(run.planned, outcome.current)
            if usual * ROUNDS < TICKS:
                return self._endless(run, TICKS, usual)
            outcome = self._alone(run.planned, 1.0, usual * ROUNDS)
            if outcome.end is ChildEnd.OVER:
                return self._endless(replace(run, outcome=outcome), usual * ROUNDS, usual)
        else:
            outcome = self._alone(run.planned, PATIENCE, TICKS)
            if outcome.end is ChildEnd.OVER:
                return self._second_run(replace(run, outcome=outcome))
        again = self._run_of(run.planned, outcome)
        return run if outcome.unfit else again

    def _endless(self, run: Run, limit: int, usual: int) -> Run:
        where = f" in {run.outcome.current}" if run.outcome.current else ""
        text = f"went round more than {limit:,} times{where}, where {usual:,} are usual"
        return self._run_of(run.planned, replace(run.outcome, detail=text))

    def _usual_rounds(self, planned: PlannedMutant, test: str) -> int:
        """How often the test enters the mutated function, or goes round its loops, without it."""
        mutant = planned.mutant
        key = (mutant.path, mutant.scope, test)
        if key not in self._usual:
            tests = (test,) if test else ()
            job = self._maker.control(tests, self._unchanged([planned]), self._files)
            outcome = run_job(self._zygote, job)
            # Not to know it must not make a timeout: the clock decides.
            self._usual[key] = outcome.ticks if outcome.end is ChildEnd.FINISHED else TICKS
        return self._usual[key]

    # -- controls

    def _overturned(
        self, runs: Iterable[Run], settled: dict[str, Run], on_run: Callable[[Run], None]
    ) -> list[PlannedMutant]:
        """Mutants whose killer fails without them too: to be run again without that test."""
        killed = [
            run
            for run in runs
            if run.verdict.status in (Status.KILLED, Status.RUNTIME_ERROR) and run.verdict.killer
        ]
        prefixes = self._prefixes(killed)
        failures = self.control(
            maximal(set(prefixes.values()) - self._proven), [run.planned for run in killed]
        )
        again = []
        for run in killed:
            prefix = prefixes[run.planned.mutant.id]
            guilty = failures & set(prefix)
            if not guilty:
                self._proven.add(prefix)
                continue
            fewer = without(run.planned, guilty)
            if fewer.tests:
                again.append(fewer)
            else:
                hopeless = replace(run, verdict=no_sound_test(run.planned))
                settled[run.planned.mutant.id] = hopeless
                on_run(hopeless)
        return again

    def _prefixes(self, killed: Iterable[Run]) -> dict[str, Tests]:
        """The tests that the control of each kill has to run.

        All that ran up to the killer may have made it fail. Where that is long, the mutant is run
        with the killer alone: if it fails then, too, that is the kill to be proven.
        """
        found = {run.planned.mutant.id: prefix_of(run) for run in killed}
        jobs = (
            (run, self._maker.mutant(only(run.planned, run.verdict.killer), self._files))
            for run in killed
            if run.verdict.status is Status.KILLED and self._is_long(found[run.planned.mutant.id])
        )
        for done in run_jobs(self._zygote, jobs, self._workers):
            run: Run = done.tag
            verdict = classify(only(run.planned, run.verdict.killer), done.outcome)
            if verdict.status is Status.KILLED and verdict.killer == run.verdict.killer:
                found[run.planned.mutant.id] = (verdict.killer,)
        return found

    def _is_long(self, prefix: Tests) -> bool:
        seconds = self._maker.limits.seconds
        return prefix not in self._proven and sum(seconds.get(t, 0.0) for t in prefix[:-1]) > LONG

    def control(self, prefixes: Iterable[Tests], planned: Iterable[PlannedMutant]) -> set[str]:
        """Run sequences of tests with the mutants' functions unchanged; the tests that fail."""
        failures: set[str] = set()
        unchanged = self._unchanged(planned)
        jobs = ((p, self._maker.control(p, unchanged, self._files)) for p in prefixes)
        for done in run_jobs(self._zygote, jobs, self._workers):
            failures |= self._control_failures(done.tag, done.outcome)
        return failures

    def _unchanged(self, planned: Iterable[PlannedMutant]) -> tuple[Message, ...]:
        mutants = [mutant.mutant for mutant in planned]
        return self._maker.unchanged(mutants, by_file=bool(self._files))

    def _control_failures(self, prefix: Tests, outcome: Outcome) -> set[str]:
        failed = {r.node_id for r in outcome.results if r.outcome in NOTICED}
        for node_id in failed:
            self._flaky[node_id] = "fails without a mutant when run in the order of a kill"
        broke = outcome.collect_error or outcome.unfit
        if outcome.end is ChildEnd.FINISHED and not broke:
            return failed
        if outcome.end is ChildEnd.BROKEN or broke:
            raise InconclusiveError(
                "a control run without any mutant broke:",
                tuple((broke or outcome.detail).strip().splitlines()[-8:]),
            )
        culprit = outcome.current or prefix[-1]
        self._flaky[culprit] = f"its control run without a mutant ended as {outcome.end.value}"
        return {*failed, culprit}

    # -- the canary

    def notices(self, planned: PlannedMutant) -> Outcome:
        """The mutant's tests while its function raises as soon as it is entered."""
        canary = {**self._maker.wire(planned.mutant), "replacement": planned.mutant.original}
        job = self._maker.mutant(planned, self._files)
        return run_job(self._zygote, replace(job, mutants=({**canary, "canary": True},)))


def prefix_of(run: Run) -> Tests:
    """The tests that ran up to and including the killer."""
    tests = [test.node_id for test in run.planned.tests]
    killer = run.verdict.killer
    return tuple(tests[: tests.index(killer) + 1]) if killer in tests else ()


def maximal(prefixes: Iterable[Tests]) -> list[Tests]:
    """Drop sequences that another one begins with: it proves them too."""
    kept: list[Tests] = []
    for prefix in sorted(prefixes):
        if not prefix:
            continue
        if kept and prefix[: len(kept[-1])] == kept[-1]:
            kept.pop()
        kept.append(prefix)
    return kept


def only(planned: PlannedMutant, test: str) -> PlannedMutant:
    """The same mutant with one of its tests."""
    return replace(planned, tests=tuple(t for t in planned.tests if t.node_id == test))


def without(planned: PlannedMutant, tests: set[str]) -> PlannedMutant:
    """The same mutant with fewer tests."""
    kept: tuple[PlannedTest, ...] = tuple(t for t in planned.tests if t.node_id not in tests)
    return replace(planned, tests=kept)


def no_sound_test(planned: PlannedMutant) -> Verdict:
    reason = "each covering test fails without a mutant when run in this order"
    return unsettled(planned, Status.RUNTIME_ERROR, reason)
