"""Facts about candidates for polluters, and about the search for a least set of tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

import pytest

from assay.diagnosis.pollution import (
    Reads,
    Slot,
    Write,
    bisection_starts,
    candidates,
    differences,
    is_read,
    least_set,
    restorers,
    write_of,
)

CURRENCY = ("global", "shop.state", "CURRENCY")
REGION = ("environ", "REGION")
NOTHING = ["-"]


def text(value: str) -> list[str]:
    return ["v", "str", repr(value)]


def wrote(test: str, slot: Slot, before: object, after: object) -> Write:
    return write_of(test, [list(slot), before, after, True])


def searched(
    tests: Iterable[str], happens: Callable[[frozenset[str]], bool]
) -> tuple[tuple[str, ...], int]:
    """What the search finds, and how many sets it asked about."""
    search, asked = least_set(tuple(tests)), 0
    try:
        one = next(search)
        while True:
            asked += 1
            one = search.send(happens(frozenset(one)))
    except StopIteration as done:
        return done.value, asked


# The search


def test_one_culprit_among_a_thousand_is_found_by_halving() -> None:
    tests = [f"t{number}" for number in range(1000)]
    for culprit in ("t0", "t333", "t999"):
        found, asked = searched(tests, lambda some, c=culprit: c in some)  # type: ignore[misc]
        assert found == (culprit,)
        assert asked <= 11


def test_two_culprits_far_apart_take_about_twice_as_many() -> None:
    tests = [f"t{number}" for number in range(1000)]
    found, asked = searched(tests, lambda some: {"t7", "t990"} <= some)
    assert found == ("t7", "t990")
    assert asked <= 23


def test_any_two_or_three_that_act_together_are_found_in_their_order() -> None:
    tests = [f"t{number}" for number in range(9)]
    for size in (2, 3):
        for culprits in combinations(tests, size):
            wanted = frozenset(culprits)
            found, _ = searched(tests, lambda some, w=wanted: w <= some)  # type: ignore[misc]
            assert found == culprits


def test_either_of_two_is_enough_and_one_is_given() -> None:
    found, _ = searched("abcdef", lambda some: "b" in some or "e" in some)
    assert found in (("b",), ("e",))


def test_nothing_can_be_left_out_of_what_is_found() -> None:
    def odd(some: frozenset[str]) -> bool:
        return "a" in some and ("c" in some or {"d", "f"} <= some)

    found, _ = searched("abcdef", odd)
    assert odd(frozenset(found))
    assert not any(odd(frozenset(found) - {one}) for one in found)


def test_a_polluter_is_found_in_spite_of_a_cleaner_before_it() -> None:
    def polluted(some: frozenset[str]) -> bool:
        left = [one for one in "abcdefgh" if one in some and one in "bdf"]
        return bool(left) and left[-1] != "d"

    found, _ = searched("abcdefgh", polluted)
    assert found in (("b",), ("f",))


def test_no_set_is_asked_about_twice() -> None:
    asked = []

    def happens(some: frozenset[str]) -> bool:
        asked.append(some)
        return {"b", "g"} <= some

    searched("abcdefgh", happens)
    assert len(asked) == len(set(asked))


def test_a_single_test_needs_no_search() -> None:
    assert searched("a", lambda _: True) == (("a",), 0)


@pytest.mark.parametrize(("count", "starts"), [(0, 3), (1, 3), (2, 4), (300, 12), (1000, 13)])
def test_plain_bisection_takes_three_starts_and_the_halvings(count: int, starts: int) -> None:
    assert bisection_starts(count) == starts


# Writers


def test_a_slot_is_told_with_its_first_and_last_value() -> None:
    writes = [
        wrote("a", CURRENCY, text("USD"), text("EUR")),
        wrote("b", CURRENCY, text("EUR"), text("GBP")),
    ]
    (found,) = differences(writes, Reads(names=frozenset({"CURRENCY"})))
    assert (found.before, found.after) == (text("USD"), text("GBP"))
    assert found.writers == ("a", "b")
    assert found.read


def test_what_was_undone_is_no_difference() -> None:
    writes = [
        wrote("a", CURRENCY, text("USD"), text("EUR")),
        wrote("b", CURRENCY, text("EUR"), text("USD")),
    ]
    assert differences(writes, Reads()) == []


def test_a_writer_before_the_undoing_is_none() -> None:
    writes = [
        wrote("a", REGION, NOTHING, text("us")),
        wrote("b", REGION, text("us"), NOTHING),
        wrote("c", REGION, NOTHING, text("us")),
    ]
    (found,) = differences(writes, Reads())
    assert found.writers == ("c",)


def test_a_shared_fixture_differs_only_from_what_it_was_set_up_as() -> None:
    slot = ("fixture", "basket", "session", "")
    made = wrote("a", slot, NOTHING, ["l", "list", 0, []])
    assert differences([made], Reads()) == []
    filled = wrote("b", slot, ["l", "list", 0, []], ["l", "list", 1, [text("x")]])
    (found,) = differences([made, filled], Reads())
    assert found.writers == ("b",)


def test_what_a_module_holds_is_left_out_where_another_stands_in_its_place() -> None:
    writes = [
        wrote("a", CURRENCY, text("USD"), NOTHING),
        wrote("a", ("module", "shop.state"), ["n", "module", "shop.state", ""], NOTHING),
    ]
    assert [one.slot for one in differences(writes, Reads())] == [("module", "shop.state")]


def test_slots_that_the_test_reads_come_first() -> None:
    writes = [
        wrote("a", CURRENCY, text("USD"), text("EUR")),
        wrote("b", REGION, NOTHING, text("us")),
    ]
    found = differences(writes, Reads(texts=frozenset({"REGION"})))
    assert [one.slot for one in found] == [REGION, CURRENCY]


def test_candidates_are_the_last_writers_then_all_of_them_then_those_not_seen_to_be_read() -> None:
    other = ("global", "shop.state", "OTHER")
    writes = [
        wrote("a", CURRENCY, text("USD"), text("EUR")),
        wrote("c", CURRENCY, text("EUR"), text("GBP")),
        wrote("b", other, text("x"), text("y")),
    ]
    found = differences(writes, Reads(names=frozenset({"CURRENCY"})))
    assert candidates(found, "abc") == [("c",), ("a", "c"), ("b",)]


def test_nothing_left_gives_no_candidate() -> None:
    assert candidates([], "abc") == []


def test_who_puts_a_slot_back_is_a_restorer_and_a_polluter_is_none() -> None:
    writes = [
        wrote("p", REGION, NOTHING, text("us")),
        wrote("c", REGION, text("us"), NOTHING),
        wrote("p", REGION, text("us"), NOTHING),
        wrote("d", CURRENCY, text("EUR"), text("USD")),
    ]
    assert restorers(writes, {REGION: NOTHING}, ["p"]) == ["c"]


# Readers


@pytest.mark.parametrize(
    ("slot", "reads"),
    [
        (CURRENCY, Reads(names=frozenset({"CURRENCY"}))),
        (("attribute", "shop", "Cart", "limit"), Reads(names=frozenset({"limit"}))),
        (("foreign", "time", "time"), Reads(others=frozenset({"time"}))),
        (("cache", "shop", "rates"), Reads(called=frozenset({"rates"}))),
        (("default", "shop", "collect"), Reads(called=frozenset({"collect"}))),
        (REGION, Reads(texts=frozenset({"REGION"}))),
        (("module", "shop.tax"), Reads(names=frozenset({"tax"}))),
        (("logger", "shop", "level"), Reads(called=frozenset({"isEnabledFor"}))),
        (("fixture", "basket", "session", ""), Reads(fixtures=frozenset({"basket"}))),
        (("process", "cwd"), Reads(called=frozenset({"open"}))),
        (("process", "locale LC_CTYPE"), Reads(called=frozenset({"setlocale"}))),
        (("process", "signal SIGTERM"), Reads(called=frozenset({"getsignal"}))),
        (("process", "warnings"), Reads(called=frozenset({"warn"}))),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_slot_is_read_by_who_mentions_or_needs_it(slot: Slot, reads: Reads) -> None:
    assert is_read(slot, reads)
    assert not is_read(slot, Reads(names=frozenset({"else"}), called=frozenset({"else"})))


def test_a_name_in_code_of_others_reads_no_global_of_the_project() -> None:
    assert not is_read(CURRENCY, Reads(others=frozenset({"CURRENCY"})))
