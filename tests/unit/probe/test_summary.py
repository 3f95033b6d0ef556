"""Facts about summaries of values: what is told, what is never run, where they are cut."""

from __future__ import annotations

import collections
import datetime
import enum
import json
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from assay.probe.summary import DEPTH, ITEMS, NODES, Summarizer, Summary


def of(value: Any) -> Summary:
    found = Summarizer().of(value)
    assert json.loads(json.dumps(found)) == found
    return found


class Hostile:
    """Everything that a curious tool might call fails the test."""

    def __init__(self, inside: object) -> None:
        self.inside = inside

    def _fail(self, *_: object) -> Any:
        raise AssertionError("the user's code was called")

    __eq__ = __repr__ = __str__ = __len__ = __iter__ = __bool__ = __getattr__ = _fail
    __hash__ = _fail
    __class__ = property(_fail)
    value = property(_fail)


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self) -> None:
        self.left = 1


class Colour(enum.Enum):
    RED = 1


class Pair(NamedTuple):
    left: int
    right: str


class Special(dict[str, int]):
    """A dictionary whose own methods lie."""

    def items(self) -> Any:
        raise AssertionError("the user's code was called")


@dataclass
class Point:
    x: int
    y: int


class OwnTextError(ValueError):
    def __str__(self) -> str:
        raise AssertionError("the user's code was called")


@pytest.mark.parametrize(
    ("value", "summary"),
    [
        (3, ["v", "int", "3"]),
        (True, ["v", "bool", "True"]),
        (None, ["v", "NoneType", "None"]),
        (0.5, ["v", "float", "0.5"]),
        ("it's", ["v", "str", '"it\'s"']),
        (b"x", ["v", "bytes", "b'x'"]),
        (Decimal("1.10"), ["v", "Decimal", "Decimal('1.10')"]),
        ((1, "a"), ["l", "tuple", 2, [["v", "int", "1"], ["v", "str", "'a'"]]]),
        ({"a": 1}, ["d", "dict", 1, [[["v", "str", "'a'"], ["v", "int", "1"]]]]),
        (collections.deque([1]), ["l", "deque", 1, [["v", "int", "1"]]]),
        (Colour.RED, ["e", f"{__name__}.Colour", "'RED'"]),
        (len, ["n", "function", "len"]),
        (Point, ["n", "class", f"{__name__}.Point"]),
        (KeyError("a"), ["x", "KeyError", ["l", "tuple", 1, [["v", "str", "'a'"]]], [], "'a'"]),
    ],
)
def test_what_is_known_of_a_value(value: object, summary: Summary) -> None:
    assert of(value) == summary


def test_an_object_is_told_by_its_attributes_and_none_of_its_code_runs() -> None:
    found = of(Hostile(inside=[1]))
    assert found[:2] == ["o", f"{__name__}.Hostile"]
    assert found[2] == [["inside", ["l", "list", 1, [["v", "int", "1"]]]]]


def test_slots_that_are_set_are_attributes() -> None:
    assert of(Slotted())[2] == [["left", ["v", "int", "1"]]]


def test_what_extends_a_builtin_type_is_read_past_its_own_methods() -> None:
    found = of(Special(a=1))
    assert found[3] == ["d", "dict", 1, [[["v", "str", "'a'"], ["v", "int", "1"]]]]
    assert of(Pair(1, "x"))[3] == ["l", "tuple", 2, [["v", "int", "1"], ["v", "str", "'x'"]]]


def test_the_text_of_an_exception_is_told_only_if_python_makes_it() -> None:
    assert of(OwnTextError("x"))[4] is None
    assert of(ValueError("x"))[4] == "x"
    assert of(ValueError(Hostile(1)))[4] is None


def test_sets_are_told_in_an_order_of_their_own() -> None:
    assert of({"a", "b", "c", "d"}) == of({"d", "c", "b", "a"})


def test_a_cycle_ends() -> None:
    ring: list[Any] = []
    ring.append(ring)
    assert of(ring) == ["l", "list", 1, [["r"]]]


def test_much_and_deep_is_cut_and_the_length_told() -> None:
    long = of(list(range(ITEMS + 5)))
    assert long[2] == ITEMS + 5
    assert long[3][-1] == ["c"]
    deep: Any = 1
    for _ in range(DEPTH + 1):
        deep = [deep]
    assert "c" in json.dumps(of(deep))
    wide = of([[[1] * ITEMS] * ITEMS] * ITEMS)
    assert json.dumps(wide).count('"v"') <= NODES


def test_long_texts_that_differ_at_the_end_differ() -> None:
    assert of("x" * 5000 + "a") != of("x" * 5000 + "b")


def test_a_time_of_about_now_is_not_told() -> None:
    assert of(time.time()) == ["t", "float"]
    assert of(datetime.datetime.now()) == ["t", "datetime"]
    assert of(datetime.date(2001, 1, 1)) == ["v", "date", "datetime.date(2001, 1, 1)"]
