"""Tells whether a value looks as one that was summed up before, far faster than by its summary.

A fingerprint is what a summary would look at, in the order in which it would, written flat and
packed by `marshal`: plain values go in as they are, objects as a number for their type and the
names of their attributes. Where two fingerprints are equal, so are the summaries; equal summaries
may have several fingerprints. As for summaries, no code of the user's runs.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from . import summary

SHORT_KEY = 256
"""Longer fingerprints are kept as their digest."""

SIMPLE = frozenset({int, float, complex, bool, str, bytes, type(None)})
"""Types whose values `marshal` writes whole, the type included."""

_ATOM, _OPAQUE, _DICT, _SEQUENCE, _SET, _OBJECT, _SLOWLY = range(7)
_SEEN, _CUT = -1, -2
"""Markers beside those of types: seen above, and cut off here."""

_TOLD_BY_TEXT = summary.STANDARD - {slice, re.Pattern} | {
    type(...),
    type(NotImplemented),
    range,
    bytearray,
}
_marshal = marshal.dumps
_all_simple = SIMPLE.issuperset
_all_texts = frozenset({str}).issuperset

Plan = tuple[int, int, Callable[[Any], Any] | None, list[tuple[str, Any]], type | None]
"""How values of a type are written: the way, the type's marker, what an atom is told by, slots, and
the builtin type it extends."""


class Fingerprints:
    """Fingerprints of values, within the bounds of their summaries."""

    def __init__(self, depth: int, items: int, nodes: int) -> None:
        self._depth, self._most = depth, items
        # A container counts as all of its items when it is come to: too soon by these, at most.
        self._room = nodes + 2 * depth * (items + 1)
        self._left = 0
        self._flat: list[Any] = []
        self._plans: dict[int, Plan] = {}
        self._shapes: dict[tuple[int, tuple[str, ...]], tuple[int, list[str]]] = {}
        self._kept: dict[int, Any] = {}
        self._texts: dict[int, str] = {}

    def of(self, value: Any) -> bytes | None:
        """None where only its summary can tell what it looks like."""
        self._left = self._room
        flat = self._flat
        try:
            self._add(value, self._depth, ())
            raw = _marshal(flat, 2)
        except (_SlowlyError, ValueError):
            return None
        finally:
            # The values in it are the user's, who may be waiting for their end.
            flat.clear()
        return raw if len(raw) < SHORT_KEY else blake2b(raw, digest_size=20).digest()

    def _add(self, value: Any, depth: int, above: tuple[int, ...]) -> None:
        kind = type(value)
        flat = self._flat
        if kind in SIMPLE:
            flat.append(value)
            return
        plan = self._plans.get(id(kind))
        if plan is None:
            plan = self._plans[id(kind)] = self._plan(kind)
            self._kept[id(kind)] = kind
        way, marker, tell, _, _ = plan
        # What is marked comes after an ellipsis, which no value is told by.
        if tell is not None:
            flat += (..., marker, tell(value))
        elif way == _OPAQUE:
            flat += (..., marker)
        elif way == _SLOWLY:
            raise _SlowlyError
        elif id(value) in above:
            flat += (..., _SEEN)
        elif depth == 0 or self._left < 0:
            flat += (..., _CUT)
        else:
            self._deep(value, plan, depth - 1, (*above, id(value)))

    def _deep(self, value: Any, plan: Plan, depth: int, above: tuple[int, ...]) -> None:
        way, marker, _, slots, base = plan
        if way == _DICT:
            self._mapping(value, marker, depth, above)
        elif way == _SEQUENCE:
            self._sequence(value, marker, base, depth, above)
        elif way == _SET:
            self._set(value, marker, base, depth, above)
        else:
            self._attributes(value, marker, slots, depth, above)
            if base is not None:
                self._content(value, marker, base, depth, above)

    def _mapping(self, value: Any, marker: int, depth: int, above: tuple[int, ...]) -> None:
        flat = self._flat
        length = dict.__len__(value)
        self._left -= 2 * min(length, self._most)
        if (
            type(value) is dict
            and length <= self._most
            and _all_simple(map(type, value.values()))
            and _all_simple(map(type, value))
        ):
            flat.append(value)
            return
        flat += (..., marker, length)
        room = self._most
        for key, item in dict.items(value):
            if not room:
                break
            room -= 1
            self._add(key, depth, above)
            self._add(item, depth, above)

    def _sequence(
        self, value: Any, marker: int, base: Any, depth: int, above: tuple[int, ...]
    ) -> None:
        flat = self._flat
        length = base.__len__(value)
        self._left -= min(length, self._most)
        plain = type(value) is list or type(value) is tuple
        if plain and length <= self._most and _all_simple(map(type, value)):
            flat.append(value)
            return
        flat += (..., marker, length)
        room = self._most
        for item in base.__iter__(value):
            if not room:
                break
            room -= 1
            self._add(item, depth, above)

    def _set(self, value: Any, marker: int, base: Any, depth: int, above: tuple[int, ...]) -> None:
        length = base.__len__(value)
        if length <= self._most:
            self._sequence(value, marker, base, depth, above)
            return
        # The first ones are told in the order of their summaries.
        raise _SlowlyError

    def _attributes(
        self,
        value: Any,
        marker: int,
        slots: list[tuple[str, Any]],
        depth: int,
        above: tuple[int, ...],
    ) -> None:
        flat = self._flat
        own = _dict_of(value)
        if slots:
            own = dict(own)
            for name, slot in slots:
                try:
                    own[name] = slot.__get__(value)
                except AttributeError:
                    continue
        names = tuple(own)
        if not _all_texts(map(type, names)):
            raise _SlowlyError
        shape = self._shapes.get((marker, names))
        if shape is None:
            told = sorted(names)[: self._most]
            shape = self._shapes[marker, names] = (len(self._shapes), told)
        # The marker tells the type, the number the names.
        flat += (..., marker, shape[0])
        told = shape[1]
        self._left -= len(told)
        for name in told:
            item = own[name]
            if type(item) in SIMPLE:
                flat.append(item)
            else:
                self._add(item, depth, above)

    def _content(
        self, value: Any, marker: int, base: Any, depth: int, above: tuple[int, ...]
    ) -> None:
        if base is dict:
            self._mapping(value, marker, depth, above)
        elif base in summary.SEQUENCES:
            self._sequence(value, marker, base, depth, above)
        elif base in summary.SETS:
            self._set(value, marker, base, depth, above)
        else:
            self._flat.append(base.__repr__(value))

    # -- types

    def _plan(self, kind: type) -> Plan:
        marker = len(self._plans)
        bases = summary.mro(kind)
        if kind in _TOLD_BY_TEXT:
            return _ATOM, marker, repr, [], None
        if kind is re.Pattern:
            return _ATOM, marker, self._text_of_pattern, [], None
        if kind in summary.CALLABLES:
            return _ATOM, marker, lambda value: summary.named(value, kind)[2], [], None
        if type in bases:
            return _ATOM, marker, summary.type_name, [], None
        if kind is dict:
            return _DICT, marker, None, [], dict
        if kind in summary.SEQUENCES:
            return _SEQUENCE, marker, None, [], kind
        if kind in summary.SETS:
            return _SET, marker, None, [], kind
        if kind in summary.TIMES or kind is slice or BaseException in bases:
            return _SLOWLY, marker, None, [], None
        name = summary.type_name(kind)
        if name.startswith(summary.STRANGERS):
            way = _SLOWLY if name in summary.TELLING_STRANGERS else _OPAQUE
            return way, marker, None, [], None
        base = next((one for one in summary.BASES if one in bases), None)
        return _OBJECT, marker, None, summary.slots_of(bases), base

    def _text_of_pattern(self, value: Any) -> str:
        found = self._texts.get(id(value))
        if found is None:
            self._kept[id(value)] = value
            found = self._texts[id(value)] = repr(value)
        return found


class _SlowlyError(Exception):
    """A summary has to be made."""


def _dict_of(value: Any) -> dict[str, Any]:
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return own if type(own) is dict else {}
