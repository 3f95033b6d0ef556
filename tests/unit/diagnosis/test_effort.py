"""How many places there are to edit."""

from __future__ import annotations

from typing import Any

import pytest

from assay.diagnosis.effort import edits_of, effort_of, places_in
from assay.diagnosis.sides import Side, Sides
from assay.model.diagnosis import (
    Category,
    Certainty,
    Edits,
    FailingTest,
    Fault,
    Match,
    Matrix,
    Site,
)

SHOP = "def total(items):\n    first = items[0]\n    return first + 1\n\n\nLIMIT = 3\n"
SIDES = Sides(
    Side({"shop.py": SHOP}),
    Side({"shop.py": SHOP}),
    {},
    lambda path: path.startswith("tests/"),
)


def failing(*sites: Site, **facts: Any) -> FailingTest:
    match = Match("c", "k", Certainty.COMPLETE, "", (), (), sites, "", facts)
    return FailingTest("t", "t", Category.NEW_FAILURE, Matrix(), (), (), "", (match,))


def test_many_tests_of_one_definition_are_one_place_in_the_sources() -> None:
    facts = {"path": "shop.py", "name": "total"}
    tests = [
        failing(Site("shop.py", 2 + line % 2), Site("tests/test_a.py", line), **facts)
        for line in range(1, 6)
    ]
    assert edits_of(tests, SIDES) == Edits(sources=1, tests=5)


def test_a_line_that_several_tests_come_through_is_one_place() -> None:
    tests = [failing(Site("tests/helper.py", 4)) for _ in range(3)]
    assert edits_of(tests, SIDES) == Edits(sources=0, tests=1)


def test_stale_calls_of_the_sources_count_each_for_itself() -> None:
    calls = Site("shop.py", 2), Site("shop.py", 3), Site("shop.py", 3)
    assert edits_of([failing(*calls)], SIDES) == Edits(sources=2, tests=0)


def test_the_definition_can_be_mended_where_only_tests_are_named() -> None:
    found = edits_of([failing(Site("tests/a.py", 1), path="shop.py", name="total")], SIDES)
    assert found == Edits(sources=1, tests=1)


@pytest.mark.parametrize(
    ("edits", "fault", "places"),
    [
        (Edits(1, 8), Fault.CODE, 1),
        (Edits(1, 8), Fault.TEST, 8),
        (Edits(1, 8), Fault.UNDECIDED, 1),
        (Edits(0, 8), Fault.UNDECIDED, 8),
        (Edits(0, 8), Fault.CODE, 1),
        (Edits(3, 0), Fault.ENVIRONMENT, 1),
        (Edits(0, 0), None, 1),
    ],
)
def test_the_side_at_fault_counts(edits: Edits, fault: Fault | None, places: int) -> None:
    assert effort_of(edits, fault) == places


def test_the_places_of_a_patch_are_its_runs_of_changed_lines() -> None:
    patch = "--- a/t.py\n+++ b/t.py\n@@ -1,5 +1,5 @@\n-a\n+b\n c\n-d\n+e\n f\n"
    assert places_in(patch + "--- a/u.py\n+++ b/u.py\n@@ -1 +1 @@\n-x\n+y\n") == 3
