"""Which mutants a shard, a sample and a budget take."""

from __future__ import annotations

from collections import Counter

import pytest

from assay.model.mutant import Mutant
from assay.model.source import Span
from assay.mutation.portion import Shard, Size, in_turns, sampled, some_of, unit_of


def mutant(number: int, scope: str) -> Mutant:
    return Mutant(
        id=f"{number:012x}",
        path="tax.py",
        unit=scope,
        scope=scope,
        operator="number",
        span=Span(number, 0, number, 1),
        original="1",
        replacement="2",
        statement_line=number,
        lines=frozenset({number}),
    )


MUTANTS = [mutant(n, "long") for n in range(90)] + [mutant(n, "short") for n in range(100, 105)]


@pytest.mark.parametrize("of", [1, 2, 7])
def test_each_mutant_is_in_exactly_one_shard(of: int) -> None:
    shards = [Shard(number, of) for number in range(1, of + 1)]
    assert {sum(shard.has(one.id) for shard in shards) for one in MUTANTS} == {1}


def test_shards_are_of_about_the_same_size() -> None:
    ids = [f"{number:012x}" for number in range(4000)]
    sizes = Counter(number for number in range(1, 5) for i in ids if Shard(number, 4).has(i))
    assert min(sizes.values()) > 900


def test_a_sample_takes_one_of_each_function_before_a_second() -> None:
    by_id = {one.id: one for one in MUTANTS}
    found = Counter(unit_of(by_id[i])[1] for i in sampled(MUTANTS, Size(12, False), 0))
    assert found == {"long": 7, "short": 5}
    assert {by_id[i].scope for i in sampled(MUTANTS, Size(2, False), 0)} == {"long", "short"}


def test_a_sample_depends_on_the_seed_and_not_on_the_order() -> None:
    one = sampled(MUTANTS, Size(20, False), 1)
    assert sampled(MUTANTS[::-1], Size(20, False), 1) == one
    assert sampled(MUTANTS, Size(20, False), 2) != one


def test_functions_of_which_least_is_known_come_first() -> None:
    units = {one.id: unit_of(one) for one in MUTANTS}
    known = {("tax.py", "short"): 3}
    first = in_turns(units, 0, known)[:5]
    assert Counter(units[i][1] for i in first)["long"] >= 3
    assert sorted(in_turns(units, 0, known)) == sorted(units)


@pytest.mark.parametrize(
    ("size", "total", "wanted"),
    [
        (Size(40, False), 500, 40),
        (Size(40, False), 30, 30),
        (Size(5, True), 500, 25),
        (Size(1, True), 3, 1),
        (Size(100, True), 7, 7),
        (Size(5, True), 0, 0),
    ],
)
def test_the_size_of_a_sample(size: Size, total: int, wanted: int) -> None:
    assert size.of(total) == wanted


def test_an_audit_takes_at_least_one_and_the_same_by_the_same_seed() -> None:
    ids = [one.id for one in MUTANTS]
    assert len(some_of(ids, 0.01, 0)) == 1
    assert some_of(ids[::-1], 0.1, 3) == some_of(ids, 0.1, 3)
    assert some_of([], 0.01, 0) == frozenset()
