"""Runs what explains survivors: tests watched with and without the mutant, and proposals verified.

Nothing is written: a patched test gets its code in a child's memory, as a mutant does.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assay.errors import BaselineError, InconclusiveError
from assay.execution.jobs import Message, run_jobs
from assay.execution.suite import Collected, files_of
from assay.execution.timeouts import Limits
from assay.execution.wire import JobMaker, Tests
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.explain.candidates import Candidate, candidates
from assay.explain.checks import Known
from assay.explain.compare import Comparison, compare
from assay.explain.questions import answered, questions
from assay.explain.recording import recording_of
from assay.explain.testcode import TestCode
from assay.explain.words import explanation, unknown
from assay.model.explanation import Explanation, Proposal, Reach
from assay.model.mutant import Mutant
from assay.model.run import ChildEnd, Outcome, TestOutcome
from assay.model.source import MODULE_UNIT, SourceFile, decode
from assay.mutation.apply import text_diff

TESTS = 5
"""So many of a survivor's tests are watched: the closest ones."""

SLOW = 2.0
"""Seconds beyond which a test is watched only if it is the closest."""

USUAL_RUNS = 3
OTHER_RUNS = 2
"""Clean runs of a proposal in the usual process, and in one with other seeds of hashes and of
`random`: a value that depends on these must not be proposed."""

CASES = 60
"""A test with more cases than this gets no proposal: all would have to run each time."""

OTHER_SEED = 4711

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
    tried: int = 0
    proposal: Proposal | None = None
    chosen: Comparison | None = None
    why: str = ""
    none: str = ""


@dataclass(frozen=True, slots=True)
class _TestFile:
    path: str
    content: bytes
    text: str
    sha: str
    code: TestCode


class Explainer:
    """Explains survivors on the zygotes of one project. Use as a context manager."""

    def __init__(
        self,
        settings: ZygoteSettings,
        zygote: Zygote,
        collected: Collected,
        sources: Mapping[str, SourceFile],
        limits: Limits,
        workers: int,
    ) -> None:
        self._settings = settings
        self._zygote = zygote
        self._collected = collected
        self._sources = sources
        self._maker = JobMaker(settings.repo, collected, limits, sources)
        self._limits = limits
        self._workers = workers
        self._paths = {item.node_id: item.path for item in collected.items}
        self._lines = {item.node_id: item.line for item in collected.items}
        self._files: dict[str, _TestFile | None] = {}
        self._others = contextlib.ExitStack()
        self._cold: Zygote | None = None
        self._seeded: dict[Tests, Zygote | None] = {}

    def __enter__(self) -> Explainer:
        return self

    def __exit__(self, *_: object) -> None:
        self._others.close()

    def explain(
        self,
        survivors: Sequence[Survivor],
        deadline: float | None = None,
        on_done: Callable[[], None] = lambda: None,
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
        self._verify(under, deadline)
        made = {}
        for one in under:
            made[one.survivor.mutant.id] = self._told(one)
            on_done()
        return made

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
            self._cold = self._others.enter_context(self._cold_zygote(self._settings))
        return self._cold

    def _cold_zygote(self, settings: ZygoteSettings) -> Zygote:
        more = {"order": [item.node_id for item in self._collected.items]}
        zygote = Zygote(settings, "cold", record=False, more=more)
        zygote.greeting()
        return zygote

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
        for test in one.tests:
            if not all(test in some for some in (*seen.values(), *passed)):
                continue
            three = [recording_of(seen[run][test]) for run in RUNS]
            observable = one.survivor.mutant.unit != MODULE_UNIT
            one.found.append(compare(*three, observable=observable))
        one.found.sort(key=lambda found: TOLD.index(found.reach))
        if not one.found:
            one.why = "no test that ran it passes while it is watched"
            return
        one.chosen = one.found[0]
        for found in one.found:
            if found.reach is Reach.UNCHECKED:
                one.waiting += [(found, made) for made in self._candidates(one, found)]
        one.waiting.sort(key=lambda pair: pair[1].rank)

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
            one.waiting = [(with_answers, made) for made in self._candidates(one, with_answers)]

    # -- proposing

    def _candidates(self, one: _Under, found: Comparison) -> Sequence[Candidate]:
        test = found.clean.test
        file = self._file_of(found)
        if file is None:
            one.none = "the test file is not a Python file in UTF-8"
            return ()
        if len(self._cases(test)) > CASES:
            one.none = f"the test has more than {CASES} cases"
            return ()
        code = file.code
        known = Known(code.names, self._machine(), code.quote, code.attributes)
        return candidates(file.code, found.found, function_of(test), known)

    def _machine(self) -> Tests:
        return (str(self._settings.repo), str(self._settings.project), "/tmp/", str(Path.home()))

    def _cases(self, test: str) -> Tests:
        """All cases of the test's function, those of other classes that inherit it included: they
        share its name and line."""
        key = function_of(test), self._lines[test]
        return tuple(i for i, line in self._lines.items() if (function_of(i), line) == key)

    def _file_of(self, found: Comparison) -> _TestFile | None:
        """Where the function of the test stands."""
        test = found.clean.test
        frames = (f.path for f in found.clean.frames if f.function == function_of(test))
        return self._test_file(next(frames, self._paths[test]))

    def _test_file(self, path: str) -> _TestFile | None:
        if path not in self._files:
            self._files[path] = self._read(path)
        return self._files[path]

    def _read(self, path: str) -> _TestFile | None:
        content = Path(self._settings.repo, path).read_bytes()
        try:
            text = decode(content)
            content.decode("utf-8")
            code = TestCode(text)
        except (SyntaxError, UnicodeDecodeError, LookupError, ValueError):
            return None
        return _TestFile(path, content, text, hashlib.sha256(content).hexdigest(), code)

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
            pairs = [(one, *one.waiting.pop(0)) for one in trying]
            noticed = self._that_notice(pairs)
            for one, found, made in self._that_pass(noticed):
                one.proposal, one.chosen = self._proposal(found, made), found

    def _that_notice(
        self, pairs: Sequence[tuple[_Under, Comparison, Candidate]]
    ) -> list[tuple[_Under, Comparison, Candidate]]:
        """Those whose assertion fails, and nothing before it, with the mutant."""
        kept = []
        for cold in (False, True):
            jobs = []
            for pair in pairs:
                one, found, made = pair
                if one.cold is cold:
                    job = self._trial(found, made, cold, one.survivor.mutant)
                    jobs.append((pair, job))
            if jobs:
                for done in run_jobs(self._zygote_for(cold), jobs, self._workers):
                    one, found, made = done.tag
                    one.tried += 1
                    if _fails_at(done.outcome, made.patched.line):
                        kept.append(done.tag)
                    else:
                        one.none = "no assertion that was tried tells the two apart"
        order = {id(pair): number for number, pair in enumerate(pairs)}
        return sorted(kept, key=lambda pair: order[id(pair)])

    def _that_pass(
        self, pairs: Sequence[tuple[_Under, Comparison, Candidate]]
    ) -> list[tuple[_Under, Comparison, Candidate]]:
        """Those that pass without the mutant, with all their cases, each time."""
        passes = {id(pair): 0 for pair in pairs}
        cold = not self._collected.can_fork
        jobs = [
            (pair, self._trial(pair[1], pair[2], cold, None))
            for pair in pairs
            for _ in range(USUAL_RUNS)
        ]
        for done in run_jobs(self._zygote_for(cold), jobs, self._workers):
            passes[id(done.tag)] += self._all_pass(done.outcome, done.tag[1])
        rest = [pair for pair in pairs if passes[id(pair)] == USUAL_RUNS]
        by_files: dict[Tests, list[tuple[_Under, Comparison, Candidate]]] = {}
        for pair in rest:
            files = files_of(self._cases(pair[1].clean.test), self._collected, self._settings.repo)
            by_files.setdefault(files, []).append(pair)
        for files, some in by_files.items():
            for pair in self._with_other_seeds(files, some):
                passes[id(pair)] += 1
        for one, _, _ in pairs:
            one.none = "an assertion that tells the two apart does not always pass without it"
        return [pair for pair in pairs if passes[id(pair)] == USUAL_RUNS + OTHER_RUNS]

    def _with_other_seeds(
        self, files: Tests, pairs: Sequence[tuple[_Under, Comparison, Candidate]]
    ) -> Iterator[tuple[_Under, Comparison, Candidate]]:
        """Each as often as it passes in a process with other seeds."""
        zygote, cold = self._seeded_zygote(files)
        if zygote is None:
            return
        jobs = []
        for pair in pairs:
            job = self._trial(pair[1], pair[2], cold, None)
            jobs += [(pair, replace(job, seed=OTHER_SEED + run)) for run in range(OTHER_RUNS)]
        for done in run_jobs(zygote, jobs, self._workers):
            if self._all_pass(done.outcome, done.tag[1]):
                yield done.tag

    def _seeded_zygote(self, files: Tests) -> tuple[Zygote | None, bool]:
        """A process that has collected the test files, with other seeds; whether it is cold."""
        cold = not self._collected.can_fork
        key = () if cold else files
        if key not in self._seeded:
            environ = {**self._settings.environ, "PYTHONHASHSEED": str(OTHER_SEED)}
            settings = replace(self._settings, environ=environ)
            try:
                self._seeded[key] = self._others.enter_context(
                    self._cold_zygote(settings) if cold else self._collected_again(settings, files)
                )
            except (BaselineError, InconclusiveError):
                self._seeded[key] = None
        return self._seeded[key], cold

    def _collected_again(self, settings: ZygoteSettings, files: Tests) -> Zygote:
        more = {"only": list(files), "seed": OTHER_SEED}
        zygote = Zygote(settings, "collected", record=False, more=more)
        if zygote.greeting()["type"] != "hello":
            zygote.close()
            raise BaselineError("the files are not collected by themselves")
        return zygote

    def _trial(self, found: Comparison, made: Candidate, cold: bool, mutant: Mutant | None) -> Job:
        """All cases of the patched test, with the mutant or without."""
        cases = self._cases(found.clean.test)
        file = self._file_of(found)
        assert file is not None
        mutants: list[Message] = [patch_message(file, made, self._settings.repo)]
        if mutant is not None:
            mutants.append(self._maker.wire(mutant))
        files = files_of(cases, self._collected, self._settings.repo) if cold else ()
        job = self._maker.control(cases, tuple(mutants), files)
        return replace(job, observe={"path": ""})

    def _all_pass(self, outcome: Outcome, found: Comparison) -> bool:
        if outcome.end is not ChildEnd.FINISHED or outcome.unfit or outcome.collect_error:
            return False
        good = {TestOutcome.PASSED, TestOutcome.SKIPPED, TestOutcome.XFAILED}
        ends = {result.node_id: result.outcome for result in outcome.results}
        return (
            ends.keys() == set(self._cases(found.clean.test))
            and all(end in good for end in ends.values())
            and ends[found.clean.test] is TestOutcome.PASSED
        )

    def _proposal(self, found: Comparison, made: Candidate) -> Proposal:
        file = self._file_of(found)
        assert file is not None
        mark = "\ufeff" if file.content.startswith(b"\xef\xbb\xbf") else ""
        return Proposal(
            path=file.path,
            line=made.patched.line,
            code=made.patched.code,
            patch=text_diff(file.path, mark + file.text, mark + made.patched.text),
            clean_runs=USUAL_RUNS + OTHER_RUNS,
        )

    # -- telling

    def _told(self, one: _Under) -> Explanation:
        mutant = one.survivor.mutant
        made_of = {mutant.path: self._sources[mutant.path].sha}
        if one.why or one.chosen is None:
            return unknown(one.why, {} if one.why == OVER else made_of)
        file = self._file_of(one.chosen)
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


def patch_message(file: _TestFile, made: Candidate, repo: Path) -> Message:
    """A patched test in the form in which mutants are put in place."""
    starts = file.code.starts
    start, end = starts[made.first - 1], starts[min(made.last, len(starts) - 1)]
    new = made.patched.text
    return {
        "path": str(repo / file.path),
        "sha": file.sha,
        "span": [made.first, 0, made.last + 1, 0],
        "original": file.text[start:end],
        "replacement": new[start : len(new) - (len(file.text) - end)],
        "outer": {
            "first_line": made.first,
            "last_line": made.last,
            "classes": list(made.classes),
        },
    }


def function_of(node_id: str) -> str:
    """The name of a test's function."""
    return node_id.partition("[")[0].rpartition("::")[2]


def _passed(outcome: Outcome) -> set[str]:
    return {r.node_id for r in outcome.results if r.outcome is TestOutcome.PASSED}


def _fails_at(outcome: Outcome, line: int) -> bool:
    """Whether a case fails by the assertion on the line."""
    if outcome.end is not ChildEnd.FINISHED:
        return False
    return any(
        result.failure is not None
        and result.failure.by_assertion
        and line in outcome.failed_at.get(result.node_id, ())
        for result in outcome.results
    )


def _is_over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline
