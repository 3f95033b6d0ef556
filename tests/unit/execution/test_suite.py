"""Facts about the suite as collected: what cannot be collected, and tests run each by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any, cast

import pytest
from conftest import clean_environment

from assay.config import Config
from assay.errors import BaselineError
from assay.execution.suite import Collected, RecordedRun, collected_from, files_of
from assay.execution.zygote import Zygote
from assay.impact.record import Recorded, Recording, Tree
from assay.model.run import CollectedItem, TestOutcome, TestResult
from assay.project import Project

Message = dict[str, Any]


class Greeting:
    """Stands for a zygote that has said hello."""

    def __init__(self, message: Message, output: str = "") -> None:
        self._message, self._output = message, output

    def greeting(self) -> Message:
        return self._message

    def output(self) -> str:
        return self._output


def hello(
    items: Iterable[Message] = (), errors: Iterable[tuple[str, str]] = (), threads: int = 1
) -> Message:
    return {
        "type": "collected",
        "items": list(items),
        "errors": list(errors),
        "rootdir": "/repo/service",
        "inifile": "",
        "places": [],
        "fingerprint": ["Python=3.11"],
        "modules": {},
        "path": ["/repo"],
        "sinks": {},
        "threads": threads,
    }


ONE = {"id": "tests/test_a.py::a", "path": "/repo/service/tests/test_a.py", "line": 3}
ITEM = {**ONE, "doctest": False}
BROKEN = (
    "tests/test_b.py",
    "ImportError\n>   import nowhere\nE   ModuleNotFoundError: No module named 'nowhere'\n",
)


def collect(message: Message, tolerant: bool = False, output: str = "") -> Collected:
    zygote = cast("Zygote", Greeting(message, output))
    return collected_from(zygote, Path("/repo"), tolerant)


# What was collected


def test_paths_of_tests_are_relative_to_the_repository() -> None:
    found = collect(hello([ITEM]))
    item = CollectedItem("tests/test_a.py::a", "service/tests/test_a.py", 3, is_doctest=False)
    assert found.items == (item,)
    assert found.broken == {}


@pytest.mark.parametrize(("threads", "can"), [(1, True), (2, False)])
def test_a_process_with_other_threads_is_not_forked(threads: int, can: bool) -> None:
    assert collect(hello([ITEM], threads=threads)).can_fork is can


def test_an_empty_suite_is_told() -> None:
    with pytest.raises(BaselineError, match="collected no tests"):
        collect(hello())


def test_a_file_that_cannot_be_collected_ends_it() -> None:
    with pytest.raises(BaselineError, match=r"cannot collect tests/test_b\.py: mend"):
        collect(hello([ITEM], [BROKEN]))


def test_where_that_is_tolerated_it_is_told_by_file_with_the_reason() -> None:
    found = collect(hello([ITEM], [BROKEN]), tolerant=True)
    assert found.broken == {
        "service/tests/test_b.py": "ModuleNotFoundError: No module named 'nowhere'"
    }
    assert len(found.items) == 1


def test_a_suite_that_is_broken_all_over_is_tolerated_too() -> None:
    assert set(collect(hello([], [BROKEN]), tolerant=True).broken) == {"service/tests/test_b.py"}


def test_a_class_that_cannot_be_collected_is_told_by_its_file() -> None:
    errors = [("tests/test_b.py::TestX", "E   TypeError: no\n")]
    assert collect(hello([ITEM], errors), tolerant=True).broken == {
        "service/tests/test_b.py": "TypeError: no"
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("E   first\nmore\nE   last\n", "last"),
        ("no such mark\nthe end\n", "the end"),
        ("", "an error"),
        ("Expected: nothing of ours\n", "Expected: nothing of ours"),
    ],
)
def test_the_reason_is_the_last_line_that_says_an_error(text: str, reason: str) -> None:
    found = collect(hello([ITEM], [("t.py", text)]), tolerant=True)
    assert found.broken == {"service/t.py": reason}


@pytest.mark.parametrize("tolerant", [False, True])
def test_pytest_that_did_not_begin_is_never_tolerated(tolerant: bool) -> None:
    with pytest.raises(BaselineError, match="refuses its arguments"):
        collect({"type": "failed", "code": 4}, tolerant, "unknown option\n")


def test_the_files_of_some_tests_are_absolute_and_told_once() -> None:
    both = [ITEM, {**ITEM, "id": "tests/test_a.py::b"}, {**ITEM, "id": "c", "path": "/repo/c.py"}]
    found = collect(hello(both))
    wanted = ["tests/test_a.py::a", "tests/test_a.py::b"]
    assert files_of(wanted, found, Path("/repo")) == ("/repo/service/tests/test_a.py",)


# Tests run each by itself


KEEPS = """\
    _made = []


    def made():
        if not _made:
            _made.append(fill())
        return _made[0]


    def fill():
        return 1
    """

SUITE = """\
    import os

    import keeps
    import pytest


    def test_first():
        assert keeps.made()


    def test_second():
        assert keeps.made()


    def test_needs_the_first():
        assert keeps._made


    def test_dies():
        if os.environ.get("DIE"):
            os._exit(3)


    def test_skips():
        pytest.skip("not today")
    """

NAMES = ("first", "second", "needs_the_first", "dies", "skips")
FIRST, SECOND, NEEDS, DIES, SKIPS = (f"test_suite.py::test_{name}" for name in NAMES)
ALL = (FIRST, SECOND, NEEDS, DIES, SKIPS)


class Running:
    """A collected project, and what runs its tests under recording."""

    def __init__(self, runner: RecordedRun, recording: Recording) -> None:
        self.runner, self.recording = runner, recording
        self.seen: list[TestResult] = []

    def recorded(self) -> Recorded:
        return self.recording.finish()


@contextmanager
def running(
    root: Path, env: Mapping[str, str] | None = None, fork: bool = True
) -> Iterator[Running]:
    repo = (root / "repo").resolve()
    repo.mkdir()
    (repo / "keeps.py").write_text(dedent(KEEPS))
    (repo / "test_suite.py").write_text(dedent(SUITE))
    state = root / "state"
    state.mkdir()
    project = Project(
        root=repo,
        repo=repo,
        is_repository=False,
        config=Config(),
        pytest_args=(),
        python=sys.executable,
        environ=clean_environment(env),
    )
    settings = project.settings(state)
    with Zygote(settings, "collected", record=True) as zygote:
        collected = collected_from(zygote, repo)
        if not fork:
            collected = replace(collected, threads=2)
        files = project.python_files()
        recording = Recording(Tree(repo), ("",), files, collected.items, settings.test_environ)
        recording.add_sinks(collected.sinks)
        limits = project.limits({})
        seen: list[TestResult] = []
        runner = RecordedRun(settings, zygote, collected, recording, limits, 1, seen.append)
        found = Running(runner, recording)
        found.seen = seen
        yield found


def outcomes(results: Mapping[str, TestResult]) -> dict[str, str]:
    return {test: result.outcome.value for test, result in results.items()}


def lines_of_fill(recorded: Recorded, test: str) -> bool:
    """Whether the test ran the function that fills the cache."""
    return bool(recorded.nodes[f"test:{test}"].lines["keeps.py"].mask >> 11 & 1)


def test_together_a_test_finds_what_an_earlier_one_made(tmp_path: Path) -> None:
    with running(tmp_path) as found:
        run = found.runner.run(ALL)
        recorded = found.recorded()
    assert outcomes(run.results)[NEEDS] == "passed"
    assert (lines_of_fill(recorded, FIRST), lines_of_fill(recorded, SECOND)) == (True, False)


def test_a_test_run_again_alone_is_recorded_beside_what_is_known(tmp_path: Path) -> None:
    with running(tmp_path) as found:
        found.runner.run(ALL)
        seen = len(found.seen)
        alone = found.runner.alone([SECOND, NEEDS], workers=2)
        recorded = found.recorded()
    assert outcomes(alone) == {SECOND: "passed", NEEDS: "failed"}
    assert lines_of_fill(recorded, SECOND)
    # The outcome that counts is the one with the others; nobody is told of the second run.
    assert recorded.tests[NEEDS].outcome is TestOutcome.PASSED
    assert len(found.seen) == seen


def test_a_test_that_does_not_come_to_an_end_alone_has_no_result(tmp_path: Path) -> None:
    with running(tmp_path, {"DIE": "1"}) as found:
        assert outcomes(found.runner.alone([DIES, FIRST], workers=1)) == {FIRST: "passed"}


def test_where_nothing_can_be_forked_no_test_is_run_again(tmp_path: Path) -> None:
    with running(tmp_path, fork=False) as found:
        assert found.runner.alone([FIRST], workers=1) == {}


def test_each_test_in_a_process_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path, {"DIE": "1"}) as found:
        run = found.runner.run_isolated(ALL, workers=2)
        recorded = found.recorded()
    assert outcomes(run.results) == {
        FIRST: "passed",
        SECOND: "passed",
        NEEDS: "failed",
        DIES: "crashed",
        SKIPS: "skipped",
    }
    assert not run.interrupted
    assert lines_of_fill(recorded, FIRST)
    assert lines_of_fill(recorded, SECOND)


def test_without_forks_each_test_starts_pytest_by_itself(tmp_path: Path) -> None:
    with running(tmp_path, fork=False) as found:
        run = found.runner.run_isolated([SECOND, NEEDS], workers=1)
        recorded = found.recorded()
    assert outcomes(run.results) == {SECOND: "passed", NEEDS: "failed"}
    assert lines_of_fill(recorded, SECOND)


def test_together_nothing_is_recorded(tmp_path: Path) -> None:
    with running(tmp_path) as found:
        results = found.runner.together(ALL)
        recorded = found.recorded()
    assert outcomes(results)[NEEDS] == "passed"
    assert set(results) == set(ALL)
    assert recorded.tests == {}
    assert found.seen == []


def test_together_goes_on_after_a_test_that_takes_the_process_down(tmp_path: Path) -> None:
    with running(tmp_path, {"DIE": "1"}) as found:
        results = found.runner.together(ALL)
    assert set(results) == set(ALL) - {DIES}
