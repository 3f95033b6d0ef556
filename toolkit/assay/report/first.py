"""What an answer found, of every kind, the weightiest first (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assay.model.answer import Answer, Guard, UnitAnswer
from assay.model.finding import Finding
from assay.model.mutant import Status, Verdict
from assay.verdict.turns import in_turns
from assay.weakness.rank import Recent, weight

LOST, MOCKED, SURVIVED, BARE = 4.0, 3.5, 3.0, 2.5
"""Weights beside those of weak tests, which go from 4 (certain, and wrong code would pass now) down
to 0.3 (a hint). Further ones of the same function say less and less: half, a third, …"""


@dataclass(frozen=True, slots=True)
class Bare:
    """Mutants of one function that no test can notice, all for the same reason."""

    path: str
    scope: str
    reason: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at; `noun` is what one such is called, `nouns` what several are."""

    noun: str
    nouns: str
    weight: float
    found: Finding | UnitAnswer | Verdict | Bare


def items(answer: Answer, findings: Iterable[Finding]) -> list[Item]:
    """All that nobody has accepted, by kind, in the order of the text."""
    held = answer.accepted.holding
    lost = [one for one in answer.lost if one.id not in held]
    open_ones = [one for one in answer.verdicts if one.mutant.id not in held]
    survived = [one for one in open_ones if one.status is Status.SURVIVED]
    turns: Counter[tuple[str, str]] = Counter()
    found = []
    for one in lost:
        turns[place := (one.anchor.path, one.anchor.unit)] += 1
        found.append(Item("guard lost", "guards lost", LOST / turns[place], one))
    found += [
        Item("function only mocked", "functions only mocked", MOCKED, unit)
        for unit in answer.units
        if unit.guard is Guard.MOCKED
    ]
    found += [
        Item("survivor", "survivors", SURVIVED / turn, one) for turn, one in in_turns(survived)
    ]
    found += [
        Item("function without coverage", "functions without coverage", BARE, bare)
        for bare in _bare(answer, open_ones)
    ]
    found += [
        Item("weak test", "weak tests", weight(one, Recent()), one)
        for one in findings
        if one.id not in held
    ]
    return found


def _bare(answer: Answer, verdicts: Iterable[Verdict]) -> Iterator[Bare]:
    """Without those that are only mocked, of which that is said already."""
    mocked = {(one.path, one.unit) for one in answer.units if one.guard is Guard.MOCKED}
    groups: dict[tuple[str, str, str], list[Verdict]] = {}
    for one in verdicts:
        mutant = one.mutant
        if one.status is Status.NO_COVERAGE and (mutant.path, mutant.unit) not in mocked:
            groups.setdefault((mutant.path, mutant.scope, one.reason), []).append(one)
    for (path, scope, reason), some in groups.items():
        yield Bare(path, scope, reason, tuple(some))


def first(found: Sequence[Item], limit: int) -> tuple[list[Item], list[Item]]:
    """The weightiest so many, and the rest; all as they stand if there are no more."""
    if len(found) <= limit:
        return list(found), []
    ordered = sorted(found, key=lambda item: -item.weight)
    return ordered[:limit], ordered[limit:]


def more_words(rest: Sequence[Item]) -> str:
    """How many of which kinds are not shown, as in "3 more (2 survivors, 1 weak test)"."""
    counts = Counter((item.noun, item.nouns) for item in rest)
    words = [f"{n} {noun if n == 1 else nouns}" for (noun, nouns), n in counts.most_common()]
    if len(words) == 1:
        return words[0].replace(" ", " more ", 1)
    return f"{len(rest)} more ({', '.join(words)})"
