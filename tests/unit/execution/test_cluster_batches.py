"""Facts about batches: all mutants are in one, each route apart, none longer than it has to be."""

from __future__ import annotations

from itertools import chain

import pytest

from assay.execution.cluster.batches import FORK, IMPORT, LONGEST, ROUNDS, SHORTEST, cost, cut
from assay.model.mutant import Mutant, PlannedMutant, PlannedTest, Route
from assay.model.source import Span

SECONDS = {"t.py::slow": 2.0, "t.py::fast": 0.1}


def planned(name: str, *tests: str, route: Route = Route.HOT) -> PlannedMutant:
    span = Span(1, 0, 1, 1)
    mutant = Mutant(name, "a.py", "f", "f", "number", span, "1", "2", 1, frozenset({1}))
    return PlannedMutant(mutant, tuple(PlannedTest(test, 3.0) for test in tests), route)


def test_every_mutant_is_in_one_batch_in_the_order_of_the_plan() -> None:
    plan = [planned(str(n), "t.py::fast") for n in range(500)]
    batches = cut(plan, SECONDS, 2)
    assert list(chain.from_iterable(batch.mutants for batch in batches)) == plan


def test_a_batch_is_of_one_route_and_imports_come_first() -> None:
    routes = [Route.HOT, Route.COLD] * 40
    plan = [planned(str(n), "t.py::fast", route=route) for n, route in enumerate(routes)]
    batches = cut(plan, SECONDS, 1)
    found = [{mutant.route for mutant in batch.mutants} for batch in batches]
    assert all(len(routes) == 1 for routes in found)
    assert found == sorted(found, key=lambda routes: routes != {Route.COLD})


def test_no_batch_is_longer_than_the_limit_and_one_mutant() -> None:
    plan = [planned(str(n), "t.py::slow") for n in range(100)]
    batches = cut(plan, SECONDS, 2)
    assert max(batch.seconds for batch in batches) < LONGEST + cost(plan[0], SECONDS)


def test_there_are_several_batches_for_each_thread() -> None:
    plan = [planned(str(n), "t.py::fast") for n in range(400)]
    assert len(cut(plan, SECONDS, 4)) >= 4 * ROUNDS


def test_a_little_work_is_not_cut_to_pieces() -> None:
    plan = [planned(str(n), "t.py::fast") for n in range(8)]
    assert sum(cost(mutant, SECONDS) for mutant in plan) < SHORTEST
    assert len(cut(plan, SECONDS, 100)) == 1


def test_an_empty_plan_has_no_batch() -> None:
    assert cut([], SECONDS, 2) == []


@pytest.mark.parametrize(
    ("mutant", "seconds"),
    [
        (planned("a", "t.py::slow", "t.py::fast"), FORK + 2.1),
        (planned("a", "t.py::unknown"), FORK),
        (planned("a", "t.py::fast", route=Route.COLD), FORK + IMPORT + 0.1),
    ],
)
def test_a_mutant_costs_what_it_does_if_no_test_notices(
    mutant: PlannedMutant, seconds: float
) -> None:
    assert cost(mutant, SECONDS) == pytest.approx(seconds)
