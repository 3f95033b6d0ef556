"""Facts about what is told before a kill matrix is filled."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from gate_cases import mutant

from assay.execution.forecast import SHARE, Forecast, forecast, forecast_line
from assay.model.matrix import Cell, Pair
from assay.model.mutant import PlannedMutant, PlannedTest, Route

SECONDS = {"t.py::a": 1.0, "t.py::b": 2.0}


def planned(name: str, *tests: str) -> PlannedMutant:
    return PlannedMutant(mutant(name), tuple(PlannedTest(t, 9.0) for t in tests), Route.HOT)


def ahead(
    *plan: PlannedMutant, known: Mapping[str, Mapping[str, Pair]] | None = None, workers: int = 1
) -> Forecast:
    return forecast(plan, known or {}, SECONDS, workers)


def test_every_pair_counts_with_what_its_test_took_twice() -> None:
    told = ahead(planned("m1", "t.py::a", "t.py::b"), planned("m2", "t.py::a"))
    assert (told.mutants, told.pairs, told.known) == (2, 3, 0)
    assert told.seconds == pytest.approx(8.0 + 3 * SHARE)


def test_known_pairs_are_not_to_be_run() -> None:
    known = {"m1": {"t.py::b": Pair(Cell.PASSED, "", alone=True)}}
    told = ahead(planned("m1", "t.py::a", "t.py::b"), known=known)
    assert (told.pairs, told.known) == (1, 1)
    assert told.seconds == pytest.approx(2.0 + SHARE)


def test_workers_share_the_time() -> None:
    assert ahead(planned("m1", "t.py::a"), workers=2).seconds == (2.0 + SHARE) / 2


def test_a_test_of_unknown_duration_counts_with_its_limit() -> None:
    assert ahead(planned("m1", "t.py::new")).seconds == 18.0 + SHARE


def test_a_long_run_is_told_with_ways_to_run_less() -> None:
    assert forecast_line(Forecast(719, 82_403, 0, 1980.0), full=False, bounded=False) == (
        "719 mutants, 82403 pairs of a mutant and a test: at most about 33 min, as tests were "
        "timed; a PATH or --budget 5m runs less, and Ctrl-C keeps what was run"
    )


def test_a_short_or_bounded_run_needs_no_hint() -> None:
    assert forecast_line(Forecast(1, 1, 12, 0.2), full=True, bounded=False) == (
        "1 mutant, 1 pair of a mutant and a test, 12 more known from earlier runs: "
        "about 1 s, as tests were timed"
    )
    assert "--budget" not in forecast_line(Forecast(9, 9, 0, 9e4), full=False, bounded=True)


def test_nothing_is_told_where_nothing_is_to_be_run() -> None:
    assert forecast_line(Forecast(3, 0, 9, 0.0), full=False, bounded=False) == ""
