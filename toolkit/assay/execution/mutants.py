"""Runs planned mutants to their verdicts: many to a process where that can be trusted, each in a
fork where it cannot, and from the import of their module on where code runs at import."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from assay.errors import BaselineError, InconclusiveError
from assay.execution.cold import Group, Staged, absolute, groups, joined, stages
from assay.execution.killers import Killers
from assay.execution.lane import Lane, Run
from assay.execution.speculation import Speculation
from assay.execution.wire import Bench, Tests
from assay.execution.zygote import Zygote
from assay.model.mutant import NOT_REACHED, SETTLED, PlannedMutant, Route, Status, Verdict
from assay.model.run import ChildEnd, Outcome
from assay.verdict.classify import NOTICED, classify, unsettled

OnVerdict = Callable[[Verdict], None]

FEW = 3
"""So many mutants of a module make it worth to start pytest and stop at its import."""

CHUNK = 200
"""So many mutants run before the controls of their kills: what an interrupt can cost at most."""

FIRST_CHUNK = 20

CANARIES = 3
"""Functions of a file in which nobody may notice an exception before the file is in doubt."""


class Isolation(Enum):
    """How far mutants are kept apart."""

    SPECULATE = "speculate"
    """many in one process, each kill with a control; the rest in forks"""
    FORK = "fork"
    """each in a fork of the collected session"""
    PROCESS = "process"
    """each in a process that starts pytest itself"""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How mutants are run: `deadline` is the monotonic time after which no mutant begins (None: no
    end), `verify` how many verdicts are checked again at the end, chosen by `seed`."""

    isolation: Isolation = Isolation.SPECULATE
    deadline: float | None = None
    verify: int = 0
    seed: int = 0


AS_USUAL = RunOptions()

NOT_REPEATABLE = "not repeatable"


@dataclass(frozen=True, slots=True)
class MutantRun:
    """Verdicts by mutant id; `flaky` are tests that failed in a control, with the reason;
    `problems` what makes the verdicts of a file doubtful; `repeated` is how many verdicts were run
    again, those of them that changed included."""

    verdicts: Mapping[str, Verdict]
    flaky: Mapping[str, str]
    interrupted: bool
    problems: tuple[str, ...] = ()
    repeated: int = 0

    def and_then(self, more: MutantRun) -> MutantRun:
        """This run, with what a later one says of some of the mutants in its place."""
        return MutantRun(
            {**self.verdicts, **more.verdicts},
            {**self.flaky, **more.flaky},
            more.interrupted,
            (*self.problems, *more.problems),
            self.repeated + more.repeated,
        )


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told of verdicts: `came` of each at once, for the progress; `settled` of each that no
    control will overturn any more, for whoever keeps it."""

    came: OnVerdict
    settled: OnVerdict


class MutantRunner:
    """Runs a plan to its verdicts on the zygotes of one project.

    What has begun when the deadline passes is brought to its end, controls included.
    """

    def __init__(
        self,
        bench: Bench,
        listener: Listener,
        options: RunOptions = AS_USUAL,
    ) -> None:
        self._settings = bench.settings
        self._zygote = bench.zygote
        self._collected = collected = bench.collected
        self._maker = bench.maker
        self._workers = bench.workers
        self._listener = listener
        self._options = options
        self._killers = Killers()
        self._paths = {item.node_id: item.path for item in collected.items}
        self._sizes = Counter(self._paths.values())
        self._order: dict[str, Tests] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._came: set[str] = set()
        self._settled: set[str] = set()
        self._flaky: dict[str, str] = {}
        self._problems: list[str] = []
        self._repeated = 0
        self._heard: set[str] = set()
        self._cold: Zygote | None = None
        self._hot = self._lane(bench.zygote, ())

    def run(self, planned: Sequence[PlannedMutant]) -> MutantRun:
        """Every planned mutant gets a verdict; those that did not begin, Pending."""
        self._order = {p.mutant.id: tuple(t.node_id for t in p.tests) for p in planned}
        interrupted = False
        try:
            # Within the time of a budget, what stands first is brought to its end first.
            in_time = self._options.deadline is not None
            for some in chunks(planned) if in_time else [planned]:
                self._run(some)
            self._check_again(planned)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            if self._cold is not None:
                self._cold.close()
        if interrupted:
            # A kill without its control proves nothing.
            self._verdicts = {one: self._verdicts[one] for one in self._settled}
        for mutant in planned:
            words = "interrupted before it was run" if interrupted else NOT_REACHED
            pending = unsettled(mutant, Status.PENDING, words)
            self._verdicts.setdefault(mutant.mutant.id, pending)
        return MutantRun(
            self._verdicts, self._flaky, interrupted, tuple(self._problems), self._repeated
        )

    def _run(self, planned: Sequence[PlannedMutant]) -> None:
        forks = self._options.isolation is not Isolation.PROCESS
        hot = [p for p in planned if forks and p.route is Route.HOT]
        cold = [p for p in planned if not forks or p.route is Route.COLD]
        self._canaries(self._hot, hot)
        passed: dict[str, Tests] = {}
        if self._options.isolation is Isolation.SPECULATE:
            hot, passed = self._speculate(hot)
        for chunk in chunks(hot):
            ordered = [self._killers.first(p, passed.get(p.mutant.id, ())) for p in chunk]
            runs = self._hot.settle(ordered, self._take)
            cold += [run.planned for run in runs.values() if run.outcome.unfit]
            self._settle(key for key, run in runs.items() if not run.outcome.unfit)
        self._run_cold(cold)

    # -- in one process, and in forks of the collected session

    def _speculate(
        self, planned: list[PlannedMutant]
    ) -> tuple[list[PlannedMutant], dict[str, Tests]]:
        """Those that trying did not settle, and the tests that passed under them."""
        trials = Speculation(
            self._zygote, self._maker, self._killers, self._workers, self._prove, self._may_begin
        )
        left = trials.run(planned)
        return [one.planned for one in left], {o.planned.mutant.id: o.passed for o in left}

    def _may_begin(self) -> bool:
        return self._options.deadline is None or time.monotonic() < self._options.deadline

    def _lane(self, zygote: Zygote, files: Tests) -> Lane:
        return Lane(
            zygote,
            self._maker,
            self._killers,
            self._workers,
            self._flaky,
            self._may_begin,
            files,
        )

    def _take(self, run: Run) -> None:
        """A verdict of the collected session's forks; not of a mutant that does not fit there."""
        if not run.outcome.unfit:
            self._book(run.verdict)

    def _book(self, verdict: Verdict) -> None:
        """Keep a verdict, or the one in its place; its tests are told in planned order."""
        key = verdict.mutant.id
        kept = replace(verdict, covering=self._order.get(key, verdict.covering))
        self._verdicts[key] = kept
        if key not in self._came:
            self._came.add(key)
            self._listener.came(kept)
        if kept.status is Status.SURVIVED:
            self._settle([key])

    def _prove(self, verdict: Verdict) -> None:
        """Keep a verdict that has had its control."""
        self._book(verdict)
        self._settle([verdict.mutant.id])

    def _settle(self, keys: Iterable[str]) -> None:
        """No control will overturn these any more."""
        for key in keys:
            if key in self._verdicts and key not in self._settled:
                # In this order: an interrupt in between must not leave one that nobody has kept.
                self._listener.settled(self._verdicts[key])
                self._settled.add(key)

    # -- from the import on

    def _run_cold(self, planned: Sequence[PlannedMutant]) -> None:
        """File by file: pytest is started once for the mutants of each."""
        by_path: dict[str, dict[str, Staged]] = {}
        for one in planned:
            staged = Staged(one, stages(one, self._paths, self._sizes))
            by_path.setdefault(one.mutant.path, {})[one.mutant.id] = staged
        for path, under in by_path.items():
            with self._cold_start(path, tuple(under.values())) as zygote:
                self._by_stages(zygote, under)

    def _by_stages(self, zygote: Zygote, under: Mapping[str, Staged]) -> None:
        """What a stage did not settle goes on to the next."""
        while under:
            left: dict[str, Staged] = {}
            parts = ((one.whole, one.stages[0]) for one in under.values())
            for group in groups(parts, self._paths):
                for key, run in self._run_group(zygote, group, under).items():
                    if _is_open(run) and not under[key].is_last:
                        left[key] = under[key].after(run.outcome)
            under = left

    def _run_group(
        self, zygote: Zygote, group: Group, under: Mapping[str, Staged]
    ) -> dict[str, Run]:
        def take(run: Run) -> None:
            one = under[run.planned.mutant.id]
            if not _is_open(run):
                self._book(_with_stages(one.before, run.verdict))
            elif one.is_last:
                self._book(classify(one.whole, joined(one.before, run.outcome)))

        lane = self._lane(zygote, absolute(self._settings.repo, group.files))
        self._canaries(lane, group.mutants)
        runs: dict[str, Run] = {}
        for chunk in chunks(group.mutants):
            runs |= lane.settle(chunk, take)
            self._settle(runs)
        return runs

    @contextlib.contextmanager
    def _cold_start(self, path: str, under: Sequence[Staged]) -> Iterator[Zygote]:
        """Where the mutants of a file go on from: its import, or a process without the project."""
        if len(under) >= FEW and self._options.isolation is not Isolation.PROCESS:
            repo = self._settings.repo
            prefix = f"{repo}/"
            modules = [f for f in self._collected.modules.values() if f.startswith(prefix)]
            tests = {file for one in under for stage in one.stages for file in stage}
            files = absolute(repo, sorted(tests))
            first, _ = Counter(one.stages[0] for one in under).most_common(1)[0]
            more = {
                "module": str(repo / path),
                "files": files,
                "first": absolute(repo, first),
                "ahead": [f for f in {*modules, *files} if f.endswith(".py")],
                "order": self._node_ids(),
            }
            with Zygote(self._settings, "import", record=False, more=more) as zygote:
                if _stands_at_import(zygote):
                    yield zygote
                    return
        yield self._cold_zygote()

    def _cold_zygote(self) -> Zygote:
        if self._cold is None:
            more = {"order": self._node_ids()}
            self._cold = Zygote(self._settings, "cold", record=False, more=more)
            self._cold.greeting()
        return self._cold

    def _node_ids(self) -> list[str]:
        return [item.node_id for item in self._collected.items]

    # -- is it the code that runs, and is a failure seen at all?

    def _canaries(self, lane: Lane, planned: Iterable[PlannedMutant]) -> None:
        """For each file not looked at before, let functions raise: a test must fail."""
        by_path: dict[str, dict[str, PlannedMutant]] = {}
        for mutant in planned:
            if mutant.mutant.path not in self._heard:
                by_path.setdefault(mutant.mutant.path, {}).setdefault(mutant.mutant.unit, mutant)
        for path, units in by_path.items():
            if not self._may_begin():
                break
            outcomes = []
            for mutant in list(units.values())[:CANARIES]:
                outcomes.append(lane.notices(mutant))
                if _noticed(outcomes[-1]) or outcomes[-1].unfit:
                    self._heard.add(path)
                    break
            else:
                self._heard.add(path)
                self._problems.append(_silence(path, outcomes))

    # -- the same again

    def _check_again(self, planned: Sequence[PlannedMutant]) -> None:
        """Run some of the settled mutants again, each in a fork; a verdict that changes is none."""
        settled = [
            p
            for p in planned
            if p.route is Route.HOT
            and p.mutant.id in self._verdicts
            and self._verdicts[p.mutant.id].status in SETTLED
        ]
        chosen = random.Random(self._options.seed).sample(
            settled, min(self._options.verify, len(settled))
        )
        if not chosen or self._options.isolation is Isolation.PROCESS:
            return
        for key, run in self._hot.settle(chosen, lambda _: None).items():
            first, second = self._verdicts[key], run.verdict
            self._repeated += not run.outcome.unfit
            if run.outcome.unfit or first.status is second.status:
                continue
            killer = first.killer or second.killer
            words = f"{first.status.value} at first, {second.status.value} when it was run again"
            self._flaky.setdefault(killer, f"noticed mutant {key} in one of two runs")
            self._book(unsettled(run.planned, Status.RUNTIME_ERROR, f"{NOT_REPEATABLE}: {words}"))


def chunks(planned: Sequence[PlannedMutant]) -> Iterator[Sequence[PlannedMutant]]:
    """Few at first, so that an early interrupt costs little."""
    size, at = FIRST_CHUNK, 0
    while at < len(planned):
        yield planned[at : at + size]
        at += size
        size = min(2 * size, CHUNK)


def _stands_at_import(zygote: Zygote) -> bool:
    """Whether pytest came to import the module, and may be forked there."""
    try:
        hello = zygote.greeting()
    except (BaselineError, InconclusiveError):
        return False
    return bool(hello["type"] == "hello" and hello["reached"] and hello["threads"] == 1)


def _with_stages(before: Outcome | None, verdict: Verdict) -> Verdict:
    """The verdict of a stage, with what the stages before it took."""
    if before is None:
        return verdict
    return replace(
        verdict,
        seconds=before.seconds + verdict.seconds,
        tests_run=len(before.results) + verdict.tests_run,
    )


def _is_open(run: Run) -> bool:
    """Whether another stage's tests may still settle it: nothing was noticed, nothing ended."""
    outcome = run.outcome
    ended = outcome.end is not ChildEnd.FINISHED or outcome.collect_error
    return not ended and not any(r.outcome in NOTICED for r in outcome.results)


def _noticed(outcome: Outcome) -> bool:
    if outcome.end is not ChildEnd.FINISHED:
        return outcome.end is ChildEnd.DIED
    return bool(outcome.collect_error) or any(r.outcome in NOTICED for r in outcome.results)


def _silence(path: str, outcomes: Sequence[Outcome]) -> str:
    if not any(outcome.entered for outcome in outcomes):
        return (
            f"{path}: a function made to raise was not entered by its tests: the code that runs is "
            "not this file (an installed copy?), or it runs in another process"
        )
    count = len({result.node_id for outcome in outcomes for result in outcome.results})
    return (
        f"{path}: functions made to raise as soon as they are entered fail none of their {count} "
        "tests: the tests swallow every exception, or something hides failures, so that no "
        "survivor means anything"
    )
