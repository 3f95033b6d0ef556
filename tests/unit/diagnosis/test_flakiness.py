"""Facts about what re-runs say: axes, rates, orders."""

from __future__ import annotations

import pytest

from assay.diagnosis.flakiness import by_module, doubtful, judged, orders, runs_needed
from assay.model.flakiness import Axis, Condition, Observation

TESTS = [f"tests/test_{module}.py::test_{number}" for module in "abcd" for number in range(3)]


def seen(
    axis: Axis, failed: bool, label: str = "", alone: bool = True, again: bool | None = None
) -> Observation:
    return Observation(Condition(axis, alone, label), failed, again)


SAME = [seen(Axis.SAME, failed=False)] * 3


def axes_of(rows: list[Observation]) -> tuple[Axis, ...]:
    found = judged("t", rows)
    assert found is not None
    return found.axes


def test_one_outcome_is_not_flaky() -> None:
    assert judged("t", SAME) is None
    assert judged("t", [seen(Axis.SAME, failed=True), seen(Axis.HASH, failed=True)]) is None


@pytest.mark.parametrize("axis", [Axis.ORDER, Axis.RANDOM, Axis.HASH])
def test_what_repeats_under_another_condition_is_due_to_it(axis: Axis) -> None:
    assert axes_of([*SAME, seen(axis, failed=True, label="x", again=True)]) == (axis,)


def test_what_does_not_repeat_is_chance() -> None:
    assert axes_of([*SAME, seen(Axis.HASH, failed=True, label="x", again=False)]) == (Axis.SAME,)


def test_both_outcomes_with_nothing_changed_is_chance_whatever_else_differs() -> None:
    rows = [*SAME, seen(Axis.SAME, failed=True), seen(Axis.HASH, failed=True, again=True)]
    assert axes_of(rows) == (Axis.SAME,)


def test_another_outcome_alone_than_with_the_others_is_a_matter_of_order() -> None:
    assert axes_of([*SAME, seen(Axis.SAME, failed=True, alone=False)]) == (Axis.ORDER,)


def test_a_condition_is_held_against_the_usual_outcome_in_its_own_setting() -> None:
    rows = [
        *SAME,
        seen(Axis.SAME, failed=True, alone=False),
        seen(Axis.RANDOM, failed=True, alone=False, label="s"),
    ]
    assert axes_of(rows) == (Axis.ORDER,)
    assert doubtful(rows) == []


def test_the_first_condition_of_each_axis_that_differs_is_to_be_repeated() -> None:
    rows = [
        *SAME,
        seen(Axis.HASH, failed=False, label="1"),
        seen(Axis.HASH, failed=True, label="2"),
        seen(Axis.HASH, failed=True, label="3"),
        seen(Axis.RANDOM, failed=True, label="4"),
    ]
    assert [one.label for one in doubtful(rows)] == ["2", "4"]


def test_chance_counts_every_run_and_an_axis_every_condition_once() -> None:
    chance = judged("t", [*SAME, seen(Axis.SAME, failed=True)])
    assert chance is not None
    assert (chance.failures, chance.runs) == (1, 4)
    assert chance.low < 0.25 < chance.high
    rows = [seen(Axis.HASH, failed=number < 2, label=str(number)) for number in range(4)]
    axis = judged("t", [*SAME, *rows])
    assert axis is not None
    assert (axis.failures, axis.runs) == (2, 5)


def test_conditions_of_either_outcome_are_told() -> None:
    rows = [*SAME, seen(Axis.HASH, failed=True, label="PYTHONHASHSEED=2", again=True)]
    found = judged("t", rows)
    assert found is not None
    assert found.failing == ("alone, PYTHONHASHSEED=2",)
    assert len(found.passing) == 1


@pytest.mark.parametrize(
    ("rate", "runs"),
    [(0.0, 0), (0.01, 299), (0.05, 59), (0.1, 29), (0.2, 14), (0.5, 5), (1.0, 1)],
)
def test_so_many_runs_show_a_failure_of_a_rate(rate: float, runs: int) -> None:
    assert runs_needed(rate) == runs


def test_orders_hold_every_test_once_and_are_repeated_by_the_seed() -> None:
    found = list(orders(TESTS, 5, 7))
    assert found == list(orders(TESTS, 5, 7))
    assert all(sorted(order) == TESTS for _, order in found)
    assert found[0] == ("backwards", TESTS[::-1])
    assert len({tuple(order) for _, order in found}) == 5
    assert len({label for label, _ in found}) == 5


def test_another_seed_gives_other_orders() -> None:
    assert [o for _, o in orders(TESTS, 4, 1)][1:] != [o for _, o in orders(TESTS, 4, 2)][1:]


def test_modules_are_shuffled_whole() -> None:
    found = by_module(TESTS, 3)
    assert found != TESTS
    assert [found[n : n + 3] for n in range(0, 12, 3)] == [
        sorted(found[n : n + 3]) for n in range(0, 12, 3)
    ]
