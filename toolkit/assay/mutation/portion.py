"""Which part of the mutants is run: a shard, a sample, and in which order under a budget (pure).

All of it depends on the mutants' ids and a seed alone, never on their order or on the machine.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from assay.model.mutant import Mutant

Unit = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Size:
    """How many mutants a sample has: a number, or a share of all in per cent."""

    count: float
    is_share: bool

    def of(self, total: int) -> int:
        """At least one, for a share of something."""
        wanted = round(total * self.count / 100) if self.is_share else int(self.count)
        return min(total, max(wanted, 1))

    def __str__(self) -> str:
        return f"{self.count:g}%" if self.is_share else f"{self.count:g}"


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` (from 1) of `of`."""

    number: int
    of: int

    def has(self, mutant_id: str) -> bool:
        """Ids are spread evenly by their digest, so that each part has about the same mutants of
        every function, and so about the same work."""
        return _number("shard", mutant_id) % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


WHOLE = Shard(1, 1)


def unit_of(mutant: Mutant) -> Unit:
    return mutant.path, mutant.scope


def sampled(mutants: Iterable[Mutant], size: Size, seed: int) -> frozenset[str]:
    """The ids of a sample, stratified by function: one of each before a second of any."""
    units = {mutant.id: unit_of(mutant) for mutant in mutants}
    return frozenset(in_turns(units, seed)[: size.of(len(units))])


def in_turns(
    units: Mapping[str, Unit], seed: int, known: Collection[Unit] | Mapping[Unit, int] = ()
) -> list[str]:
    """Mutant ids, given with their functions, in the order in which they tell most: one of each
    function after the other, those first of which fewest mutants are `known`; else by chance."""
    ahead = Counter(known)
    by_unit: dict[Unit, list[str]] = {}
    for mutant_id in sorted(units, key=lambda m: _number(str(seed), m)):
        by_unit.setdefault(units[mutant_id], []).append(mutant_id)
    turns = [
        (ahead[unit] + turn, _number(str(seed), *unit), mutant_id)
        for unit, ids in by_unit.items()
        for turn, mutant_id in enumerate(ids)
    ]
    return [mutant_id for _, _, mutant_id in sorted(turns)]


def some_of(ids: Iterable[str], share: float, seed: int) -> frozenset[str]:
    """A share of some mutants by chance, at least one if there is any."""
    ordered = sorted(ids, key=lambda m: _number(f"audit {seed}", m))
    return frozenset(ordered[: max(1, round(len(ordered) * share))])


def _number(*parts: str) -> int:
    text = "\0".join(parts).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
