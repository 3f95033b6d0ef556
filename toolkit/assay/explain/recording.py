"""What `probe.observe` saw of one test, as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.explain.summaries import Summary

Place = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A frame that waited for a call: its number (-1: of a test file), where, and the line."""

    number: int
    path: str
    function: str
    line: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the function: what it was given, what it gave each time it gave control back
    (("returned" or "raised", value)), what has changed of what it was given, and who waited, from
    the inside out."""

    given: Mapping[str, Summary]
    ends: tuple[tuple[str, Summary], ...]
    left: Mapping[str, Summary]
    stack: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """A line that ran in a frame of a test file, and the variables that changed (None: gone)."""

    line: int
    changed: Mapping[str, Summary | None]


@dataclass(frozen=True, slots=True)
class TestFrame:
    """One call of a function of a test file."""

    __test__ = False

    path: str
    function: str
    first: int
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """What a call made from a test's frame gave: `end` is "returned", "raised", "caught" (an
    exception that came through the line), or "" if it did not end."""

    frame: int
    place: Place
    callee: str
    end: str
    value: Summary | None


@dataclass(frozen=True, slots=True)
class Look:
    """The value of an expression after a line; None if it raised."""

    line: int
    expression: str
    value: Summary | None


@dataclass(frozen=True, slots=True)
class Recording:
    """One run of one test. `count` are all calls of the function, `digests` stand for those that
    are not kept in `calls`; `cut`: not all was watched; `lost`: something else took the tracing
    away; `entered`: the mutated code ran in the test, whether it was seen or not."""

    test: str
    calls: tuple[Call, ...]
    count: int
    digests: tuple[int, ...]
    returns: Mapping[int, Sequence[Any]]
    frames: tuple[TestFrame, ...]
    results: tuple[Received, ...]
    looks: tuple[Look, ...]
    types: Mapping[str, Mapping[str, Sequence[str]]]
    entered: bool
    cut: bool
    lost: bool


def recording_of(message: Mapping[str, Any]) -> Recording:
    """Read what the probe has sent."""
    return Recording(
        test=message["test"],
        calls=tuple(_call(row) for row in message["calls"]),
        count=message["count"],
        digests=tuple(message["digests"]),
        returns={row[0]: row[1:] for row in message["returns"]},
        frames=tuple(_frame(row) for row in message["frames"]),
        results=tuple(_received(row) for row in message["results"]),
        looks=tuple(Look(*row) for row in message["looks"]),
        types=message["types"],
        entered=message["entered"],
        cut=message["cut"],
        lost=message["lost"],
    )


def _call(row: Mapping[str, Any]) -> Call:
    return Call(
        given=dict(row["given"]),
        ends=tuple((how, value) for how, value in row["ends"]),
        left=dict(row["left"]),
        stack=tuple(Waiting(*frame) for frame in row["stack"]),
    )


def _frame(row: Mapping[str, Any]) -> TestFrame:
    visits = tuple(Visit(line, changed) for line, changed in row["visits"])
    return TestFrame(row["path"], row["name"], row["first"], visits)


def _received(row: Sequence[Any]) -> Received:
    frame, place, callee, end, value = row
    line, last, column, end_column = place
    return Received(frame, (line, last, column, end_column), callee, end, value)
