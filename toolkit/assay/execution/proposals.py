"""Finds assertions for a difference, and verifies them by running.

Nothing is written: a patched test gets its code in a child's memory, as a mutant does.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assay.errors import BaselineError, InconclusiveError
from assay.execution.jobs import Message, run_jobs
from assay.execution.suite import files_of
from assay.execution.wire import PATIENCE, Bench, Tests
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.explain.candidates import Candidate, candidates
from assay.explain.cases import case_candidates
from assay.explain.checks import Known
from assay.explain.compare import Comparison
from assay.explain.testcode import TestCode
from assay.model.explanation import Proposal
from assay.model.mutant import Mutant
from assay.model.run import ChildEnd, Outcome, TestOutcome
from assay.model.source import decode
from assay.mutation.apply import text_diff

USUAL_RUNS = 3
OTHER_RUNS = 2
"""Clean runs of a proposal in the usual process, and in one with other seeds of hashes and of
`random`: a value that depends on these must not be proposed."""

CASES = 60
"""A test with more cases than this gets no proposal: all would have to run each time."""

OTHER_SEED = 4711

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TestFile:
    """A test file as it is on the disk."""

    __test__ = False

    path: str
    content: bytes
    text: str
    sha: str
    code: TestCode


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate on trial; `owner` numbers the survivor it is for, `cold` how its mutant is put in
    place."""

    owner: int
    found: Comparison
    made: Candidate
    mutant: Mutant
    cold: bool


class Proposals:
    """Makes and verifies proposals on the zygotes of one project.

    `zygote_for` gives the hot zygote or the cold one; zygotes of our own are left to `stack`.
    """

    def __init__(
        self,
        bench: Bench,
        zygote_for: Callable[[bool], Zygote],
        stack: contextlib.ExitStack,
    ) -> None:
        self._settings = settings = bench.settings
        self._collected = collected = bench.collected
        self._maker = bench.maker
        self._workers = bench.workers
        self._zygote_for = zygote_for
        self._stack = stack
        self._paths = {item.node_id: item.path for item in collected.items}
        self._lines = {item.node_id: item.line for item in collected.items}
        self._files: dict[str, TestFile | None] = {}
        self._seeded: dict[Tests, Zygote | None] = {}
        home = str(Path.home())
        places = (str(settings.repo), str(settings.project), tempfile.gettempdir(), home)
        self._machine = tuple(place for place in places if len(place) > 1)

    # -- candidates

    def candidates(self, found: Comparison) -> tuple[Sequence[Candidate], str]:
        """What may be tried, best first, or why nothing may."""
        test = found.clean.test
        file = self.file_of(found)
        if file is None:
            return (), "the test file is not a Python file of the project in UTF-8"
        if len(self._cases(test)) > CASES:
            return (), f"the test has more than {CASES} cases"
        code = file.code
        known = Known(code.names, self._machine, code.quote, code.attributes)
        made = candidates(code, found.found, function_of(test), known)
        return (*made, *self._for_the_case(found, file, known)), ""

    def _for_the_case(
        self, found: Comparison, file: TestFile, known: Known
    ) -> tuple[Candidate, ...]:
        test = found.clean.test
        frames = [f for f in found.clean.frames if f.function == function_of(test)]
        if not frames or file.path != self._paths[test]:
            return ()
        return case_candidates(file.code, found.found, test, frames[0], known)

    def file_of(self, found: Comparison) -> TestFile | None:
        """Where the function of the test stands."""
        test = found.clean.test
        frames = (f.path for f in found.clean.frames if f.function == function_of(test))
        path = next(frames, self._paths[test])
        if path not in self._files:
            self._files[path] = self._read(path)
        return self._files[path]

    def _read(self, path: str) -> TestFile | None:
        if Path(path).is_absolute():
            return None
        try:
            content = Path(self._settings.repo, path).read_bytes()
            text = decode(content)
            content.decode("utf-8")
            code = TestCode(text)
        except (OSError, SyntaxError, UnicodeDecodeError, LookupError, ValueError):
            return None
        return TestFile(path, content, text, hashlib.sha256(content).hexdigest(), code)

    def _cases(self, test: str) -> Tests:
        """All cases of the test's function, those of other classes that inherit it included: they
        share its name and line."""
        key = function_of(test), self._lines[test]
        return tuple(i for i, line in self._lines.items() if (function_of(i), line) == key)

    # -- trials

    def noticing(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those whose assertion is what fails with the mutant."""
        kept: list[Trial] = []
        for cold in (False, True):
            jobs = [
                (number, self._job(trial, cold, trial.mutant))
                for number, trial in enumerate(trials)
                if trial.cold is cold
            ]
            if jobs:
                for done in run_jobs(self._zygote_for(cold), jobs, self._workers):
                    if fails_at(done.outcome, trials[done.tag].made.patched.line):
                        kept.append(trials[done.tag])
        return kept

    def passing(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those that pass without the mutant, with all their cases, each time."""
        passes: Counter[int] = Counter()
        for cold in (False, True):
            jobs = [
                (number, self._job(trial, cold, None))
                for number, trial in enumerate(trials)
                for _ in range(USUAL_RUNS)
                if self._starts_cold(trial) is cold
            ]
            if jobs:
                for done in run_jobs(self._zygote_for(cold), jobs, self._workers):
                    passes[done.tag] += self._all_pass(done.outcome, trials[done.tag])
        rest = [number for number in range(len(trials)) if passes[number] == USUAL_RUNS]
        by_files: dict[Tests, list[int]] = {}
        for number in rest:
            trial = trials[number]
            files = () if self._starts_cold(trial) else self._files_of(trial)
            by_files.setdefault(files, []).append(number)
        for files, numbers in by_files.items():
            passes.update(self._with_other_seeds(files, trials, numbers))
        enough = USUAL_RUNS + OTHER_RUNS
        return [trial for number, trial in enumerate(trials) if passes[number] == enough]

    def _with_other_seeds(
        self, files: Tests, trials: Sequence[Trial], numbers: Sequence[int]
    ) -> Iterator[int]:
        """Each number as often as its trial passes in a process with other seeds, which has
        collected the files (none: starts cold)."""
        zygote = self._seeded_zygote(files)
        if zygote is None:
            return
        jobs = []
        for number in numbers:
            job = self._job(trials[number], not files, None)
            jobs += [(number, replace(job, seed=OTHER_SEED + run)) for run in range(OTHER_RUNS)]
        for done in run_jobs(zygote, jobs, self._workers):
            if self._all_pass(done.outcome, trials[done.tag]):
                yield done.tag

    def _starts_cold(self, trial: Trial) -> bool:
        """Whether even without a mutant the test file has to be imported anew: a new test cannot be
        put into a session that is collected."""
        return bool(trial.made.case) or not self._collected.can_fork

    def _files_of(self, trial: Trial) -> Tests:
        cases = self._cases(trial.found.clean.test)
        return files_of(cases, self._collected, self._settings.repo)

    def _seeded_zygote(self, files: Tests) -> Zygote | None:
        if files not in self._seeded:
            environ = {**self._settings.environ, "PYTHONHASHSEED": str(OTHER_SEED)}
            settings = replace(self._settings, environ=environ)
            try:
                made = self._collected_again(settings, files) if files else self._cold(settings)
                self._seeded[files] = self._stack.enter_context(made)
            except (BaselineError, InconclusiveError):
                self._seeded[files] = None
        return self._seeded[files]

    def _cold(self, settings: ZygoteSettings) -> Zygote:
        more = {"order": [item.node_id for item in self._collected.items]}
        zygote = Zygote(settings, "cold", record=False, more=more)
        zygote.greeting()
        return zygote

    def _collected_again(self, settings: ZygoteSettings, files: Tests) -> Zygote:
        more = {"only": list(files), "seed": OTHER_SEED}
        zygote = Zygote(settings, "collected", record=False, more=more)
        if zygote.greeting()["type"] != "hello":
            zygote.close()
            raise BaselineError("the files are not collected by themselves")
        return zygote

    def _job(self, trial: Trial, cold: bool, mutant: Mutant | None) -> Job:
        """All cases of the patched test, with the mutant or without."""
        cases = self._tests_of(trial)
        file = self.file_of(trial.found)
        assert file is not None
        mutants: list[Message] = [patch_message(file, trial.made, self._settings.repo)]
        if mutant is not None:
            mutants.append(self._maker.wire(mutant))
        files = self._files_of(trial) if cold else ()
        job = self._maker.control(cases, tuple(mutants), files)
        if trial.made.case:
            limit = self._maker.limits.of(trial.found.clean.test)
            job = replace(job, limits=(limit * PATIENCE,))
        return replace(job, observe={"path": ""})

    def _tests_of(self, trial: Trial) -> Tests:
        """The new test, or all cases of the one that is changed."""
        test = trial.found.clean.test
        if not trial.made.case:
            return self._cases(test)
        above, _, _ = test.partition("[")[0].rpartition("::")
        return (f"{above}::{trial.made.case}",)

    def _all_pass(self, outcome: Outcome, trial: Trial) -> bool:
        if outcome.end is not ChildEnd.FINISHED or outcome.unfit or outcome.collect_error:
            return False
        tests = self._tests_of(trial)
        test = tests[0] if trial.made.case else trial.found.clean.test
        good = {TestOutcome.PASSED, TestOutcome.SKIPPED, TestOutcome.XFAILED}
        ends = {result.node_id: result.outcome for result in outcome.results}
        return (
            ends.keys() == set(tests)
            and all(end in good for end in ends.values())
            and ends[test] is TestOutcome.PASSED
        )

    def proposal(self, trial: Trial) -> Proposal:
        """A verified trial, for people and for `git apply`."""
        file = self.file_of(trial.found)
        assert file is not None
        mark = "\ufeff" if file.content.startswith(_BYTE_ORDER_MARK) else ""
        return Proposal(
            path=file.path,
            line=trial.made.patched.line,
            code=trial.made.patched.code,
            patch=text_diff(file.path, mark + file.text, mark + trial.made.patched.text),
            clean_runs=USUAL_RUNS + OTHER_RUNS,
        )


def patch_message(file: TestFile, made: Candidate, repo: Path) -> Message:
    """A patched test in the form in which mutants are put in place."""
    starts = file.code.starts
    if made.case:
        at = starts[made.last]
        new = made.patched.text
        return {
            "path": str(repo / file.path),
            "sha": file.sha,
            "span": [made.last + 1, 0, made.last + 1, 0],
            "original": "",
            "replacement": new[at : len(new) - (len(file.text) - at)],
        }
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


def fails_at(outcome: Outcome, line: int) -> bool:
    """Whether a case fails by the assertion on the line."""
    if outcome.end is not ChildEnd.FINISHED:
        return False
    return any(
        result.failure is not None
        and result.failure.by_assertion
        and outcome.failed_at.get(result.node_id, (0,))[-1:] == (line,)
        for result in outcome.results
    )
