"""Failures that have one cause, and the order in which to fix them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assay.diagnosis.effort import edits_of, effort_of
from assay.diagnosis.hunks import hunk_of
from assay.diagnosis.sides import Sides
from assay.model.diagnosis import Category, FailingTest, Group, Match
from assay.model.evidence import Raised

_VARYING = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?|'[^']*'|\"[^\"]*\"")

_NOT_GROUPED = frozenset({Category.NEWLY_SKIPPED, Category.VANISHED, Category.NEWLY_PASSING})

_HIDE_OTHERS = frozenset({"collect", "setup"})


def key_of(test: FailingTest) -> tuple[str, str]:
    """What failures of one cause share: the cause and its key, or else the kind of exception, the
    innermost function of the sources, and the message without what varies. What only tests show
    is common to the cases of one test function alone."""
    if test.matches:
        return test.matches[0].cause, test.matches[0].key
    error = test.evidence[0].main if test.evidence else None
    if error is None:
        return "unknown", test.category.value
    frame = error.last_source_frame
    in_tests = test.test.partition("[")[0]
    where = f"{frame.path}::{frame.function}" if frame is not None else in_tests
    return "unknown", f"{error.type} {where} {_VARYING.sub('…', error.first_line)[:120]}"


def grouped(failing: Iterable[FailingTest], sides: Sides) -> tuple[Group, ...]:
    """The groups, those first that hide others, then by tests unblocked for each edit."""
    members: dict[tuple[str, str], list[FailingTest]] = {}
    for test in failing:
        if test.category not in _NOT_GROUPED:
            members.setdefault(key_of(test), []).append(test)
    groups = [_group(key, tests, sides) for key, tests in members.items()]
    return in_order(groups)


def in_order(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=_order))


def _group(key: tuple[str, str], tests: Sequence[FailingTest], sides: Sides) -> Group:
    example = tests[0]
    edits = edits_of(tests, sides)
    fault = example.verdict.fault if example.verdict is not None else None
    return Group(
        key=key,
        title=_title(example),
        tests=tuple(test.test for test in tests),
        example=example,
        effort=effort_of(edits, fault),
        first=any(e.phase in _HIDE_OTHERS for test in tests for e in test.evidence[:1]),
        edits=edits,
        hides=sum(test.hides for test in tests),
        hunk=hunk_of(example, sides),
    )


def _title(example: FailingTest) -> str:
    match: Match | None = example.matches[0] if example.matches else None
    if match is not None:
        return match.sentence
    error: Raised | None = example.evidence[0].main if example.evidence else None
    if error is None:
        return example.words
    name = f"{error.short_type}: " if error.type else ""
    return f"{name}{error.first_line}"[:200]


def _order(group: Group) -> tuple[bool, bool, float, str]:
    known = group.example.category is Category.KNOWN_FAILURE
    unblocked = max(len(group.tests), group.hides)
    return known, not group.first, -unblocked / group.effort, group.tests[0]
