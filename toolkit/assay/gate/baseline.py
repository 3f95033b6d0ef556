"""The findings that were there before: what a ratchet lets pass, and how it tightens (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from assay.errors import UsageError
from assay.model.accepted import SURVIVOR
from assay.model.answer import Answer, Guard, UnitAnswer
from assay.model.finding import Finding
from assay.model.mutant import Status

FORMAT = 1

UNGUARDED = "unguarded"
NOT_GUARDED = frozenset({Guard.TOUCHED, Guard.MOCKED, Guard.UNTOUCHED})

OPEN = frozenset({Status.RUNTIME_ERROR, Status.PENDING})
"""Of these it is not known whether a test notices."""


@dataclass(frozen=True, slots=True)
class Known:
    """One finding of an earlier run: `kind` is `SURVIVOR`, `UNGUARDED` or that of a finding."""

    id: str
    kind: str
    path: str
    unit: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was known when the file was written; `operators` tells the mutants of which assay."""

    known: Mapping[str, Known] = field(hash=False)
    operators: str


EMPTY = Baseline({}, "")


def parse_baseline(document: Any, where: str) -> Baseline:
    """The file's content; UsageError if it is none, or one of another version."""
    again = "write it anew with `assay gate --update-baseline`"
    if not isinstance(document, dict) or "format" not in document:
        raise UsageError(f"{where} is no baseline of assay: {again}")
    if document["format"] != FORMAT:
        raise UsageError(
            f"{where} has format {document['format']!r}, this assay reads {FORMAT}: delete it and "
            f"{again}, or use the assay that wrote it"
        )
    try:
        rows = [Known(*(str(row[key]) for key in _FIELDS)) for row in document["known"]]
        return Baseline({row.id: row for row in rows}, str(document["operators"]))
    except (KeyError, TypeError) as problem:
        raise UsageError(f"{where} is damaged ({problem!r}): {again}") from problem


_FIELDS = ("id", "kind", "path", "unit")


def baseline_document(baseline: Baseline) -> dict[str, Any]:
    """What `parse_baseline` reads, in an order that does not depend on who came first."""
    rows = sorted(baseline.known.values(), key=lambda one: (one.path, one.unit, one.kind, one.id))
    return {
        "format": FORMAT,
        "operators": baseline.operators,
        "known": [{key: getattr(row, key) for key in _FIELDS} for row in rows],
    }


def unguarded_id(unit: UnitAnswer) -> str:
    """A changed function's id: of its name, for what a test does not guard it does not guard after
    the next change either."""
    text = "\0".join((UNGUARDED, unit.path, unit.unit))
    return "u" + sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def found_now(answer: Answer, findings: Iterable[Finding]) -> dict[str, Known]:
    """Everything a run found that a ratchet may know from before."""
    found = [
        Known(v.mutant.id, SURVIVOR, v.mutant.path, v.mutant.scope)
        for v in answer.verdicts
        if v.status is Status.SURVIVED
    ]
    found += [
        Known(unguarded_id(unit), UNGUARDED, unit.path, unit.unit)
        for unit in answer.units
        if unit.guard in NOT_GUARDED
    ]
    every = (*answer.lost, *findings)
    found += [Known(f.id, f.kind, f.anchor.path, f.anchor.unit) for f in every]
    return {one.id: one for one in found}


def updated(
    old: Baseline, answer: Answer, findings: Iterable[Finding], accepted: Collection[str]
) -> Baseline:
    """The baseline after a run: what it looked at as it is now, the rest as it was.

    What is accepted needs no second excuse. Findings are only looked for in changed test files.
    Whether a guard is lost is only asked of the mutants that tests in the change used to kill.
    """
    now = found_now(answer, findings)
    seen = {v.mutant.id for v in answer.verdicts} | {unguarded_id(unit) for unit in answer.units}
    seen |= {
        name for name, some in answer.asked_again.items() if not any(v.status in OPEN for v in some)
    }
    tests = set(answer.changed_tests)
    kept = {
        one.id: one
        for one in old.known.values()
        if one.id not in seen and not (one.kind not in (SURVIVOR, UNGUARDED) and one.path in tests)
    }
    new = {name: one for name, one in now.items() if name not in accepted}
    return Baseline(kept | new, answer.versions.get("operators", ""))
