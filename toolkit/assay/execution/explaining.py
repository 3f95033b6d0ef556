"""Runs what explains survivors: their closest tests, watched with the mutant and without."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assay.execution.jobs import Message, run_jobs
from assay.execution.proposals import Proposals, Trial, function_of
from assay.execution.suite import files_of
from assay.execution.wire import Bench, Tests
from assay.execution.zygote import Job, Zygote
from assay.explain.candidates import Candidate
from assay.explain.compare import Comparison, compare, hidden
from assay.explain.questions import answered, questions
from assay.explain.recording import recording_of
from assay.explain.words import explanation, unknown
from assay.model.explanation import Explanation, Proposal, Reach
from assay.model.mutant import Mutant
from assay.model.run import ChildEnd, Outcome, TestOutcome
from assay.model.source import MODULE_UNIT, decode

TESTS = 5
"""So many of a survivor's tests are watched: the closest ones."""

SLOW = 2.0
"""Seconds beyond which a test is watched only if it is the closest."""

OVER = "the time for explanations was over; `assay show ID` explains it"

RUNS = ("clean", "again", "mutant")

TOLD = (Reach.UNCHECKED, Reach.SWALLOWED, Reach.SAME, Reach.NOT_REACHED, Reach.UNKNOWN)
"""Which of several tests tells most, the best first."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that survived, and the tests that ran it, in planned order."""

    mutant: Mutant
    tests: Tests


@dataclass(slots=True)
class _Under:
    """One survivor on its way."""

    survivor: Survivor
    tests: Tests
    cold: bool
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    found: list[Comparison] = field(default_factory=list)
    waiting: list[tuple[Comparison, Candidate]] = field(default_factory=list)
    proposal: Proposal | None = None
    chosen: Comparison | None = None
    why: str = ""
    none: str = ""


class Explainer:
    """Explains survivors on the zygotes of one project. Use as a context manager."""

    def __init__(self, bench: Bench) -> None:
        self._settings = bench.settings
        self._zygote = bench.zygote
        self._collected = bench.collected
        self._maker = bench.maker
        self._sources = bench.maker.sources
        self._limits = bench.maker.limits
        self._workers = bench.workers
        self._paths = {item.node_id: item.path for item in bench.collected.items}
        self._others = contextlib.ExitStack()
        self._cold: Zygote | None = None
        self._proposals = Proposals(bench, self._zygote_for, self._others)

    def __enter__(self) -> Explainer:
        return self

    def __exit__(self, *_: object) -> None:
        self._others.close()

    def explain(
        self,
        survivors: Sequence[Survivor],
        deadline: float | None = None,
    ) -> dict[str, Explanation]:
        """Explanations by mutant id; `deadline` is the monotonic time after which nothing more
        begins: what is known by then is told, without a proposal. Raises KeyboardInterrupt."""
        under = [self._begin(one) for one in survivors]
        self._record([one for one in under if not one.cold], deadline)
        again = [one for one in under if one.cold or self._should_be_cold(one)]
        for one in again:
            one.cold, one.outcomes, one.why = True, {}, ""
        self._record(again, deadline)
        for one in under:
            self._compare(one)
        self._ask([one for one in under if self._has_no_candidate(one)], deadline)
        for one in under:
            if one.chosen is not None and self._has_no_candidate(one):
                file = self._proposals.file_of(one.chosen)
                seen = file.code.attributes if file is not None else ()
                one.chosen = hidden(one.chosen, seen) or one.chosen
        self._verify(under, deadline)
        return {one.survivor.mutant.id: self._told(one) for one in under}

    def _begin(self, survivor: Survivor) -> _Under:
        is_module = survivor.mutant.unit == MODULE_UNIT
        cold = is_module or not self._collected.can_fork
        return _Under(survivor, self._closest(survivor), cold)

    def _closest(self, survivor: Survivor) -> Tests:
        """Those planned first, and those named for the function."""
        name = survivor.mutant.scope.rpartition(".")[2].strip("_").lower()
        tests = [test for test in survivor.tests if test in self._paths]
        named = [test for test in tests if name and name in test.rpartition("::")[2].lower()]
        order = list(dict.fromkeys([*tests[:2], *named[:2], *tests]))
        seconds = self._limits.seconds
        quick = [test for test in order if seconds.get(test, 0.0) <= SLOW]
        return tuple((quick or order[:1])[:TESTS])

    # -- watching

    def _record(self, under: Sequence[_Under], deadline: float | None) -> None:
        """Two runs without the mutant and one with it, for each."""
        for cold in (False, True):
            some = [one for one in under if one.cold is cold and one.tests]
            jobs = (
                ((one, run), self._watching(one, run, one.tests))
                for one in some
                for run in RUNS
                if not _is_over(deadline)
            )
            if some:
                for done in run_jobs(self._zygote_for(cold), jobs, self._workers):
                    one, run = done.tag
                    one.outcomes[run] = done.outcome

    def _watching(
        self, one: _Under, run: str, tests: Tests, looks: Sequence[tuple[int, str]] = ()
    ) -> Job:
        mutant = one.survivor.mutant
        mutants: tuple[Message, ...] = (self._maker.wire(mutant),)
        if run != "mutant":
            mutants = self._maker.unchanged([mutant], by_file=one.cold)
        files = files_of(tests, self._collected, self._settings.repo) if one.cold else ()
        job = self._maker.control(tests, mutants, files)
        return replace(job, observe={**self._spec(mutant, tests), "looks": looks})

    def _spec(self, mutant: Mutant, tests: Tests) -> Message:
        source = self._sources[mutant.path]
        unit = source.unit(mutant.unit) or source.module
        repo = self._settings.repo
        observable = mutant.unit != MODULE_UNIT
        return {
            "path": str(Path(repo, mutant.path).resolve()),
            "name": mutant.scope.rpartition(".")[2] if observable else "",
            "first": unit.first_line,
            "last": unit.last_line,
            "tests": files_of(tests, self._collected, repo),
            "repo": str(repo),
            "excluded": list(self._settings.excluded),
        }

    def _should_be_cold(self, one: _Under) -> bool:
        """Whether the mutant did not get into the collected session, or was not entered there."""
        outcome = one.outcomes.get("mutant")
        return outcome is not None and bool(outcome.unfit or not outcome.entered)

    def _zygote_for(self, cold: bool) -> Zygote:
        if not cold:
            return self._zygote
        if self._cold is None:
            more = {"order": [item.node_id for item in self._collected.items]}
            zygote = Zygote(self._settings, "cold", record=False, more=more)
            self._cold = self._others.enter_context(zygote)
            self._cold.greeting()
        return self._cold

    # -- comparing

    def _compare(self, one: _Under) -> None:
        one.why = one.why or self._problem(one)
        if one.why:
            return
        seen = {
            run: {message["test"]: message for message in outcome.observed}
            for run, outcome in one.outcomes.items()
        }
        passed = [_passed(outcome) for outcome in one.outcomes.values()]
        # What was entered, and by no test, ran when the tests were imported.
        in_tests = any(one_test["entered"] for one_test in seen["mutant"].values())
        at_import = one.outcomes["mutant"].entered and not in_tests
        for test in one.tests:
            if not all(test in some for some in (*seen.values(), *passed)):
                continue
            three = [recording_of(seen[run][test]) for run in RUNS]
            observable = one.survivor.mutant.unit != MODULE_UNIT and not at_import
            one.found.append(compare(*three, observable=observable))
        one.found.sort(key=lambda found: TOLD.index(found.reach))
        if not one.found:
            one.why = "no test that ran it passes while it is watched"
            return
        one.chosen = one.found[0]
        for found in one.found:
            if found.reach is Reach.UNCHECKED:
                self._wait(one, found)
        one.waiting.sort(key=lambda pair: (bool(pair[1].case), pair[1].rank))

    def _problem(self, one: _Under) -> str:
        if not one.tests:
            return "none of its tests is collected now"
        if len(one.outcomes) < 3:
            return OVER
        for run, outcome in one.outcomes.items():
            if outcome.unfit:
                return f"the mutant cannot be put in place: {outcome.unfit}"
            if outcome.end is not ChildEnd.FINISHED or outcome.collect_error:
                which = "with the mutant" if run == "mutant" else "without a mutant"
                return f"a watched run {which} ended as {outcome.end.value}"
        return ""

    def _has_no_candidate(self, one: _Under) -> bool:
        unchecked = one.chosen is not None and one.chosen.reach is Reach.UNCHECKED
        return unchecked and not one.waiting and not one.none

    def _ask(self, under: Sequence[_Under], deadline: float | None) -> None:
        """Where only private state differs: look what the object says of itself."""
        asked: dict[int, dict[str, Outcome]] = {}
        for cold in (False, True):
            jobs = []
            for one in under:
                if one.cold is cold and one.chosen is not None and not _is_over(deadline):
                    found = one.chosen
                    test = found.clean.test
                    looks = questions(found.found, found.clean, function_of(test))
                    if looks:
                        jobs += [
                            ((one, run), self._watching(one, run, (test,), looks)) for run in RUNS
                        ]
            if jobs:
                for done in run_jobs(self._zygote_for(cold), jobs, self._workers):
                    one, run = done.tag
                    asked.setdefault(id(one), {})[run] = done.outcome
        for one in under:
            self._take_answers(one, asked.get(id(one), {}))

    def _take_answers(self, one: _Under, outcomes: Mapping[str, Outcome]) -> None:
        seen = [recording_of(m) for run in RUNS if run in outcomes for m in outcomes[run].observed]
        if len(seen) != len(RUNS) or one.chosen is None:
            return
        found = tuple(answered(one.chosen.found, *seen))
        if found:
            with_answers = replace(one.chosen, found=found)
            self._wait(one, with_answers)

    # -- proposing

    def _wait(self, one: _Under, found: Comparison) -> None:
        """Have what may be proposed for a difference tried later."""
        made, one.none = self._proposals.candidates(found)
        one.waiting += [(found, candidate) for candidate in made]

    def _verify(self, under: Sequence[_Under], deadline: float | None) -> None:
        """Round by round, the next candidate of each survivor that has none yet."""
        while True:
            trying = [one for one in under if one.waiting and one.proposal is None]
            if not trying:
                return
            if _is_over(deadline):
                for one in trying:
                    one.none = OVER
                return
            trials = []
            for one in trying:
                found, made = one.waiting.pop(0)
                mutant = one.survivor.mutant
                cold = one.cold or bool(made.case)
                trials.append(Trial(under.index(one), found, made, mutant, cold))
                one.none = "no assertion that was tried tells the two apart"
            noticing = self._proposals.noticing(trials)
            for trial in noticing:
                under[trial.owner].none = "what differs also varies without the mutant"
            for trial in self._proposals.passing(noticing):
                one = under[trial.owner]
                one.proposal, one.chosen = self._proposals.proposal(trial), trial.found

    # -- telling

    def _told(self, one: _Under) -> Explanation:
        mutant = one.survivor.mutant
        made_of = {mutant.path: self._sources[mutant.path].sha}
        if one.why or one.chosen is None:
            return unknown(one.why, {} if one.why == OVER else made_of)
        file = self._proposals.file_of(one.chosen)
        if file is not None:
            made_of[file.path] = file.sha
        if one.none == OVER and one.proposal is None:
            # To be looked into again by the next run.
            made_of = {}
        none = "" if one.proposal or one.chosen.reach is not Reach.UNCHECKED else one.none
        if not none and one.proposal is None and one.chosen.reach is Reach.UNCHECKED:
            none = "what differs has no simple expression in the test"
        text = self._text_of(mutant.path)
        return explanation(mutant, one.chosen, one.proposal, none, made_of, text)

    def _text_of(self, path: str) -> str:
        try:
            return decode(Path(self._settings.repo, path).read_bytes())
        except (OSError, SyntaxError, UnicodeDecodeError, LookupError):
            return ""


def _passed(outcome: Outcome) -> set[str]:
    return {r.node_id for r in outcome.results if r.outcome is TestOutcome.PASSED}


def _is_over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline
