"""Whether a fix holds, for people and programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay.model.verification import Trouble, Verification
from assay.report.text import SHOWN, plural


def verification_text(found: Verification, everything: bool) -> str:
    return "\n".join(_lines(found, everything)) + "\n"


def _lines(found: Verification, everything: bool) -> Iterator[str]:
    count = f"{len(found.fixed)} of {len(found.wanted)} failures mended"
    verdict = "nothing else broke" if found.holds else plural(len(found.objections), "objection")
    yield f"{'Verified' if found.holds else 'Not verified'}: {count}, {verdict}."
    yield f"Ran: {plural(found.ran, 'test')} in {' and in '.join(found.orders) or 'no order'}."
    for trouble in Trouble:
        rows = [one for one in found.objections if one.trouble is trouble]
        if not rows:
            continue
        yield ""
        yield f"{trouble.value.capitalize()}: {len(rows)}"
        shown = rows if everything else rows[:SHOWN]
        yield from (f"  {row.test}: {row.words}" if row.test else f"  {row.words}" for row in shown)
        if len(shown) < len(rows):
            yield f"  … and {len(rows) - len(shown)} more: `--all` shows them"
    for words in found.notices:
        yield f"Note: {words}"


def verification_json(found: Verification) -> dict[str, Any]:
    return {
        "format": 1,
        "verb": "verify",
        "holds": found.holds,
        "wanted": list(found.wanted),
        "fixed": list(found.fixed),
        "objections": [
            {"trouble": one.trouble.value, "test": one.test, "words": one.words}
            for one in found.objections
        ],
        "ran": found.ran,
        "orders": list(found.orders),
        "notices": list(found.notices),
    }
