"""Facts about sources: which unit a line belongs to, and how units are found by name."""

from __future__ import annotations

import pytest

from assay.model.source import MODULE_UNIT, SourceFile, Unit

MODULE = Unit(MODULE_UNIT, 1, 1, 9, "d0")
RATE = Unit("rate", 2, 4, 6, "d1")
DUE = Unit("Tax.due", 7, 8, 9, "d2")
SOURCE = SourceFile("tax.py", "sha", (MODULE, RATE, DUE))


@pytest.mark.parametrize(
    ("line", "unit"),
    [
        (1, MODULE_UNIT),
        (2, MODULE_UNIT),
        (3, MODULE_UNIT),
        (4, "rate"),
        (6, "rate"),
        (7, MODULE_UNIT),
        (8, "Tax.due"),
        (10, MODULE_UNIT),
    ],
)
def test_a_line_belongs_to_the_function_whose_body_it_is_in(line: int, unit: str) -> None:
    assert SOURCE.unit_of_line(line).name == unit


def test_the_first_unit_is_the_module() -> None:
    assert SOURCE.module is MODULE
    assert [unit.is_module for unit in SOURCE.units] == [True, False, False]


def test_a_unit_is_found_by_its_name() -> None:
    assert SOURCE.unit("Tax.due") is DUE
    assert SOURCE.unit("due") is None
