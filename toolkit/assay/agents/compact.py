"""How an answer for an agent is bounded: so many items, so many characters, and the cut is said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from assay.agents.readings import Item, Reading
from assay.agents.tools import ITEMS, MOST_ITEMS, reader_of
from assay.errors import ExitCode

WHOLE = 16_000
"""Characters of the whole answer as JSON: some 4,000 to 5,000 tokens."""

SHORT, PIECE, PATCH = 400, 800, 3_000
"""Characters of a sentence, of a piece of evidence, of a patch."""

PIECES, NOTES = 8, 8
"""Pieces of evidence of an item, and notes of an answer."""

MEANINGS = {
    ExitCode.CLEAN: "done; what was found is no failure of the command",
    ExitCode.GATE: "the answer is no: the items say what to mend",
    ExitCode.USAGE: "wrong argument, setting or environment",
    ExitCode.BASELINE: "the suite fails without mutants: mend that first; diagnose says why",
    ExitCode.INCONCLUSIVE: "not conclusive: do not act on what is missing",
    ExitCode.NOTHING: "nothing to compare",
    ExitCode.INTERNAL: "a fault of assay itself",
    ExitCode.INTERRUPTED: "interrupted: what is about mutants goes on, other verbs start anew",
}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "verb": {"type": "string"},
        "exit_code": {"type": "integer", "description": "as of the command line"},
        "meaning": {"type": "string", "description": "of the exit code"},
        "headline": {"type": "string", "description": "the answer, or what went wrong"},
        "items": {
            "type": "array",
            "description": "what to act on, the weightiest first",
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "description": "for other tools; a test's node id"},
                    "kind": {"type": "string"},
                    "place": {"type": "string", "description": "PATH:LINE or PATH"},
                    "sentence": {"type": "string"},
                    "evidence": {"type": "array", "items": {"type": "string"}},
                    "fix": {"type": "string"},
                    "patch": {"type": "string", "description": "for `git apply`"},
                    "next": {"type": "string", "description": "the command that tells more"},
                },
                "required": ["sentence"],
                "additionalProperties": False,
            },
        },
        "notes": {"type": "array", "items": {"type": "string"}},
        "cut": {
            "type": "array",
            "description": "what is left out of this answer, and how to see it",
            "items": {"type": "string"},
        },
    },
    "required": ["verb", "exit_code", "meaning", "headline", "items"],
    "additionalProperties": False,
}
"""The JSON Schema (2020-12) of an answer; an item's empty fields are left out."""


def answer(verb: str, record: Any, code: int, limit: int = ITEMS, *more: str) -> dict[str, Any]:
    """The answer that a verb's JSON record comes to; `more` are further notes."""
    read = reader_of(verb)(record)
    return bounded(verb, code, replace(read, notes=(*more, *read.notes)), limit)


def refusal(verb: str, code: int, message: str, details: Iterable[str] = ()) -> dict[str, Any]:
    """The answer where a verb has none."""
    return bounded(verb, code, Reading(message, notes=tuple(details)), ITEMS)


def bounded(verb: str, code: int, read: Reading, limit: int) -> dict[str, Any]:
    """The reading within all bounds: items, then notes, are dropped from the end until it fits."""
    shortener = _Shortener()
    items = [shortener.item(item) for item in read.items[: min(limit, MOST_ITEMS)]]
    notes = [shortener.text(note, SHORT) for note in read.notes[:NOTES]]
    told: dict[str, Any] = {
        "verb": verb,
        "exit_code": int(code),
        "meaning": meaning(code),
        "headline": shortener.text(read.headline, 2 * SHORT),
        "items": items,
        "notes": notes,
    }
    while True:
        told["cut"] = list(_cuts(verb, read, told, shortener.count))
        if len(as_text(told)) <= WHOLE:
            return {name: value for name, value in told.items() if value or name in _ALWAYS}
        (items or notes).pop()


_ALWAYS = frozenset(SCHEMA["required"])


def meaning(code: int) -> str:
    """What an exit code means; a negative one is a signal's."""
    if code < 0:
        return f"ended by signal {-code}"
    return MEANINGS.get(ExitCode(code), "") if code in list(ExitCode) else f"exit code {code}"


def as_text(told: dict[str, Any]) -> str:
    """The answer as it is sent and printed: JSON, an item a line."""
    rows = [json.dumps(item, ensure_ascii=False) for item in told["items"]]
    parts = [
        f'"{name}": ' + (_rows(rows) if name == "items" else json.dumps(value, ensure_ascii=False))
        for name, value in told.items()
    ]
    return "{" + ",\n ".join(parts) + "}\n"


def _rows(rows: list[str]) -> str:
    return "[\n  " + ",\n  ".join(rows) + "]" if rows else "[]"


def agent_text(verb: str, printed: str, code: int, everything: bool) -> str:
    """What a verb printed as JSON, as an answer for an agent; what is no JSON (a patch) stays."""
    try:
        record = json.loads(printed)
    except ValueError:
        return printed
    return as_text(answer(verb, record, code, MOST_ITEMS if everything else ITEMS))


def problem_of(errors: str) -> tuple[str, tuple[str, ...]]:
    """The line beginning with `assay:` on standard error, and the indented lines beneath it."""
    lines = errors.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("assay: "):
            rest = lines[at + 1 :]
            details = tuple(text.strip() for text in rest if text.startswith("    "))
            return line.removeprefix("assay: "), details
    return "", ()


def _cuts(verb: str, read: Reading, told: dict[str, Any], shortened: int) -> Iterator[str]:
    items, notes = len(read.items), len(read.notes)
    if len(told["items"]) < items:
        yield (
            f"{items - len(told['items'])} of {items} items: a higher limit (at most "
            f"{MOST_ITEMS}) shows more, `assay {verb} … --format json` all"
        )
    if len(told["notes"]) < notes:
        yield f"{notes - len(told['notes'])} of {notes} notes"
    if shortened:
        yield f"{shortened} texts are shortened where they end in …"


class _Shortener:
    """Shortens texts, and counts those it had to."""

    def __init__(self) -> None:
        self.count = 0

    def text(self, text: str, most: int) -> str:
        # A file name that is no text must not cost the answer: JSON is sent as UTF-8.
        text = text.strip("\n").encode("utf-8", "backslashreplace").decode()
        if len(text) <= most:
            return text
        self.count += 1
        return text[: most - 1] + "…"

    def item(self, item: Item) -> dict[str, Any]:
        pieces = [piece for piece in item.evidence if piece]
        shown = [self.text(piece, PIECE) for piece in pieces[:PIECES]]
        if len(pieces) > PIECES:
            shown.append(f"and {len(pieces) - PIECES} more")
        patch = item.patch.encode("utf-8", "backslashreplace").decode()
        if len(patch) > PATCH:
            # Half a patch does not apply: none is better.
            shown.append(f"a patch of {len(patch)} characters, too long for this answer")
            patch = ""
        fields: dict[str, Any] = {
            "id": self.text(item.id, SHORT),
            "kind": self.text(item.kind, SHORT),
            "place": self.text(item.place, SHORT),
            "sentence": self.text(item.sentence, SHORT),
            "evidence": shown,
            "fix": self.text(item.fix, PIECE),
            "patch": patch,
            "next": self.text(item.next, SHORT),
        }
        return {name: value for name, value in fields.items() if value or name == "sentence"}
