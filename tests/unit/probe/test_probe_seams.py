"""Facts about what the probe notes of calls between modules, and of what functions return."""

from __future__ import annotations

import collections
import enum
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from assay.probe.seams import Seams, described, held
from assay.probe.watchers import maker
from assay.probe.witness import Patched, Witness

LOW = """\
def low(n):
    if n < 0:
        raise ValueError(n)
    return n

def many(n):
    yield n

async def later(n):
    return str(n)

def fails(n):
    return low(-1)
"""

HIGH = """\
import functools, threading
import low

def high(n):
    return [low.low(n)]

def mapped(n):
    return tuple(map(low.low, [n]))

def around(f):
    @functools.wraps(f)
    def wrapper(*args):
        return f(*args)
    return wrapper

def in_thread(n):
    thread = threading.Thread(target=work, args=(n,))
    thread.start()
    thread.join()

def work(n):
    low.low(n)

def own(n):
    return high(n)
"""

TOP = """\
import high, low
wrapped = high.around(low.low)

def top(n):
    return wrapped(n)

def drive(n):
    try:
        low.later(n).send(None)
    except StopIteration as end:
        return end.value
"""


@pytest.fixture
def seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seams:
    for name, text in {"low": LOW, "high": HIGH, "top": TOP}.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    return Seams({"repo": str(tmp_path), "excluded": [], "tests": ["test_it.py"]})


def function(name: str) -> Callable[..., Any]:
    module, _, inner = name.partition(".")
    found: Callable[..., Any] = getattr(__import__(module), inner)
    return found


def seen(
    seams: Seams, call: Callable[[], Any], outcome: str = "passed", **more: Any
) -> dict[str, Any]:
    """What is told of a test that does this."""
    seams.begin(None)
    try:
        call()
    finally:
        told = seams.end(None, {"test": "t", "outcome": outcome, **more})
    return told[0] if told else {}


def calls_of(told: dict[str, Any]) -> set[tuple[str, str]]:
    lines = {
        ("low.py", 1): "low",
        ("low.py", 9): "later",
        ("high.py", 4): "high",
        ("high.py", 7): "mapped",
        ("high.py", 11): "wrapper",
        ("high.py", 21): "work",
        ("top.py", 4): "top",
        ("top.py", 7): "drive",
    }
    return {(lines[a, b], lines[c, d]) for (a, b), (c, d) in told["calls"]}


def types_of(told: dict[str, Any]) -> dict[tuple[str, int], set[str]]:
    return {(p, n): {shown for shown, _ in types} for (p, n), types, _ in told["returns"]}


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("high.high", {("high", "low")}),
        ("high.own", {("high", "low")}),
        ("high.mapped", {("mapped", "low")}),
        ("high.in_thread", {("work", "low")}),
        ("top.top", {("top", "wrapper"), ("wrapper", "low"), ("top", "low")}),
        ("top.drive", {("drive", "later")}),
        ("low.low", set()),
    ],
)
def test_a_call_is_noted_past_code_of_others_and_of_decorators(
    seams: Seams, name: str, calls: set[tuple[str, str]]
) -> None:
    called = function(name)
    assert calls_of(seen(seams, lambda: called(1))) == calls


def test_types_are_those_that_were_returned_and_not_what_was_raised_or_waited_for(
    seams: Seams,
) -> None:
    low, many, fails, drive = map(function, ("low.low", "low.many", "low.fails", "top.drive"))

    def call() -> None:
        low(1)
        low(True)
        list(many(1))
        drive(1)
        with pytest.raises(ValueError):
            fails(1)

    types = types_of(seen(seams, call))
    assert types[("low.py", 1)] == {"int", "bool"}
    assert types[("low.py", 9)] == {"str"}
    assert ("low.py", 6) not in types
    assert ("low.py", 12) not in types


def test_a_test_that_did_not_pass_proves_nothing(seams: Seams) -> None:
    high = function("high.high")
    assert seen(seams, lambda: high(1), "failed") == {}
    assert calls_of(seen(seams, lambda: high(1))) == {("high", "low")}


def test_returns_in_a_test_with_stand_ins_are_not_taken_for_the_real_ones(seams: Seams) -> None:
    high = function("high.high")
    patches = [{"used": True, "spy": False}]
    told = seen(seams, lambda: high(1), seen={"patches": patches})
    assert told["returns"] == []
    assert calls_of(told) == {("high", "low")}
    unused = [{"used": False, "spy": False}, {"used": True, "spy": True}]
    assert seen(seams, lambda: high(1), seen={"patches": unused})["returns"]


def test_only_what_is_new_is_told_and_at_the_end_how_often(seams: Seams) -> None:
    high = function("high.high")
    told = [seen(seams, lambda: high(1)) for _ in range(5)]
    assert [len(one["calls"]) for one in told] == [1, 1, 1, 0, 0]
    assert [len(one["returns"]) for one in told] == [2, 0, 0, 0, 0]
    (times,) = seams.finish()
    assert sorted(times["times"]) == [[["high.py", 4], 5], [["low.py", 1], 5]]


def test_a_test_that_takes_the_profiler_away_is_told_of(seams: Seams) -> None:
    assert seen(seams, lambda: sys.setprofile(None))["lost"]
    assert not seen(seams, lambda: None)["lost"]


def test_what_goes_wrong_in_the_watcher_is_not_raised_in_the_test(seams: Seams) -> None:
    low = function("low.low")
    seams._tests = 1  # type: ignore[assignment]
    assert seen(seams, lambda: low(1))["lost"]


class Colour(enum.IntEnum):
    RED = 1


class Touchy(type):
    def __repr__(cls) -> str:
        raise AssertionError

    def __eq__(cls, other: object) -> bool:
        raise AssertionError

    def __hash__(cls) -> int:
        raise AssertionError


class Sore(metaclass=Touchy):
    pass


@pytest.mark.parametrize(
    ("value", "shown", "builtins"),
    [
        (None, "None", ["None"]),
        (True, "bool", ["bool", "int"]),
        ([1, "a", 2], "list[int | str]", ["list"]),
        ({"a": 1}, "dict[str]", ["dict"]),
        ((), "tuple", ["tuple"]),
        (collections.OrderedDict(a=1), "collections.OrderedDict", ["dict"]),
        (Colour.RED, f"{__name__}.Colour", ["int"]),
        (Sore(), f"{__name__}.Sore", []),
        (mock.Mock(), "Mock", ["mock"]),
    ],
)
def test_a_type_is_shown_with_what_it_comes_from(
    value: Any, shown: str, builtins: list[str]
) -> None:
    kind = type(value)
    inner = held(value) if isinstance(value, list | tuple) or kind is dict else ()
    assert described((kind, *inner)) == [shown, builtins]


def test_no_code_of_the_users_runs_when_types_are_noted(seams: Seams) -> None:
    low = function("low.low")

    class Never(int, metaclass=Touchy):
        """Compared by the function under test only."""

    told = seen(seams, lambda: low(Never(1)))
    assert types_of(told) == {("low.py", 1): {f"{__name__}.{Never.__qualname__}"}}


def test_the_watcher_goes_by_its_name() -> None:
    assert maker("seams") is Seams


def test_a_function_that_stands_in_is_held_against_the_real_one(tmp_path: Path) -> None:
    witness = Witness(str(tmp_path), ())
    holder = type("Holder", (), {})

    def real(a: int, *, b: int) -> int:
        return a + b

    def stand_in(*args: Any) -> Any:
        return args[0] if len(args) == 1 else "text"

    function: Any = stand_in
    listening = witness._listening(function)
    one = Patched("monkeypatch", holder(), "real", real, listening)
    witness._by_value[id(listening)] = one
    assert listening("handed on") == "handed on"
    assert one.gave == set()
    assert listening(1, 2) == "text"
    assert one.gave == {str}
    assert "missing a required argument: 'b'" in next(iter(one.refused))
