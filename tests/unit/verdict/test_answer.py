"""Facts about answers: the guard of a unit, and the exit code of a run."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from conftest import A_MUTANT

from assay.errors import ExitCode
from assay.model.answer import Answer, Guard, UnitAnswer
from assay.model.change import UnitChange, UnitStatus
from assay.model.mutant import Status, Verdict
from assay.model.run import TestOutcome, TestResult
from assay.model.selection import Selection
from assay.verdict.answer import answer_unit, exit_code, is_mutable, with_mocked

UNIT = UnitChange("tax.py", "rate", UnitStatus.MODIFIED, frozenset({3}), frozenset())


def verdict(status: Status, killer: str = "") -> Verdict:
    return Verdict(A_MUTANT, status, ("a",), killer, False, "", 1, 0.1)


def unit(*verdicts: Verdict, touching: Iterable[str] = ("a",)) -> UnitAnswer:
    return answer_unit(UNIT, 3, tuple(touching), verdicts)


def guard(*statuses: Status, touching: Iterable[str] = ("a",)) -> Guard:
    return unit(*map(verdict, statuses), touching=touching).guard


# Guards


def test_one_killed_mutant_guards_the_unit() -> None:
    assert guard(Status.SURVIVED, Status.KILLED, Status.RUNTIME_ERROR) is Guard.GUARDED


def test_a_unit_that_no_test_runs_is_untouched() -> None:
    assert guard(Status.NO_COVERAGE, touching=()) is Guard.UNTOUCHED
    assert guard(touching=()) is Guard.UNTOUCHED


def test_of_units_that_no_test_runs_those_are_only_mocked_that_a_test_replaces() -> None:
    untouched = unit(touching=())
    place = (untouched.path, untouched.unit)
    (only,) = with_mocked([untouched], {place: ["t.py::a"]})
    assert (only.guard, only.mocking) == (Guard.MOCKED, ("t.py::a",))
    assert with_mocked([untouched], {(untouched.path, "other"): ["t.py::a"]}) == (untouched,)
    touched = unit(verdict(Status.SURVIVED))
    assert with_mocked([touched], {place: ["t.py::a"]}) == (touched,)


@pytest.mark.parametrize("status", [Status.SURVIVED, Status.TIMEOUT, Status.NO_COVERAGE])
def test_a_unit_that_tests_run_and_nothing_kills_in_is_touched_only(status: Status) -> None:
    assert guard(status) is Guard.TOUCHED


@pytest.mark.parametrize("status", [Status.RUNTIME_ERROR, Status.PENDING])
def test_a_mutant_without_a_verdict_leaves_the_unit_unknown(status: Status) -> None:
    assert guard(Status.SURVIVED, status) is Guard.UNKNOWN


def test_a_touched_unit_without_mutants_has_nothing_to_mutate() -> None:
    assert guard() is Guard.NO_MUTANTS


@pytest.mark.parametrize("status", [Status.COMPILE_ERROR, Status.IGNORED])
def test_mutants_that_never_ran_count_as_none(status: Status) -> None:
    assert guard(status) is Guard.NO_MUTANTS
    assert guard(status, Status.SURVIVED) is Guard.TOUCHED


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_guard_and_only_a_kill_guards(status: Status) -> None:
    assert (guard(status) is Guard.GUARDED) == (status is Status.KILLED)


# Guarding tests


def test_the_guarding_tests_are_the_killers_each_once_in_order() -> None:
    kills = [verdict(Status.KILLED, "b"), verdict(Status.KILLED, "a"), verdict(Status.KILLED, "b")]
    assert unit(*kills).guarding == ("a", "b")


def test_a_test_that_hung_is_not_guarding() -> None:
    assert unit(verdict(Status.TIMEOUT, "a")).guarding == ()


def test_the_touching_tests_keep_their_order() -> None:
    assert unit(touching=["b", "a"]).touching == ("b", "a")


def test_a_unit_answer_keeps_the_place_and_the_verdicts() -> None:
    found = unit(verdict(Status.SURVIVED))
    assert (found.path, found.unit, found.line, found.status) == (
        "tax.py",
        "rate",
        3,
        UnitStatus.MODIFIED,
    )
    assert [v.status for v in found.verdicts] == [Status.SURVIVED]


@pytest.mark.parametrize("status", UnitStatus)
def test_only_a_deleted_unit_has_nothing_left_to_guard(status: UnitStatus) -> None:
    changed = UnitChange("tax.py", "rate", status, frozenset(), frozenset())
    assert is_mutable(changed) == (status is not UnitStatus.DELETED)


# Exit codes


def answer(
    outcomes: Iterable[TestOutcome] = (),
    statuses: Iterable[Status] = (),
    interrupted: bool = False,
) -> Answer:
    results = {f"t{n}": TestResult(f"t{n}", o, 0.1, None) for n, o in enumerate(outcomes)}
    return Answer(
        verb="impact",
        project="/p",
        compared="HEAD",
        versions={},
        collected=1,
        selection=Selection((), ()),
        results=results,
        units=(),
        verdicts=tuple(map(verdict, statuses)),
        diffs={},
        changed_tests=(),
        notices=(),
        inconclusive=(),
        flaky={},
        interrupted=interrupted,
        seconds={},
    )


def test_an_empty_answer_is_clean() -> None:
    assert exit_code(answer()) is ExitCode.CLEAN


@pytest.mark.parametrize(
    "status",
    [
        Status.KILLED,
        Status.SURVIVED,
        Status.NO_COVERAGE,
        Status.TIMEOUT,
        Status.COMPILE_ERROR,
        Status.IGNORED,
    ],
)
def test_a_verdict_is_clean_whatever_it_says(status: Status) -> None:
    assert exit_code(answer(statuses=[status])) is ExitCode.CLEAN


@pytest.mark.parametrize("status", [Status.RUNTIME_ERROR, Status.PENDING])
def test_a_mutant_without_a_verdict_is_not_conclusive(status: Status) -> None:
    assert exit_code(answer(statuses=[Status.KILLED, status])) is ExitCode.INCONCLUSIVE


@pytest.mark.parametrize("outcome", TestOutcome)
def test_a_test_that_ends_badly_without_a_mutant_fails_the_baseline(outcome: TestOutcome) -> None:
    bad = outcome in {
        TestOutcome.FAILED,
        TestOutcome.ERROR,
        TestOutcome.CRASHED,
        TestOutcome.TIMEOUT,
    }
    silent = ExitCode.INCONCLUSIVE if outcome is TestOutcome.NOT_RUN else ExitCode.CLEAN
    expected = ExitCode.BASELINE if bad else silent
    assert exit_code(answer([TestOutcome.PASSED, outcome])) is expected


def test_a_failing_baseline_comes_before_missing_verdicts() -> None:
    found = answer([TestOutcome.FAILED], [Status.RUNTIME_ERROR])
    assert exit_code(found) is ExitCode.BASELINE


def test_an_interrupt_comes_before_everything() -> None:
    found = answer([TestOutcome.FAILED], [Status.PENDING], interrupted=True)
    assert exit_code(found) is ExitCode.INTERRUPTED
