"""Reads values of a policy or of a committed file, so that every mistake is told at once (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from math import inf
from typing import Any

Reader = Callable[[Any], Any]
"""A value as it is used; TypeError with what it has to be."""


def read_table(
    table: Mapping[str, Any], readers: Mapping[str, Reader], problems: list[str]
) -> dict[str, Any]:
    """The values by key with underscores; what is wrong with the others goes to `problems`."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        read = readers.get(key)
        if read is None:
            problems.append(unknown_key(key, readers))
            continue
        try:
            values[key.replace("-", "_")] = read(value)
        except TypeError as problem:
            problems.append(f"{key} {problem}")
    return values


def unknown_key(key: str, known: Iterable[str]) -> str:
    """That there is no such key, and which one was meant."""
    names = list(known)
    near = get_close_matches(key.replace("_", "-"), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return f"unknown key {key!r} ({hint})"


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError("must be a text that is not empty")
    return value


def texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise TypeError("must be a list of texts")
    return tuple(value)


def yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def at_most(value: Any) -> int | None:
    """A limit; None for none."""
    if value == "any":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError('must be a whole number, 0 or more, or "any"')
    return value


def percent(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise TypeError("must be a number from 0 to 100, in percent")
    return float(value) if abs(value) < inf else 0.0


def day(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise TypeError("must be a date such as 2026-12-31, without quotes")
    return value


def one_of(*words: str) -> Reader:
    def read(value: Any) -> str:
        if value not in words:
            raise TypeError(f"must be one of {', '.join(words)}")
        return str(value)

    return read
