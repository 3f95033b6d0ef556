"""Why one test ends otherwise after others than alone: the runs that find its polluters."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from assay.diagnosis.leaks import leak_of, without_aliases
from assay.diagnosis.pollution import (
    Difference,
    Reads,
    Slot,
    Write,
    bisection_starts,
    candidates,
    differences,
    least_set,
    restorers,
    write_of,
)
from assay.errors import UsageError
from assay.execution.ordered import Order, Ordered, OrderedRun
from assay.execution.suite import BAD
from assay.model.isolation import Dependence, Isolation, Leak, Place, Starts
from assay.model.run import TestOutcome
from assay.model.source import decode
from assay.progress import Progress
from assay.recording import Suite

ALONE = 3
MOST_LOST = 5
"""So many tests that take the process down are left out."""
MOST_LEAKS = 5
MOST_CLEANERS = 3
MOST_SLOTS = 12
"""So many slots of a test are looked at line by line."""

Message = dict[str, Any]


def isolate(
    suite: Suite,
    victim: str,
    progress: Progress,
    seconds: float | None = None,
    now: Callable[[], float] = monotonic,
) -> Isolation:
    """How a test depends on those before it: see `Isolation`.

    After so many `seconds` no further search is begun. UsageError if the suite has no such test.
    """
    check_known(suite, [victim])
    search = _Search(suite, victim, progress, seconds, now)
    try:
        return search.run()
    except KeyboardInterrupt:
        return replace(search.found, interrupted=True, starts=search.starts)


def check_known(suite: Suite, tests: Iterable[str]) -> None:
    """UsageError, with the likeliest of the suite's tests, for one that it does not have."""
    known = [item.node_id for item in suite.collected.items]
    for test in tests:
        if test in known:
            continue
        function = test.partition("[")[0]
        near = [one for one in known if one.partition("[")[0] == function]
        same = [one for one in known if one.rpartition("::")[2] == test.rpartition("::")[2]]
        close = difflib.get_close_matches(test, known, 3, 0.6)
        shown = list(dict.fromkeys([*near, *same, *close]))[:3]
        hint = f"did you mean {' or '.join(shown)}?" if shown else "give a full node id"
        raise UsageError(f"pytest collects no test {test!r}: {hint}")


class _OutOfTime(Exception):  # noqa: N818 - an outcome rather than an error
    pass


class _Search:
    """The runs about one test, and what is known so far."""

    def __init__(
        self,
        suite: Suite,
        victim: str,
        progress: Progress,
        seconds: float | None,
        now: Callable[[], float],
    ) -> None:
        self._suite, self._victim, self._progress = suite, victim, progress
        self._now = now
        self._until = None if seconds is None else now() + seconds
        self._ordered = Ordered(suite.settings, suite.zygote, suite.collected, suite.limits({}))
        self._order = [item.node_id for item in suite.collected.items]
        self._writes: list[Write] = []
        self._reads = Reads()
        self._lines: dict[tuple[str, Slot], tuple[Place, Place | None]] = {}
        self._target = False
        self._tried: dict[tuple[str, ...], bool] = {}
        self._least: tuple[str, ...] = ()
        self.starts = Starts()
        args = options_of(suite.project.pytest_args, suite.collected.places)
        self.found = Isolation(victim, Dependence.UNKNOWN, (), None, 0, pytest_args=args)

    # -- the stages

    def run(self) -> Isolation:
        self._alone()
        outcomes = self.found.alone
        if len(outcomes) < ALONE or TestOutcome.NOT_RUN in outcomes:
            return self._ended()
        if len({outcome in BAD for outcome in outcomes}) > 1:
            return self._ended(dependence=Dependence.FLAKY)
        fails = outcomes[0] in BAD
        at = self._order.index(self._victim)
        before, after = self._order[:at], self._order[at + 1 :]
        later = False
        if not before or self._with(before) is fails:
            if not after or self._with([*before, *after]) is fails:
                return self._ended(dependence=Dependence.FAILS if fails else Dependence.NONE)
            before, later = [*before, *after], True
        if self.found.together is None:
            return self._ended()
        self._target = not fails
        self.found = replace(
            self.found,
            dependence=Dependence.BRITTLE if fails else Dependence.VICTIM,
            bisection=bisection_starts(len(before)),
            later=later,
        )
        return self._searched(before)

    def _ended(self, **more: Any) -> Isolation:
        self.found = replace(self.found, starts=self.starts, **more)
        return self.found

    def _alone(self) -> None:
        self._progress.stage(f"running {self._victim} alone, {ALONE} times")
        outcomes: list[TestOutcome] = []
        for number in range(ALONE):
            watchers = {"state": {"changes": False, "reads": [self._victim]}} if not number else {}
            run = self._ordered.run(Order((self._victim,), watchers=watchers))
            self._count(alone=1)
            self._note(run)
            result = run.results.get(self._victim)
            if result is None:
                words = run.problem or "pytest did not run it"
                self._say(f"{self._victim} did not run alone: {words}")
                return
            outcomes.append(result.outcome)
            self.found = replace(self.found, alone=tuple(outcomes))
            if result.failure is not None:
                self.found = replace(self.found, failure=result.failure)

    def _with(self, before: Sequence[str]) -> bool | None:
        """Whether the test fails after others; None if it cannot be told. What they change is
        noted."""
        tests = list(before)
        for _ in range(MOST_LOST):
            self._progress.start("running tests before it", len(tests) + 1)
            told = {"state": {"reads": [self._victim]}}
            run = self._ordered.run(
                Order((*tests, self._victim), watchers=told), self._progress.test
            )
            self._progress.finish()
            self._count(together=1)
            if run.lost and run.lost != self._victim:
                self._say(f"left out, because it ends the process: {run.lost}")
                tests.remove(run.lost)
                continue
            self._writes = []
            self._note(run)
            seconds = {test: result.seconds for test, result in run.results.items()}
            self._ordered.limits = self._suite.limits(seconds)
            result = run.results.get(self._victim)
            outcome = None if result is None else result.outcome
            self.found = replace(self.found, together=outcome, before=len(tests))
            if result is not None and result.failure is not None:
                self.found = replace(self.found, failure=result.failure)
            if result is None:
                self._say(f"it did not come to run after the others: {run.problem}")
                return None
            return outcome in BAD
        self._say("too many tests end the process: run them by themselves first")
        return None

    def _searched(self, before: Sequence[str]) -> Isolation:
        try:
            causes = self._by_state(before)
            by_state = bool(causes)
            if not causes:
                self._progress.stage("no state was seen to do it: trying subsets of the tests")
                if not self._happens(tuple(before)):
                    self._say("a second run with the same tests before it ended otherwise")
                    return self._ended(dependence=Dependence.FLAKY)
                causes = self._least_of(tuple(before))
        except _OutOfTime:
            self._say("the time was over before the search was: the set may not be the least")
            return self._ended(causes=self._least)
        self.found = replace(self.found, causes=causes, by_state=by_state)
        self.found = replace(self.found, leaks=self._leaks(causes), starts=self.starts)
        self._confirm()
        if self.found.dependence is Dependence.VICTIM and self.found.leaks:
            self.found = replace(self.found, cleaners=self._cleaners())
        return self._ended()

    def _by_state(self, before: Sequence[str]) -> tuple[str, ...]:
        """The first set of writers with which it happens, made least; empty if none does."""
        seen = self._differences(self._writes)
        for writers in candidates(seen, before):
            self._progress.stage(f"trying {self._victim} after {', '.join(writers)}")
            slots = {
                writer: [one.slot for one in seen if writer in one.writers][:MOST_SLOTS]
                for writer in writers
            }
            if self._happens(writers, slots):
                return self._least_of(writers)
        return ()

    def _least_of(self, tests: tuple[str, ...]) -> tuple[str, ...]:
        search = least_set(tests)
        try:
            asked = next(search)
            while True:
                asked = search.send(self._happens(asked))
        except StopIteration as done:
            found: tuple[str, ...] = done.value
            return found

    def _happens(self, tests: tuple[str, ...], slots: Mapping[str, Any] | None = None) -> bool:
        """Whether the test ends after these as it did after all."""
        if tests in self._tried:
            return self._tried[tests]
        if self._until is not None and self._now() > self._until:
            raise _OutOfTime
        watchers = {"state": {"changes": False, "writes": slots}} if slots else {}
        run = self._ordered.run(Order((*tests, self._victim), watchers=watchers))
        self._count(search=1)
        self._note(run)
        happened = self._tried[tests] = self._ends_so(run)
        if happened and (not self._least or len(tests) < len(self._least)):
            self._least = tests
        return happened

    def _ends_so(self, run: OrderedRun) -> bool:
        outcome = run.outcome(self._victim)
        return outcome is not None and (outcome in BAD) is self._target

    def _confirm(self) -> None:
        self._progress.stage("confirming in a fresh process")
        run = self._ordered.fresh(Order((*self.found.causes, self._victim)))
        self._count(fresh=1)
        confirmed = self._ends_so(run)
        self.found = replace(self.found, confirmed=confirmed)
        if not confirmed:
            self._say(
                "not confirmed in a fresh process, which imports only the files of these tests"
            )

    def _cleaners(self) -> tuple[str, ...]:
        """Tests after which it passes in spite of its polluters."""
        causes = self.found.causes
        mine = [write for write in self._writes if write.test in causes]
        clean = {one.slot: one.before for one in self._differences(mine) if one.read}
        tried = restorers(self._writes, clean, causes)
        if not tried:
            others = tuple(t for t in self._order if t not in (*causes, self._victim))
            self._progress.stage("looking for tests that clean up")
            run = self._ordered.run(Order((*causes, *others), watchers={"state": {}}))
            self._count(cleaners=1)
            tried = restorers(_writes_of(run), clean, causes)
        found = []
        for test in tried[:MOST_CLEANERS]:
            run = self._ordered.run(Order((*causes, test, self._victim)))
            self._count(cleaners=1)
            if self._victim in run.results and not self._ends_so(run):
                found.append(test)
        return tuple(found)

    # -- what is noted

    def _count(self, **more: int) -> None:
        self.starts = replace(
            self.starts, **{name: getattr(self.starts, name) + n for name, n in more.items()}
        )

    def _say(self, text: str) -> None:
        self.found = replace(self.found, notices=(*self.found.notices, text))

    def _note(self, run: OrderedRun) -> None:
        self._writes += [one for one in _writes_of(run) if one.test != self._victim]
        for event in run.events:
            if event["type"] == "reads":
                self._reads = _joined(self._reads, event)
            elif event["type"] == "written":
                for slot, path, line, test_line in event["lines"]:
                    own = (self._path_of(event["test"]), test_line) if test_line else None
                    self._lines[event["test"], tuple(slot)] = ((path, line), own)

    def _path_of(self, test: str) -> str:
        return next((i.path for i in self._suite.collected.items if i.node_id == test), "")

    def _differences(self, writes: Iterable[Write]) -> list[Difference]:
        found = differences(writes, self._reads)
        homes = {one.slot for one in found if one.slot[0] == "global" and self._is_home(one.slot)}
        return without_aliases(found, homes)

    def _is_home(self, slot: Slot) -> bool:
        """Whether the module of a global assigns it, and has not imported it."""
        file = self._suite.collected.modules.get(slot[1], "")
        try:
            tree = ast.parse(decode(Path(file).read_bytes()))
        except (OSError, SyntaxError, LookupError, UnicodeDecodeError, ValueError):
            return False
        return any(
            isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == slot[2]
            for node in ast.walk(tree)
        )

    def _leaks(self, causes: Sequence[str]) -> tuple[Leak, ...]:
        """State that these tests left, if the test reads any; else what else they left."""
        found = self._differences(write for write in self._writes if write.test in causes)
        read = [one for one in found if one.read]
        return tuple(
            leak_of(one, one.writers[-1], self._lines) for one in (read or found)[:MOST_LEAKS]
        )


def _writes_of(run: OrderedRun) -> list[Write]:
    return [
        write_of(event["test"], told)
        for event in run.events
        if event["type"] == "state"
        for told in event["changed"]
    ]


def _joined(reads: Reads, told: Message) -> Reads:
    return Reads(
        names=reads.names | frozenset(told["names"]),
        others=reads.others | frozenset(told["others"]),
        texts=reads.texts | frozenset(told["texts"]),
        called=reads.called | frozenset(told["called"]),
        fixtures=reads.fixtures | frozenset(told["fixtures"]),
    )


def options_of(arguments: Sequence[str], places: Sequence[str]) -> tuple[str, ...]:
    """Pytest's arguments without those that say what to collect, so that node ids may follow them.
    A word that is given both as a place and as the value of an option stays where it is the value.
    """

    def is_place(at: int) -> bool:
        word = arguments[at]
        alone = arguments.count(word) <= places.count(word)
        follows_option = at > 0 and arguments[at - 1].startswith("-")
        return word in places and (alone or not follows_option)

    return tuple(arguments[at] for at in range(len(arguments)) if not is_place(at))
