"""What a part of the mutants says about all: against published and hand-made numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.model.mutant import NOT_REACHED, Mutant, Status, Verdict
from assay.model.source import Span
from assay.verdict.interval import estimate, wilson


def verdicts(scope: str, **counts: int) -> Iterator[Verdict]:
    for name, count in counts.items():
        for number in range(count):
            mutant = Mutant(
                id=f"{scope}{name}{number}",
                path="tax.py",
                unit=scope,
                scope=scope,
                operator="number",
                span=Span(1, 0, 1, 1),
                original="1",
                replacement="2",
                statement_line=1,
                lines=frozenset({1}),
            )
            reason = NOT_REACHED if name == "PENDING" else ""
            yield Verdict(mutant, Status[name], (), "", False, reason, 0, 0.0)


@pytest.mark.parametrize(
    ("share", "count", "low", "high"),
    # R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in
    # Medicine 17, 1998, table I, method 3.
    [
        (81 / 263, 263, 0.2553, 0.3662),
        (15 / 148, 148, 0.0624, 0.1605),
        (0 / 20, 20, 0.0, 0.1611),
        (1 / 29, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_the_published_one(
    share: float, count: int, low: float, high: float
) -> None:
    assert list(wilson(share, count)) == pytest.approx([low, high], abs=5e-5)


def test_nothing_known_leaves_everything_open() -> None:
    assert wilson(0.0, 0) == (0.0, 1.0)
    assert estimate(verdicts("f", PENDING=3, TIMEOUT=1), {("tax.py", "f"): 9}) is None


def test_a_mutant_of_a_long_function_stands_for_more() -> None:
    some = [*verdicts("long", KILLED=2), *verdicts("short", SURVIVED=2)]
    found = estimate(some, {("tax.py", "long"): 90, ("tax.py", "short"): 10})
    assert found is not None
    assert found.score == pytest.approx(0.9)
    # Two mutants of 45 each and two of 5: less is known than by four that count alike.
    assert (found.low, found.high) == wilson(0.9, 100**2 / (2 * 45**2 + 2 * 5**2))


def test_mutants_not_reached_are_stood_for_by_those_that_ran() -> None:
    some = [
        *verdicts("f", KILLED=3, SURVIVED=1, NO_COVERAGE=4, PENDING=4),
    ]
    found = estimate(some, {("tax.py", "f"): 12})
    assert found is not None
    # Eight are covered, three quarters of them are killed; four are not.
    assert found.score == pytest.approx(6 / 12)
    assert found.low < 0.5 < found.high
