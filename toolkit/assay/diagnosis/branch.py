"""The first line at which two runs of one function took different ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.diagnosis.sources import Sources


@dataclass(frozen=True, slots=True)
class Parting:
    """The last line that head ran before the two parted, and the lines they went on to (0: they
    left).

    `base` is numbered as at base, `after` and `head` as at head.
    """

    after: int
    base: int
    head: int


def parting(
    path: str, base: Sequence[int], head: Sequence[int], sources: Sources
) -> Parting | None:
    """Where the lines run part; lines that are not the same in both texts are passed over."""
    ours = [(line, at_head) for line in base if (at_head := sources.line_at_head(path, line))]
    others = [(n, line) for n, line in enumerate(head) if sources.is_kept(path, line)]
    for number in range(max(len(ours), len(others))):
        line, expected = ours[number] if number < len(ours) else (0, 0)
        place, found = others[number] if number < len(others) else (len(head), 0)
        if expected != found:
            return Parting(head[place - 1], line, found) if place else None
    return None
