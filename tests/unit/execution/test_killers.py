"""Facts about killers: those of the line come first, then those of the unit, then the plan."""

from __future__ import annotations

from dataclasses import replace

from conftest import A_MUTANT as MUTANT

from assay.execution.killers import Killers
from assay.model.mutant import PlannedMutant, PlannedTest, Route

OTHER_LINE = replace(MUTANT, id="n", statement_line=4)
OTHER_UNIT = replace(MUTANT, id="o", scope="total", statement_line=9)
PLANNED = PlannedMutant(MUTANT, tuple(PlannedTest(name, 3.0) for name in "abcd"), Route.HOT)


def order(killers: Killers, last: tuple[str, ...] = ()) -> str:
    return "".join(test.node_id for test in killers.first(PLANNED, last).tests)


def test_without_kills_the_plan_is_as_it_was() -> None:
    assert Killers().first(PLANNED) is PLANNED


def test_the_killer_of_a_line_comes_before_that_of_the_unit() -> None:
    killers = Killers()
    killers.note(OTHER_LINE, "c")
    killers.note(OTHER_LINE, "c")
    killers.note(MUTANT, "d")
    assert order(killers) == "dcab"


def test_the_test_with_more_kills_comes_first() -> None:
    killers = Killers()
    for name in "bcc":
        killers.note(OTHER_LINE, name)
    assert order(killers) == "cbad"


def test_kills_in_another_unit_do_not_matter() -> None:
    killers = Killers()
    killers.note(OTHER_UNIT, "d")
    assert order(killers) == "abcd"


def test_tests_that_passed_already_come_last_whatever_they_killed() -> None:
    killers = Killers()
    killers.note(MUTANT, "a")
    assert order(killers, ("a", "b")) == "cdab"


def test_a_killer_that_does_not_cover_the_mutant_is_not_added() -> None:
    killers = Killers()
    killers.note(MUTANT, "z")
    assert order(killers) == "abcd"
