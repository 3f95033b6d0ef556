"""What a gate demands of a change, and how a policy is read from a table (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from assay.errors import UsageError
from assay.gate.reading import Reader, at_most, one_of, percent, read_table, texts, yes_or_no
from assay.model.finding import Confidence

PRESETS = ("advisory", "standard", "strict", "ratchet")

ALL = "all"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is refused. None as a limit is no limit; docs/gate.md describes each key.

    `name` says for people where the policy comes from. `weak_kinds` are kinds of findings, all of
    them (`ALL`) or none (`NONE`), of at least `weak_confidence`; hints never count. `ignore` are
    globs over paths, relative to the repository, of code that tests do not run.
    """

    name: str
    advisory: bool = False
    tests_pass: bool = True
    max_unguarded: int | None = 0
    max_survivors: int | None = 0
    max_lost: int | None = 0
    max_timeouts: int | None = 0
    max_inconclusive: int = 0
    min_covered: float = 100.0
    weak_kinds: str | tuple[str, ...] = ALL
    weak_confidence: str = Confidence.LIKELY.value
    nothing_to_mutate: str = "refuse"
    partial: bool = False
    ratchet: bool = False
    ignore: tuple[str, ...] = ()


def readers(kinds: Collection[str]) -> Mapping[str, Reader]:
    """How each key of a policy is read; `kinds` are the kinds of findings that there are."""

    def weak_kinds(value: Any) -> str | tuple[str, ...]:
        if value in (ALL, NONE):
            return str(value)
        if not isinstance(value, list) or not all(isinstance(kind, str) for kind in value):
            raise TypeError('must be "all", "none" or a list of kinds')
        unknown = [kind for kind in value if kind not in kinds]
        if unknown:
            known = f"known: {', '.join(sorted(kinds))}" if kinds else "there are none yet"
            raise TypeError(f"has no such kind as {' or '.join(unknown)} ({known})")
        return tuple(value) or NONE

    def inconclusive(value: Any) -> int:
        limit = at_most(value)
        if limit is None:
            raise TypeError('must be a whole number: with "any", nothing would be known')
        return limit

    return {
        "preset": one_of(*PRESETS),
        "advisory": yes_or_no,
        "tests-pass": yes_or_no,
        "max-unguarded": at_most,
        "max-survivors": at_most,
        "max-lost": at_most,
        "max-timeouts": at_most,
        "max-inconclusive": inconclusive,
        "min-covered": percent,
        "weak-kinds": weak_kinds,
        "weak-confidence": one_of(Confidence.CERTAIN.value, Confidence.LIKELY.value),
        "nothing-to-mutate": one_of("allow", "refuse"),
        "partial": yes_or_no,
        "ratchet": yes_or_no,
        "ignore": texts,
    }


KEYS = tuple(readers(()))


def preset_of(table: Mapping[str, Any], default: str) -> str:
    """The preset that a table builds on, before anything else of it is read."""
    named = table.get("preset", default)
    return named if named in PRESETS else default


def parse_policy(
    table: Mapping[str, Any], where: str, base: Policy, kinds: Collection[str]
) -> Policy:
    """A table over the policy it builds on; UsageError with every mistake at once."""
    problems: list[str] = []
    values = read_table(table, readers(kinds), problems)
    if problems:
        raise UsageError(f"{where} has mistakes: {'; '.join(problems)}")
    values.pop("preset", None)
    return replace(base, **values)
