"""The code that a failure is about, before and after."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from assay.diagnosis.sides import Sides, first_line
from assay.model.diagnosis import FailingTest
from assay.model.evidence import FrameKind

LINES = 30
"""A hunk is cut after so many lines."""

CONTEXT = 2


def hunk_of(test: FailingTest, sides: Sides) -> tuple[str, ...]:
    """What has changed in the definition that the cause is about; else in the innermost changed
    function of the sources that the failure came through. Nothing where neither has changed."""
    for path, name in _concerned(test, sides):
        lines = definition_diff(sides, path, name)
        if lines:
            return lines
    return ()


def _concerned(test: FailingTest, sides: Sides) -> Iterator[tuple[str, str]]:
    """Definitions by file and qualified name, the likeliest first."""
    for match in test.matches:
        path, name = match.facts.get("path"), match.facts.get("name")
        if isinstance(path, str) and isinstance(name, str):
            yield path, name
        there, _, unit = match.key.partition("::")
        yield there, unit
    for evidence in test.evidence:
        for frame in reversed(evidence.main.frames):
            if frame.kind in (FrameKind.SOURCE, FrameKind.CONFTEST):
                place = sides.head.enclosing(frame.path, frame.line)
                if place is not None:
                    yield place.path, place.name


def definition_diff(sides: Sides, path: str, name: str) -> tuple[str, ...]:
    """A definition at base and head as the lines of a unified diff."""
    before, after = _text(sides, True, path, name), _text(sides, False, path, name)
    if before == after:
        return ()
    lines = list(difflib.unified_diff(before, after, n=CONTEXT, lineterm=""))[2:]
    return (*lines[:LINES], *(["…"] if len(lines) > LINES else []))


def _text(sides: Sides, at_base: bool, path: str, name: str) -> list[str]:
    side = sides.base if at_base else sides.head
    place = side.definition(path, name)
    if place is None:
        return []
    lines = side.texts[path].split("\n")
    return lines[first_line(place.node) - 1 : place.node.end_lineno]
