"""What the original of a stand-in would have refused, and what it would not have returned."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any, Optional
from unittest import mock

import pytest

from assay.probe.fitting import bad_return, misfits, original_function


def rate(number: int, kind: str = "new") -> int:
    return number * len(kind)


class Till:
    def pay(self, amount: int) -> Optional[str]:  # noqa: UP045 - both forms are read
        return str(amount)

    @staticmethod
    def close(amount: int) -> None:
        """Nothing."""


def of(original: Any, *calls: tuple[Any, ...], target: Any = sys) -> list[str]:
    stand_in = mock.MagicMock()
    for arguments in calls:
        stand_in(*arguments)
    return misfits(target, original, stand_in)


def test_calls_that_fit_are_no_misfits() -> None:
    assert of(rate, (1,), (1, "old")) == []


def test_a_call_that_cannot_be_bound_is_told_with_the_real_signature() -> None:
    assert of(rate, (1, "old", 3)) == [
        (
            "called with (int, str, int); the real one takes (number: 'int', kind: 'str' = 'new') "
            "-> 'int': too many positional arguments"
        )
    ]


@pytest.mark.parametrize("arguments", [(1,), (Till(), 1)])
def test_a_method_fits_with_and_without_self(arguments: tuple[Any, ...]) -> None:
    assert of(Till.pay, arguments, target=Till) == []


def test_a_method_that_fits_in_neither_way_is_a_misfit() -> None:
    (words,) = of(Till.pay, (1, 2, 3), target=Till)
    assert words.startswith("called with (int, int, int); ")


def test_methods_of_what_a_class_makes_are_checked_too() -> None:
    stand_in = mock.MagicMock()
    stand_in().pay(1)
    assert misfits(sys, Till, stand_in) == []
    stand_in().pay()
    (words,) = misfits(sys, Till, stand_in)
    assert words.startswith("`pay` called with (); ")


def test_a_name_that_a_module_has_not_is_a_misfit() -> None:
    module = types.ModuleType("tills")
    module.rate = rate  # type: ignore[attr-defined]
    stand_in = mock.MagicMock()
    stand_in.rate(1)
    assert misfits(sys, module, stand_in) == []
    stand_in.old_rate(1)
    assert misfits(sys, module, stand_in) == [
        "`old_rate` was called on it, and the module tills has none"
    ]


def test_a_mock_with_a_spec_refuses_by_itself() -> None:
    stand_in = mock.create_autospec(rate)
    with pytest.raises(TypeError):
        stand_in(1, 2, 3)
    assert misfits(sys, rate, stand_in.mock) == []


def returned(original: Callable[..., Any], value: object, kind: type = mock.MagicMock) -> str:
    stand_in = kind(return_value=value)
    stand_in(1)
    return bad_return(original, stand_in)


def test_a_return_value_that_the_annotation_leaves_out_is_told() -> None:
    assert returned(rate, "6") == "returns str; the real one is annotated to return int"
    assert returned(Till.pay, 6) == "returns int; the real one is annotated to return str or None"


def half(number: int) -> float:
    return number / 2


def anything(number: int) -> Any:
    return number


def numbers(number: int) -> list[int]:
    return [number]


def many(number: int) -> Any:
    yield number


async def later(number: int) -> int:
    return number


@pytest.mark.parametrize(
    ("original", "value"),
    [
        (rate, 6),
        (rate, True),
        (half, 6),
        (anything, "6"),
        (numbers, [6]),
        (many, 6),
        (later, "6"),
        (rate, mock.sentinel.answer),
        (Till.pay, None),
        (len, "6"),
    ],
)
def test_where_there_is_a_doubt_no_return_value_is_wrong(
    original: Callable[..., Any], value: object
) -> None:
    assert returned(original, value) == ""


def test_the_value_that_is_awaited_counts() -> None:
    stand_in = mock.AsyncMock(return_value="6")
    stand_in(1).close()
    assert bad_return(later, stand_in) == "returns str; the real one is annotated to return int"


def test_a_mock_that_was_not_called_or_has_a_side_effect_returns_nothing() -> None:
    assert bad_return(rate, mock.MagicMock(return_value="6")) == ""
    stand_in = mock.MagicMock(return_value="6", side_effect=lambda _: 6)
    stand_in(1)
    assert bad_return(rate, stand_in) == ""


def test_the_function_behind_wrappers_is_found() -> None:
    @functools.wraps(rate)
    def wrapped(*arguments: Any) -> int:
        return rate(*arguments)

    for one in (rate, wrapped, functools.partial(rate, 1), staticmethod(rate)):
        assert original_function(one) is rate
    assert original_function(Till().pay) is Till.pay
    assert original_function(None) is None
    assert original_function(functools.lru_cache(rate)) is rate
