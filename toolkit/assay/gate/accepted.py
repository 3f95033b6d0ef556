"""Answers to findings: from and to a committed table, and which of them still hold (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from assay.errors import UsageError
from assay.gate.reading import Reader, day, one_of, read_table, text
from assay.model.accepted import KEPT_DIGITS, Acceptance, Expired, Stance, Standing

FORMAT = 1

HEADER = """\
# What people have answered to survivors and findings of assay: see `assay accept --help`.
# Each entry holds until its function changes, or its date has passed. Delete one to take it back.

"""

_READERS: Mapping[str, Reader] = {
    "id": text,
    "kind": text,
    "path": text,
    "unit": text,
    "digest": text,
    "as": one_of(*(stance.value for stance in Stance)),
    "reason": text,
    "about": text,
    "on": day,
    "until": day,
}
_OPTIONAL = frozenset({"until", "about"})


def parse_accepted(document: Mapping[str, Any], where: str) -> tuple[Acceptance, ...]:
    """The entries of the file; UsageError with every mistake at once."""
    if document.get("format") != FORMAT:
        raise UsageError(
            f"{where} has format {document.get('format')!r}: this assay reads {FORMAT}; "
            "use the assay that wrote it, or delete the file and accept anew"
        )
    problems = [
        f"unknown key {key!r} (known: format, accepted)"
        for key in document
        if key not in ("format", "accepted")
    ]
    rows = document.get("accepted", [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise UsageError(f"{where} has mistakes: `accepted` must be a list of [[accepted]] tables")
    found: dict[str, Acceptance] = {}
    for number, row in enumerate(rows, start=1):
        mine: list[str] = []
        values = read_table(row, _READERS, mine)
        mine += [f"{key} is missing" for key in _READERS if key not in {*row, *_OPTIONAL}]
        if not mine and values["id"] in found:
            mine.append(f"{values['id']} is there twice")
        problems += [f"entry {number}: {problem}" for problem in mine]
        if not mine:
            found[values["id"]] = _acceptance(values)
    if problems:
        raise UsageError(f"{where} has mistakes: {'; '.join(problems)}")
    return tuple(found.values())


def _acceptance(values: Mapping[str, Any]) -> Acceptance:
    return Acceptance(
        id=values["id"],
        kind=values["kind"],
        path=values["path"],
        unit=values["unit"],
        digest=values["digest"],
        stance=Stance(values["as"]),
        reason=values["reason"],
        about=values.get("about", ""),
        on=values["on"],
        until=values.get("until"),
    )


def accepted_document(entries: Iterable[Acceptance]) -> dict[str, Any]:
    """What `parse_accepted` reads, in an order that does not depend on who came first."""
    return {"format": FORMAT, "accepted": [_row(one) for one in sorted(entries, key=_order)]}


def _order(one: Acceptance) -> tuple[str, str, str]:
    return one.path, one.unit, one.id


def _row(one: Acceptance) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": one.id,
        "kind": one.kind,
        "path": one.path,
        "unit": one.unit,
        "digest": one.digest,
        "about": one.about,
        "as": one.stance.value,
        "reason": one.reason,
        "on": one.on,
        "until": one.until,
    }
    return {key: _as_text(value) for key, value in row.items() if value not in (None, "")}


def _as_text(value: Any) -> Any:
    """TOML has no escape for the bytes of a file name that is not UTF-8; people read it, and nobody
    looks for the file by it."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def with_entry(entries: Iterable[Acceptance], new: Acceptance) -> tuple[Acceptance, ...]:
    """The entries with a new one, which takes the place of an older answer to the same."""
    return (*(one for one in entries if one.id != new.id), new)


def standing(entries: Iterable[Acceptance], digests: Mapping[str, str], today: date) -> Standing:
    """Which answers hold for what a run found: `digests` are those of the code it is about, by the
    id of the mutant or finding. Answers to what this run did not look at are left aside."""
    holding: dict[str, Acceptance] = {}
    expired: dict[str, Expired] = {}
    for one in entries:
        if one.id not in digests:
            continue
        why = _why_expired(one, digests[one.id], today)
        if why:
            expired[one.id] = Expired(one, why)
        else:
            holding[one.id] = one
    return Standing(holding, expired)


def _why_expired(one: Acceptance, digest: str, today: date) -> str:
    if one.until is not None and today > one.until:
        return f"it was accepted until {one.until.isoformat()}"
    if one.digest != digest[:KEPT_DIGITS]:
        return f"{one.unit} has changed since it was accepted on {one.on.isoformat()}"
    return ""
