"""What a value looks like from outside, told without running any code of the user's.

No `__eq__`, `__repr__`, property or `__getattr__` of the user is called: builtins are told by
value, containers item by item through the methods of their base type, other objects by what their
`__dict__` and slots hold, and what has neither by the name of its type. Addresses are never told.

A summary is a list whose first item says its form:

    ["v", type, text]                       a value whose text is a literal, or a constructor's call
    ["s", type, head, length, digest]       a long text
    ["l", type, length, items]              a list, tuple, set …
    ["d", type, length, [[key, value] …]]   a dictionary
    ["e", type, member]                     a member of an enumeration
    ["x", type, args, attributes, text]     an exception; text is null where the user makes it
    ["o", type, attributes, content]        an object; content as of the builtin type it extends
    ["n", kind, name]                       a class, function or module
    ["t", type]                             a time of about now: another one in each run
    ["?", type]                             nothing is known but the type
    ["r"], ["c"]                            seen above; cut off here
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import functools
import pathlib
import re
import types
import uuid
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from .clock import Clock

Summary = list[Any]

DEPTH = 5
ITEMS = 40
NODES = 500
TEXT = 600
BIG = 1 << 256

_HEAP_TYPE = 1 << 9
_DAY = 86_400.0

_qualname = type.__dict__["__qualname__"].__get__
_module = type.__dict__["__module__"].__get__
mro = type.__dict__["__mro__"].__get__
_vars = type.__dict__["__dict__"].__get__
_flags = type.__dict__["__flags__"].__get__

_PLAIN = frozenset({int, bool, float, complex, type(None), type(...), type(NotImplemented), range})
TEXTS = frozenset({str, bytes, bytearray})
SEQUENCES: dict[type, Any] = {
    tuple: tuple.__iter__,
    list: list.__iter__,
    collections.deque: collections.deque.__iter__,
}
SETS: dict[type, Any] = {set: set.__iter__, frozenset: frozenset.__iter__}
BASES = (dict, *SEQUENCES, *SETS, *TEXTS, int, float, complex)
STANDARD = frozenset(
    {
        decimal.Decimal,
        fractions.Fraction,
        uuid.UUID,
        datetime.timedelta,
        datetime.timezone,
        pathlib.PosixPath,
        pathlib.PurePosixPath,
        pathlib.PureWindowsPath,
        re.Pattern,
        slice,
    }
)
CALLABLES = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ModuleType,
)
TIMES = frozenset({datetime.datetime, datetime.date})
_OWN_TEXT = frozenset({BaseException.__str__, OSError.__str__, KeyError.__str__})
"""How builtin exceptions make their text."""

STRANGERS = ("_pytest.", "pytest", "pluggy", "unittest.", "coverage", "_assay_probe", "py.")
"""Modules whose objects say nothing about the project."""

_CAUGHT, _WARNED = "_pytest._code.code.ExceptionInfo", "_pytest.recwarn.WarningsRecorder"
TELLING_STRANGERS = frozenset({_CAUGHT, _WARNED})
"""Those of them that do."""


class Summarizer:
    """Summaries of values, and what is known of the types that were met.

    The bounds: how deep, how many items or attributes of one object, how many values in all.
    """

    def __init__(self, depth: int = DEPTH, items: int = ITEMS, nodes: int = NODES) -> None:
        self._depth, self._most, self._nodes = depth, items, nodes
        self._left = 0
        self._above: set[int] = set()
        self._slots: dict[type, list[tuple[str, Any]]] = {}
        self.types: dict[str, dict[str, list[str]]] = {}

    def of(self, value: Any) -> Summary:
        self._left = self._nodes
        self._above.clear()
        return self._of(value, self._depth)

    def _of(self, value: Any, depth: int) -> Summary:
        self._left -= 1
        if self._left < 0:
            return ["c"]
        kind = type(value)
        if kind in _PLAIN:
            return self._plain(value, kind)
        if kind in TEXTS:
            return _text(value, kind.__name__, repr(value))
        if kind in STANDARD:
            return _text(value, kind.__name__, repr(value))
        if kind in TIMES:
            return _time_of(value)
        if kind in CALLABLES:
            return named(value, kind)
        bases = mro(kind)
        if type in bases:
            return ["n", "class", type_name(value)]
        if id(value) in self._above:
            return ["r"]
        if depth == 0:
            return ["c"]
        self._above.add(id(value))
        try:
            return self._deep(value, kind, bases, depth - 1)
        finally:
            self._above.discard(id(value))

    def _plain(self, value: Any, kind: type) -> Summary:
        if kind is int and not -BIG < value < BIG:
            return ["s", "int", hex(value)[:40], value.bit_length(), hash(value)]
        if kind is float and abs(value - Clock.time()) < _DAY:
            return ["t", "float"]
        return ["v", kind.__name__, repr(value)]

    def _deep(self, value: Any, kind: type, bases: tuple[type, ...], depth: int) -> Summary:
        name = type_name(kind)
        if kind is dict or kind in SEQUENCES or kind in SETS:
            return self._content(value, kind, depth)
        if BaseException in bases:
            return self._exception(value, kind, name, depth)
        if name.startswith(STRANGERS):
            return self._stranger(value, name, depth)
        attributes = self._attributes(value, kind, bases, depth)
        if enum.Enum in bases:
            member = dict(attributes).get("_name_")
            return ["e", name, member[2] if member and member[0] == "v" else ""]
        content = None
        base = next((base for base in BASES if base in bases), None)
        if base is not None:
            content = self._content(value, base, depth)
        elif not attributes and not _flags(kind) & _HEAP_TYPE:
            return ["?", name]
        self._note(name, bases)
        return ["o", name, attributes, content]

    def _content(self, value: Any, base: type, depth: int) -> Summary:
        if base is dict:
            return self._mapping(value, depth)
        if base in SEQUENCES:
            items = self._items(SEQUENCES[base](value), depth)
            return ["l", base.__name__, base.__len__(value), items]  # type: ignore[attr-defined]
        if base in SETS:
            found = sorted(self._items(SETS[base](value), depth), key=repr)
            return ["l", base.__name__, base.__len__(value), found]  # type: ignore[attr-defined]
        if base in (int, float, complex):
            return ["v", base.__name__, _repr_of(base)(value)]
        return _text(base(value), base.__name__, _repr_of(base)(value))

    def _items(self, found: Iterable[Any], depth: int) -> list[Summary]:
        items: list[Summary] = []
        for item in found:
            if len(items) == self._most:
                items.append(["c"])
                break
            items.append(self._of(item, depth))
        return items

    def _mapping(self, value: Any, depth: int) -> Summary:
        rows: list[Any] = []
        for key, item in dict.items(value):
            if len(rows) == self._most:
                rows.append([["c"], ["c"]])
                break
            rows.append([self._of(key, depth), self._of(item, depth)])
        return ["d", "dict", dict.__len__(value), rows]

    def _exception(self, value: Any, kind: type, name: str, depth: int) -> Summary:
        args = BaseException.__dict__["args"].__get__(value)
        attributes = self._attributes(value, kind, mro(kind), depth)
        own = next(vars["__str__"] for vars in map(_vars, mro(kind)) if "__str__" in vars)
        text = None
        if own in _OWN_TEXT and all(type(one) in _PLAIN or type(one) in TEXTS for one in args):
            text = str(value)[:TEXT]
        return ["x", name, self._of(args, depth), attributes, text]

    def _stranger(self, value: Any, name: str, depth: int) -> Summary:
        """Of pytest's own objects, those that hold what the project did."""
        if name == _CAUGHT:
            held = object.__getattribute__(value, "_excinfo")
            caught = ["?", "NoneType"] if held is None else self._of(held[1], depth)
            return ["o", name, [["value", caught]], None]
        if name == _WARNED:
            kept = object.__getattribute__(value, "_list")
            messages = [object.__getattribute__(one, "message") for one in kept]
            rows = [["o", "warning", [["message", self._of(m, depth)]], None] for m in messages]
            return ["o", name, [], ["l", "list", len(rows), rows]]
        return ["?", name]

    def _attributes(
        self, value: Any, kind: type, bases: tuple[type, ...], depth: int
    ) -> list[list[Any]]:
        found: dict[str, Any] = {}
        try:
            own = object.__getattribute__(value, "__dict__")
            if type(own) is dict:
                found.update((k, v) for k, v in dict.items(own) if type(k) is str)
        except AttributeError:
            pass
        for name, slot in self._slots_of(kind, bases):
            try:
                found[name] = slot.__get__(value)
            except AttributeError:
                continue
        rows: list[list[Any]] = []
        for name in sorted(found):
            if len(rows) == self._most:
                rows.append(["…", ["c"]])
                break
            rows.append([name, self._of(found[name], depth)])
        return rows

    def _slots_of(self, kind: type, bases: tuple[type, ...]) -> list[tuple[str, Any]]:
        if kind not in self._slots:
            self._slots[kind] = slots_of(bases)
        return self._slots[kind]

    def _note(self, name: str, bases: tuple[type, ...]) -> None:
        """What could be asked of objects of the type: public properties, and special methods."""
        if name not in self.types:
            self.types[name] = {
                "properties": sorted({one for base in bases for one in _properties(base)}),
                "special": sorted({one for base in bases for one in _special(base)}),
            }


def slots_of(bases: Iterable[type]) -> list[tuple[str, Any]]:
    """The slots that classes of Python code have, by name."""
    return [
        (name, member)
        for base in bases
        if _flags(base) & _HEAP_TYPE
        for name, member in _vars(base).items()
        if type(member) is types.MemberDescriptorType
    ]


_ASKED = frozenset({"__len__", "__iter__", "__str__", "__bool__", "__contains__", "__getitem__"})


def _special(kind: type) -> Iterator[str]:
    if _flags(kind) & _HEAP_TYPE:
        yield from (name for name in _vars(kind) if name in _ASKED)


def _properties(kind: type) -> Iterator[str]:
    for name, member in _vars(kind).items():
        if type(member) in (property, functools.cached_property) and not name.startswith("_"):
            yield name


def type_name(kind: type) -> str:
    """`module.qualified.name`; of a builtin type its name alone."""
    module = _module(kind)
    name = str(_qualname(kind))
    return name if module == "builtins" or type(module) is not str else f"{module}.{name}"


def _repr_of(base: type) -> Any:
    return base.__repr__


def _text(value: Any, kind: str, text: str) -> Summary:
    if len(text) <= TEXT:
        return ["v", kind, text]
    raw = text.encode("utf-8", "surrogatepass")
    length = len(value) if kind in ("str", "bytes", "bytearray") else len(text)
    return ["s", kind, text[: TEXT // 2], length, zlib.crc32(raw)]


def _time_of(value: Any) -> Summary:
    now = Clock.moment.fromtimestamp(Clock.time())
    if abs((Clock.day(value.year, value.month, value.day) - now.date()).days) <= 1:
        return ["t", type(value).__name__]
    return ["v", type(value).__name__, repr(value)]


def named(value: Any, kind: type) -> Summary:
    if kind is types.MethodType:
        value = value.__func__
    try:
        name = object.__getattribute__(
            value, "__qualname__" if kind is not types.ModuleType else "__name__"
        )
    except AttributeError:
        name = ""
    return [
        "n",
        "module" if kind is types.ModuleType else "function",
        name if type(name) is str else "",
    ]
