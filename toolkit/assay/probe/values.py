"""The values of a trace: each summary kept once, and told by its number."""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Mapping
from typing import Any

from .fingerprints import Fingerprints
from .summary import Summarizer

DEPTH, ITEMS, NODES = 2, 30, 150
"""Bounds of one value's summary: a call costs as much as its summaries do."""

SHORT = 80
"""Texts up to this length are known by themselves, as other simple values are."""

KNOWN_AT_SIGHT = frozenset({int, bool, str, type(None)})

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_LONG_NUMBER = re.compile(r'"v", "int", "(\d{14,15})"')
_ADDRESSES = range(0x5000_0000_0000, 0x1_0000_0000_0000)
"""Numbers that are, or look like, what `id` returns."""

_dumps, _loads = json.dumps, json.loads
_marshal = marshal.dumps


class Values:
    """Summaries by number. `places` gives a name to each directory that differs from run to run."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._summarizer = Summarizer(DEPTH, ITEMS, NODES)
        self._fingerprints = Fingerprints(DEPTH, ITEMS, NODES)
        self._simple: dict[tuple[type, Any], int] = {}
        self._known: dict[bytes, int] = {}
        self._raw: dict[bytes, int] = {}
        self._numbers: dict[str, int] = {}
        self._told: list[Any] = []
        self._places = [(_dumps(p)[1:-1], name) for p, name in places.items() if len(p) > 1]

    def number(self, value: Any) -> int:
        kind = type(value)
        if kind in KNOWN_AT_SIGHT and (kind is not str or len(value) <= SHORT):
            found = self._simple.get((kind, value))
            if found is None:
                found = self._simple[kind, value] = self._summed_up(value)
            return found
        key = self._fingerprints.of(value)
        if key is None:
            return self._summed_up(value)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._summed_up(value)
        return found

    def _summed_up(self, value: Any) -> int:
        told = self._summarizer.of(value)
        # Version 2 writes equal values alike, whichever objects they share; far faster than JSON.
        raw = _marshal(told, 2)
        found = self._raw.get(raw)
        if found is None:
            written = _dumps(told)
            text = self._normal(written)
            found = self._raw[raw] = self._numbers.setdefault(text, len(self._numbers))
            if found == len(self._told):
                self._told.append(told if text == written else _loads(text))
        return found

    def _normal(self, text: str) -> str:
        """Without what differs from run to run and from tree to tree."""
        for path, name in self._places:
            if path in text:
                text = text.replace(path, name)
        if "0x" in text:
            text = _ADDRESS.sub("0x…", text)
        return _LONG_NUMBER.sub(_without_address, text)

    def all(self) -> list[Any]:
        """The summaries in the order of their numbers."""
        return self._told


def _without_address(found: re.Match[str]) -> str:
    return '"?", "int"' if int(found[1]) in _ADDRESSES else found[0]
