"""How long a test may take before it counts as hung."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

FACTOR = 10.0
"""A mutant may slow a test down without hanging it; machines under load do so tenfold."""

FLOOR = 3.0
"""Seconds below which no limit lies: noise of the machine, not of the test."""

UNKNOWN = 300.0
"""Seconds for a test that has never been timed."""

COLLECTION = 120.0
"""Seconds without a sign of life in which pytest must start, or collect a file; also the most that
a child may take for starting pytest, collecting, and tearing down what spans the session."""

COLLECTION_FLOOR = 10.0
"""Seconds below which no child's limit for that lies."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits from recorded durations, in seconds; `patience` multiplies them for a second try."""

    seconds: Mapping[str, float] = field(hash=False)
    factor: float = FACTOR
    floor: float = FLOOR
    unknown: float = UNKNOWN
    collection: float = COLLECTION
    patience: float = 1.0

    @property
    def shared(self) -> float:
        """Seconds for setting up or tearing down one fixture that tests share.

        What it took is part of what some test took when it was recorded.
        """
        slowest = max(self.seconds.values(), default=None)
        enough = self.unknown if slowest is None else max(self.floor, slowest * self.factor)
        return enough * self.patience

    def collecting(self, seconds: float) -> Limits:
        """These limits, when collecting everything takes so many seconds without a mutant."""
        enough = max(COLLECTION_FLOOR, seconds * self.factor)
        return replace(self, collection=min(self.collection, enough))

    def of(self, node_id: str) -> float:
        known = self.seconds.get(node_id)
        limit = self.unknown if known is None else max(self.floor, known * self.factor)
        return limit * self.patience
