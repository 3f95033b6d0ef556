"""A test that kills no mutant of all that it reaches."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.model.matrix import Cell
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import FEWEST, KillFacts, functions_in, plain_count

KIND = "zero-kill"

_QUIET = frozenset({Cell.PASSED, Cell.NOT_ENTERED})


def _find(facts: KillFacts) -> Iterator[Finding]:
    for subject in facts.subjects:
        reached = facts.reached(subject)
        if not facts.speaks(subject) or len(reached) < FEWEST:
            continue
        if any(not cells <= _QUIET for cells in reached.values()):
            continue
        if not facts.denies(subject, facts.matrix.mutants):
            continue
        functions = functions_in(facts.matrix.mutants[m] for m in reached)
        shown = facts.telling(reached)
        where = plain_count(len(functions), "function")
        yield facts.of_test(
            subject,
            (KIND, 3),
            f"`{subject.unit}` runs {len(reached)} mutants in {where} and notices none of them.",
            [
                facts.diff("it passes with", shown),
                Evidence("beside it", facts.others(shown)),
            ],
            "assert what the code it runs should have come to; the diff above is one case of it",
            (Confidence.LIKELY, Severity.HIGH),
        )


SOURCE = """\
def total(prices, rate):
    result = 0
    for price in prices:
        result += price
    if result > 100:
        result -= 10
    return result * (1 + rate)
"""

DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=3,
    title="Zero-kill: a test that notices nothing",
    definition=(
        "A test reaches mutants, and kills none of them, in any of its cases. Every mutant that it "
        "reaches has run against it, in a process of its own."
    ),
    why="It runs code, so that coverage counts it, and would pass whatever the code did.",
    confidence=Confidence.LIKELY,
    confidence_because=(
        "it may check what no mutant changes: a file that is written, another package, speed."
    ),
    guards=(
        f"tests that reach fewer than {FEWEST} mutants",
        "tests of which a case was skipped, failed, or fails by itself",
        "tests that run code of which no mutants were made: they may kill there",
        "tests for which not every pair has run: after --budget, with --sample, interrupted",
        "tests under which a mutant hung, or broke the set-up: something was noticed",
    ),
    fix="assert what the code should have come to.",
    find=_find,
    examples=(
        Example(
            "The result is thrown away, and so is every exception.",
            {
                "shop.py": SOURCE,
                "test_shop.py": """\
import contextlib

import pytest

from shop import total


def test_total():
    assert total([60, 50], 0.5) == 150.0


def test_total_is_robust():
    with contextlib.suppress(Exception):
        total([60, 50], 0.5)


@pytest.mark.parametrize("prices", [[60, 50], [1, 2]])
def test_total_of_two(prices):
    with contextlib.suppress(Exception):
        total(prices, 0.5)


@pytest.mark.parametrize("checked", [True, False])
def test_total_now_and_then(checked):
    with contextlib.suppress(TypeError, ValueError):
        result = total([60, 50], 0.5)
        if checked:
            assert result == 150.0


@pytest.mark.parametrize("prices", [[60, 50], pytest.param([], marks=pytest.mark.skip)])
def test_total_with_a_skipped_case(prices):
    with contextlib.suppress(Exception):
        total(prices, 0.5)
""",
            },
            ("test_shop.py::test_total_is_robust", "test_shop.py::test_total_of_two"),
            (
                "test_shop.py::test_total",
                "test_shop.py::test_total_now_and_then",
                "test_shop.py::test_total_with_a_skipped_case",
            ),
        ),
    ),
)
