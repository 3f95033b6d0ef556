"""Which verdicts are looked at first: one of each function before a second of any (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from assay.model.mutant import Verdict


def in_turns(verdicts: Iterable[Verdict]) -> list[tuple[int, Verdict]]:
    """Each with its number among those of its function, from 1; in the order given."""
    numbers: Counter[tuple[str, str]] = Counter()
    found = []
    for verdict in verdicts:
        place = (verdict.mutant.path, verdict.mutant.scope)
        numbers[place] += 1
        found.append((numbers[place], verdict))
    return found
