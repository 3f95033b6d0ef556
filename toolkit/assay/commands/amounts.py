"""What is written on the command line in one word: `90s`, `5%`, `1/4`, a day, a report's place."""

from __future__ import annotations

import argparse
import re
from datetime import date
from pathlib import Path

from assay.gate.reading import unknown_key
from assay.mutation.portion import Shard, Size
from assay.report.outputs import FORMATS, Output

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """`90`, `90s`, `2m` or `1.5h`, in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if match is None or not float(match[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give one such as 90s, 2m or 1.5h")
    return float(match[1]) * _SECONDS[match[2]]


def sample(text: str) -> Size:
    """`40` mutants, or `5%` of them."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)", text.strip())
    count = float(match[1]) if match else 0.0
    is_share = match is not None and match[2] == "%"
    if not count or (is_share and count > 100) or (not is_share and count != int(count)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no size of a sample: give a number of mutants, or a share such as 5%"
        )
    return Size(count, is_share)


def shard(text: str) -> Shard:
    """`1/4`: the first of four parts."""
    match = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no shard: give its number and how many there are, from 1/4 to 4/4"
        )
    return Shard(int(match[1]), int(match[2]))


def whole(text: str) -> int:
    """`20`: how many."""
    if re.fullmatch(r"\d+", text.strip()) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number, 0 or more")
    return int(text)


def day(text: str) -> date:
    """`2026-12-31`."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        message = f"{text!r} is no day: give one such as 2026-12-31"
        raise argparse.ArgumentTypeError(message) from None


def output(text: str) -> Output:
    """`sarif=FILE`, or `sarif=-` for standard output."""
    name, equals, file = text.partition("=")
    if name not in FORMATS:
        problem = unknown_key(name, FORMATS).replace("key", "format", 1)
        raise argparse.ArgumentTypeError(problem)
    if not equals or not file.strip():
        raise argparse.ArgumentTypeError(f"{text!r} names no file: give {name}=FILE, or {name}=-")
    return Output(name, None if file == "-" else Path(file))
