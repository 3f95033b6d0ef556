"""What a mutant of a function may lead into: what the function names in its own file (pure).

A mutated condition can call a function that no test enters otherwise. The record of a test knows
nothing of that function, so a verdict has to be tied to its text in another way.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from assay.change.version import plain_lines
from assay.model.source import SourceFile, Unit

_WORD = re.compile(r"[^\W\d]\w*")


def reach_digests(source: SourceFile, text: str) -> dict[str, str]:
    """For each unit of a file a digest of its text and of that of the units it names, directly or
    through each other: comments and layout aside. A module body may lead anywhere in its file."""
    lines = plain_lines(text).split("\n")
    digests = {unit.name: unit.digest for unit in source.units}
    by_word: dict[str, set[str]] = {}
    for unit in source.units[1:]:
        for word in unit.name.partition("#")[0].split("."):
            by_word.setdefault(word, set()).add(unit.name)
    named = {unit.name: _named(unit, lines, by_word) for unit in source.units[1:]}
    named[source.module.name] = set(digests)
    return {name: _digest(digests, _beneath(name, named)) for name in digests}


def _named(unit: Unit, lines: list[str], by_word: dict[str, set[str]]) -> set[str]:
    body = "\n".join(lines[unit.body_line - 1 : unit.last_line])
    words = set(_WORD.findall(body)) & by_word.keys()
    return set().union(*(by_word[word] for word in words))


def _beneath(name: str, named: dict[str, set[str]]) -> set[str]:
    found, queue = {name}, [name]
    while queue:
        fresh = named[queue.pop()] - found
        found |= fresh
        queue += fresh
    return found


def _digest(digests: dict[str, str], units: Iterable[str]) -> str:
    text = "\0".join(f"{name}={digests[name]}" for name in sorted(units))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
