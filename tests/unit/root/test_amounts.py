"""How much is to be run, as it is written."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest

from assay.commands import amounts
from assay.mutation.portion import Shard, Size


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("90", 90.0), ("90s", 90.0), ("2m", 120.0), ("1.5h", 5400.0), ("0.5s", 0.5)],
)
def test_a_time(text: str, wanted: float) -> None:
    assert amounts.seconds(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("40", Size(40, False)), ("5%", Size(5, True)), ("0.5 %", Size(0.5, True))],
)
def test_a_sample(text: str, wanted: Size) -> None:
    assert amounts.sample(text) == wanted


def test_a_shard_is_counted_from_one() -> None:
    assert [amounts.shard(text) for text in ("1/4", "4/4", "1/1")] == [
        Shard(1, 4),
        Shard(4, 4),
        Shard(1, 1),
    ]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((amounts.seconds, text) for text in ("", "0", "-1", "5 days", "1e3", "inf")),
        *((amounts.sample, text) for text in ("", "0", "0%", "1.5", "101%", "-3", "all")),
        *((amounts.shard, text) for text in ("", "0/4", "5/4", "1", "1/0", "-1/2", "a/b")),
    ],
)
def test_anything_else_is_refused_with_an_example(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="give"):
        read(text)
