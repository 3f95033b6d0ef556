"""Facts about two summaries: where they differ, and how a value is written."""

from __future__ import annotations

from typing import Any

import pytest

from assay.explain.summaries import (
    MISSING,
    at,
    contrast,
    differences,
    expression,
    is_whole,
    literal,
)
from assay.probe.summary import Summarizer


def of(value: Any) -> Any:
    return Summarizer().of(value)


class Box:
    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


@pytest.mark.parametrize(
    ("before", "after", "written"),
    [
        (1, 2, ["x"]),
        (1, True, ["x"]),
        ([1, 2], [1, 3], ["x[1]"]),
        ([1, 2], [1], ["x"]),
        ({"a": [1]}, {"a": [2]}, ["x['a'][0]"]),
        ({"a": 1}, {"b": 1}, ["x"]),
        (Box(a=1, b=2), Box(a=1, b=3), ["x.b"]),
        (Box(a=1), Box(a=1, b=3), ["x.b"]),
        (ValueError("a"), ValueError("b"), ["str(x)", "x.args[0]"]),
        ({1, 2}, {1, 3}, ["x"]),
    ],
)
def test_differences_go_as_deep_as_the_shape_is_the_same(
    before: Any, after: Any, written: list[str]
) -> None:
    assert [expression("x", path) for path in differences(of(before), of(after))] == written


@pytest.mark.parametrize("value", [1, "a", [1, (2,)], {"a": {1, 2}}, Box(a=[Box(b=1)]), set()])
def test_equal_values_have_no_difference(value: Any) -> None:
    assert list(differences(of(value), of(value))) == []


@pytest.mark.parametrize(
    "value", [1, -1.5, "it's", None, [1, ("a",)], {"a": {1}}, frozenset(), set(), (), b"\x00"]
)
def test_a_literal_is_the_value_again(value: Any) -> None:
    text = literal(of(value))
    assert text is not None
    assert eval(text) == value


@pytest.mark.parametrize("value", [object(), Box(a=1), float("nan"), [object()], {"a": Box()}])
def test_what_has_no_literal_gets_none(value: Any) -> None:
    assert literal(of(value)) is None


def test_a_path_leads_to_its_value_and_nowhere_to_nothing() -> None:
    root = of(Box(a=[{"k": 5}]))
    (path,) = differences(root, of(Box(a=[{"k": 6}])))
    assert at(root, path) == ["v", "int", "5"]
    assert at(of(Box()), path) is MISSING


def test_what_was_cut_is_not_whole() -> None:
    assert not is_whole(of(list(range(1000))))
    assert not is_whole(of([object()]))
    assert is_whole(of([1, {"c": "?"}]))


def test_long_values_are_shortened_to_where_they_differ() -> None:
    one, other = contrast(of("a" * 300 + "b"), of("a" * 300 + "c"))
    assert one != other
    assert max(len(one), len(other)) < 80


def test_values_that_are_alike_as_far_as_they_are_shown_are_told_apart() -> None:
    one, other = contrast(of(list(range(200))), of(list(range(300))))
    assert (one.endswith("(200 items)"), other.endswith("(300 items)")) == (True, True)
    long = "a" * 5_000
    one, other = contrast(of(f"{long}b"), of(f"{long}c"))
    assert one != other
    assert contrast(of([1]), of([1])) == ("[1]", "[1]")
