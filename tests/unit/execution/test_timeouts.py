"""Facts about limits: from recorded durations, never below a floor."""

from __future__ import annotations

from dataclasses import replace

from assay.execution.timeouts import COLLECTION, COLLECTION_FLOOR, FACTOR, FLOOR, UNKNOWN, Limits

LIMITS = Limits({"slow": 2.0, "fast": 0.001, "edge": 0.3}, factor=10.0, floor=3.0, unknown=300.0)


def test_a_slow_test_may_take_the_factor_of_what_it_took() -> None:
    assert LIMITS.of("slow") == 20.0


def test_a_fast_test_may_take_the_floor() -> None:
    assert LIMITS.of("fast") == 3.0
    assert LIMITS.of("edge") == 3.0


def test_a_test_that_was_never_timed_may_take_the_unknown() -> None:
    assert LIMITS.of("new") == 300.0


def test_patience_multiplies_every_limit() -> None:
    patient = replace(LIMITS, patience=2.0)
    assert [patient.of(test) for test in ("slow", "fast", "new")] == [40.0, 6.0, 600.0]


def test_the_defaults_are_the_named_constants() -> None:
    found = Limits({})
    assert (found.factor, found.floor, found.unknown) == (FACTOR, FLOOR, UNKNOWN)
    assert (found.collection, found.patience) == (COLLECTION, 1.0)


def test_a_childs_collection_may_take_the_factor_of_what_collecting_took() -> None:
    assert LIMITS.collecting(5.0).collection == 50.0


def test_a_childs_collection_has_a_floor_and_a_ceiling() -> None:
    assert LIMITS.collecting(0.1).collection == COLLECTION_FLOOR
    assert LIMITS.collecting(100.0).collection == COLLECTION
    assert replace(LIMITS, collection=2.0).collecting(0.1).collection == 2.0


def test_a_shared_fixture_may_take_what_the_slowest_test_may() -> None:
    assert LIMITS.shared == LIMITS.of("slow")
    assert replace(LIMITS, patience=2.0).shared == 40.0
    assert Limits({}).shared == UNKNOWN
