"""When a stored verdict holds: the rules one by one, and their opposites."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.model.mutant import (
    Measured,
    Mutant,
    PlannedMutant,
    PlannedTest,
    Route,
    Status,
    Verdict,
)
from assay.model.reuse import StoredVerdict
from assay.model.source import Span
from assay.verdict.reuse import judge, kept_of, widened

MUTANT = Mutant(
    id="aa11",
    path="tax.py",
    unit="rate",
    scope="rate",
    operator="number",
    span=Span(2, 11, 2, 12),
    original="1",
    replacement="2",
    statement_line=2,
    lines=frozenset({2}),
)
TESTS = tuple(PlannedTest(name, 3.0) for name in ("a", "b", "c"))
PLAN = PlannedMutant(MUTANT, TESTS, Route.HOT)
TOKENS = {"a": b"A1", "b": b"B1", "c": b"C1"}
THEN = Measured(1_700_000_000, "c0ffee")

KILL = StoredVerdict(Status.KILLED, frozenset({b"B1"}), True, "AssertionError", 2, 0.5, THEN)
SURVIVAL = StoredVerdict(Status.SURVIVED, frozenset({b"A1", b"B1", b"C1"}), False, "", 3, 0.7, THEN)


def plan_of(*tests: str) -> PlannedMutant:
    return replace(PLAN, tests=tuple(PlannedTest(test, 3.0) for test in tests))


# Killed


def test_a_kill_holds_and_says_when_it_was_measured() -> None:
    found = judge(PLAN, [KILL], TOKENS)
    wanted = Verdict(
        MUTANT, Status.KILLED, ("a", "b", "c"), "b", True, "AssertionError", 2, 0.5, THEN
    )
    assert (found.verdict, found.tests) == (wanted, ())


def test_a_kill_holds_though_other_tests_changed_came_or_went() -> None:
    found = judge(plan_of("b", "new"), [KILL], {"a": b"A2", "b": b"B1", "new": b"N1"})
    assert found.verdict is not None
    assert found.verdict.covering == ("b", "new")


def test_no_kill_holds_when_its_killer_changed() -> None:
    assert judge(PLAN, [KILL], {**TOKENS, "b": b"B2"}).verdict is None


def test_no_kill_holds_when_its_killer_covers_no_more_or_fails() -> None:
    # A test that fails without the mutant is not planned.
    found = judge(plan_of("a", "c"), [KILL], TOKENS)
    assert (found.verdict, found.tests) == (None, plan_of("a", "c").tests)


def test_no_kill_holds_by_a_test_without_a_token() -> None:
    assert judge(PLAN, [KILL], {"a": b"A1", "c": b"C1"}).verdict is None


# Survived


def test_a_survival_holds_by_the_same_tests_in_any_order() -> None:
    found = judge(plan_of("c", "a", "b"), [SURVIVAL], TOKENS)
    assert found.verdict is not None
    assert (found.verdict.status, found.verdict.reused) == (Status.SURVIVED, THEN)


def test_of_a_survival_only_changed_and_new_tests_run() -> None:
    plan = plan_of("a", "b", "c", "new")
    found = judge(plan, [SURVIVAL], {**TOKENS, "b": b"B2", "new": b"N1"})
    assert found.verdict is None
    assert [test.node_id for test in found.tests] == ["b", "new"]


def test_a_test_without_a_token_runs() -> None:
    found = judge(PLAN, [SURVIVAL], {"a": b"A1", "b": b"B1"})
    assert [test.node_id for test in found.tests] == ["c"]


def test_a_survival_by_more_tests_proves_nothing_alone() -> None:
    # Perhaps only the test that is gone ever entered the mutated code.
    found = judge(plan_of("a", "b"), [SURVIVAL], TOKENS)
    assert (found.verdict, found.tests) == (None, plan_of("a", "b").tests)


def test_an_older_survival_that_fits_holds_too() -> None:
    newer = replace(SURVIVAL, witnesses=frozenset({b"A2", b"B1", b"C1"}))
    assert judge(PLAN, [newer, SURVIVAL], TOKENS).verdict is not None


# Both, and neither


def test_a_kill_and_a_survival_that_both_hold_are_not_believed() -> None:
    found = judge(PLAN, [KILL, SURVIVAL], TOKENS)
    assert (found.verdict, found.tests) == (None, TESTS)


def test_a_kill_by_a_new_test_stands_over_the_survival_before() -> None:
    before = replace(SURVIVAL, witnesses=frozenset({b"A1", b"C1"}))
    found = judge(PLAN, [KILL, before], TOKENS)
    assert found.verdict is not None
    assert found.verdict.status is Status.KILLED


def test_without_a_stored_verdict_all_tests_run() -> None:
    assert judge(PLAN, [], TOKENS).tests == TESTS


# Storing


def verdict(status: Status, killer: str = "") -> Verdict:
    return Verdict(MUTANT, status, ("a", "b", "c"), killer, False, "why", 3, 0.7)


@pytest.mark.parametrize("status", [s for s in Status if s not in (Status.KILLED, Status.SURVIVED)])
def test_other_statuses_are_not_stored(status: Status) -> None:
    assert kept_of(verdict(status, "b"), TOKENS, THEN) is None


def test_what_is_stored_of_a_verdict_holds_again() -> None:
    for status, killer in ((Status.KILLED, "b"), (Status.SURVIVED, "")):
        stored = kept_of(verdict(status, killer), TOKENS, THEN)
        assert stored is not None
        assert judge(PLAN, [stored], TOKENS).verdict == replace(
            verdict(status, killer), reused=THEN
        )


def test_a_verdict_that_rests_on_a_test_without_a_token_is_not_stored() -> None:
    assert kept_of(verdict(Status.KILLED, "b"), {"a": b"A1"}, THEN) is None
    assert kept_of(verdict(Status.SURVIVED), {"a": b"A1", "b": b"B1"}, THEN) is None


def test_a_verdict_by_some_tests_becomes_one_by_all() -> None:
    narrow = replace(verdict(Status.SURVIVED), covering=("b",))
    assert widened(PLAN, narrow) == verdict(Status.SURVIVED)
