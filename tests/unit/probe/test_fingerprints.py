"""Facts about fingerprints: equal ones mean equal summaries, and they run no code of the user's."""

from __future__ import annotations

import collections
import decimal
import enum
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pytest

from assay.probe.fingerprints import Fingerprints
from assay.probe.summary import Summarizer

DEPTH, ITEMS, NODES = 2, 5, 40


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1


class Slotted:
    __slots__ = ("one", "other")

    def __init__(self, one: Any) -> None:
        self.one = one


class Named(dict[str, Any]):
    pass


@dataclass
class Point:
    x: Any
    y: Any = 0


class Hostile:
    def _fail(self, *_: Any) -> Any:
        raise AssertionError("the user's code was called")

    __eq__ = __repr__ = __hash__ = __bool__ = __len__ = __iter__ = __getattr__ = _fail


def within_itself() -> Point:
    point = Point(1)
    point.y = point
    return point


def with_attributes(count: int) -> Point:
    point = Point(1)
    for number in range(count):
        setattr(point, f"a{count - number}", [number, Point(number)])
    return point


def cases() -> list[Any]:
    plain: list[Any] = [
        0,
        False,
        0.0,
        -0.0,
        1,
        True,
        1.0,
        "1",
        b"1",
        None,
        "",
        1j,
        ...,
        2**80,
        "x" * 700,
    ]
    containers: list[Any] = [
        [],
        (),
        {},
        set(),
        frozenset(),
        [1],
        (1,),
        {1},
        {1: 2},
        {"1": 2},
        {"a": [1]},
    ]
    containers += [[[[1]]], [[[2]]], [[1], [[2]]], list(range(9)), list(range(5)), range(3)]
    containers += [{n: n for n in range(9)}, set(range(9)), collections.deque([1]), bytearray(b"1")]
    objects: list[Any] = [
        Point(1),
        Point(2),
        Point(1, 2),
        Point([1]),
        Point(Point(1)),
        Point(Point(Point(1))),
    ]
    objects += [Slotted(1), Slotted(2), Named(a=1), Named(a=2), Colour.RED, Colour.BLUE, Level.LOW]
    objects += [within_itself(), with_attributes(3), with_attributes(9), [with_attributes(9)] * 5]
    texts: list[Any] = [
        re.compile("a"),
        re.compile("b"),
        decimal.Decimal("1.0"),
        decimal.Decimal("1.00"),
    ]
    texts += [PurePosixPath("a"), slice(1, 2), ValueError("a"), Point, Slotted, len, cases, json]
    return [*plain, *containers, *objects, *texts, Hostile(), [Hostile()]]


def test_values_with_one_fingerprint_have_one_summary() -> None:
    prints, summaries = Fingerprints(DEPTH, ITEMS, NODES), Summarizer(DEPTH, ITEMS, NODES)
    told = [(prints.of(value), summaries.of(value)) for value in cases()]
    for (one, summary), (other, its) in itertools.combinations(told, 2):
        if one is not None and one == other:
            assert summary == its


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Point([1, 2]), Point([1, 2])),
        ({"a": Point(1)}, {"a": Point(1)}),
        (Slotted("a"), Slotted("a")),
        (Named(a=[1]), Named(a=[1])),
        ([Colour.RED], [Colour.RED]),
        (Point([[Point(1)]]), Point([[Point(2)]])),
        (with_attributes(9), with_attributes(9)),
    ],
)
def test_values_that_look_the_same_have_one_fingerprint(one: Any, other: Any) -> None:
    prints = Fingerprints(DEPTH, ITEMS, NODES)
    assert prints.of(one) == prints.of(other) is not None


@pytest.mark.parametrize("value", [ValueError("a"), slice(1), set(range(ITEMS + 1))])
def test_of_some_values_only_the_summary_can_tell(value: Any) -> None:
    assert Fingerprints(DEPTH, ITEMS, NODES).of(value) is None


def test_no_value_is_kept() -> None:
    prints = Fingerprints(DEPTH, ITEMS, NODES)
    prints.of([Point(1)])
    assert prints._flat == []
