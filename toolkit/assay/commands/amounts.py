"""How much is to be run, as it is written on the command line: `90s`, `5%`, `1/4`."""

from __future__ import annotations

import argparse
import re

from assay.mutation.portion import Shard, Size

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
