"""The state of a process that tests share, as named slots, each with a summary of what it holds.

A slot is a tuple whose first item says its kind:

    ("global", module, name)            a global of a module of the project
    ("attribute", module, class, name)  an attribute of a class of the project
    ("default", module, function)       the default values of a function's parameters
    ("cache", module, function)         how much `functools.lru_cache` keeps of a function
    ("foreign", module, name)           a function or class of another module
    ("method", module, class, name)     a method of a class of another module
    ("environ", name)                   a variable of the environment
    ("module", name)                    an entry of `sys.modules`
    ("logger", name, what)              level, handlers … of a logger; the root's name is ""
    ("fixture", name, scope)            what a fixture that tests share has given
    ("process", what)                   all else: cwd, sys.path, locale, umask …

Nothing of the user's is called: see `probe.summary`. A function, class or module is told by its
name, and by whether it still is the object that stood in the slot first.
"""

from __future__ import annotations

import contextvars
import functools
import gc
import locale
import logging
import os
import random
import signal
import sys
import time
import types
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from operator import is_
from threading import local as _local
from typing import Any

from .summary import Summarizer, Summary, type_name

Slot = tuple[str, ...]
Seen = tuple[Any, Summary]
"""What stands in a slot, and its summary."""

# Taken at import: tests replace them.
_getcwd, _umask, _fsdecode = os.getcwd, os.umask, os.fsdecode
_setlocale, _getsignal, _getstate = locale.setlocale, signal.getsignal, random.getstate
_isenabled, _recursion_limit = gc.isenabled, sys.getrecursionlimit

_contents: Any = types.ModuleType.__dict__["__dict__"].__get__  # type: ignore[index]
_vars = type.__dict__["__dict__"].__get__
_flags = type.__dict__["__flags__"].__get__
_module_of = type.__dict__["__module__"].__get__
_HEAP_TYPE = 1 << 9

_UNCHANGING = frozenset({int, float, complex, bool, str, bytes, type(None), range, type(...)})
_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
)
_DESCRIPTORS = (
    classmethod,
    staticmethod,
    property,
    functools.cached_property,
    types.MemberDescriptorType,
    types.GetSetDescriptorType,
    types.ClassMethodDescriptorType,
)
_NAMED = (*_FUNCTIONS, *_DESCRIPTORS, type, types.ModuleType, type(functools.lru_cache(print)))
_LRU: Any = type(functools.lru_cache(lambda: None))
_OF_CLASSES = frozenset({"__dict__", "__weakref__", "__doc__", "__module__", "__annotations__"})
_OURS = ("_pytest", "pytest", "pluggy", "_assay_probe", "py.", "encodings.")
_ALWAYS = ("builtins", "os", "time", "random", "locale", "logging", "socket", "subprocess")
_CATEGORIES = ("LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY")
_OWN_VARIABLES = frozenset({"PYTEST_CURRENT_TEST", "PYTEST_VERSION"})


class Block:
    """Slots that are looked at together, and the objects that they were made from."""

    def __init__(self, contents: Mapping[str, Any]) -> None:
        self._values = list(contents.values())
        self.slots: dict[Slot, Seen] = {}
        self.classes: list[tuple[str, type]] = []
        self.unchanging = True

    def holds(self, contents: Mapping[str, Any]) -> bool:
        """Whether the same objects stand there still, none of which can change inside."""
        if not self.unchanging or len(self._values) != len(contents):
            return False
        return all(map(is_, contents.values(), self._values))


State = dict[Slot, dict[Slot, Seen]]
"""All slots, in blocks: those that have not changed from one state to the next are one object."""


class Slots:
    """Reads the slots; one for a process, made before its first test.

    `relative` gives a file's path within the project, or None. `fixtures` gives what shared
    fixtures hold.
    """

    def __init__(
        self,
        relative: Callable[[str], str | None],
        fixtures: Callable[[], Iterator[tuple[Slot, Any]]],
    ) -> None:
        self._relative = relative
        self._fixtures = fixtures
        self._summarizer = Summarizer()
        self._first: dict[Slot, Any] = {}
        self._blocks: dict[Slot, Block] = {}
        self._last: dict[Slot, Seen] = {}
        self._block = Block({})
        self._state: State = {}
        self._project: dict[int, bool] = {}
        self._kept: list[Any] = []
        self._foreign = self._used_modules()

    def take(self) -> State:
        """All slots as they are now."""
        self._state = {}
        modules = {n: m for n, m in list(sys.modules.items()) if type(n) is str}
        self._look(("module",), modules, self._modules)
        for name, module in modules.items():
            if self._is_project(module):
                self._module(name, module)
        for name in self._foreign:
            foreign: Any = sys.modules.get(name)
            if _is(foreign, types.ModuleType):
                self._foreign_module(name, foreign)
        for kind in ("environ", "logger", "fixture", "process"):
            self._look((kind,), {}, lambda _, kind=kind: self._put_all(kind))  # type: ignore[misc]
        return self._state

    def read(self, slot: Slot) -> Summary | None:
        """One slot as it is now; None if there is none."""
        kind = slot[0]
        self._block = Block({})
        if kind in ("global", "attribute", "default", "cache", "foreign", "method"):
            module = sys.modules.get(slot[1])
            found = _contents(module) if _is(module, types.ModuleType) else {}
            if slot[2] in found:
                value = found[slot[2]]
                if kind in ("global", "foreign"):
                    self._put(slot, value)
                elif kind in ("default", "cache"):
                    self._beside(slot[1], slot[2], value)
                elif _is(value, type):
                    self._attributes(kind, slot[1], slot[2], _vars(value))
        elif kind == "module":
            if slot[1] in sys.modules:
                self._put(slot, sys.modules[slot[1]])
        else:
            self._put_all(kind)
        seen = self._block.slots.get(slot)
        return None if seen is None else seen[1]

    def _look(
        self,
        key: Slot,
        contents: Mapping[str, Any],
        fill: Callable[[Mapping[str, Any]], None],
    ) -> Block:
        """A block of slots: the last one if the same objects stand there."""
        last = self._blocks.get(key)
        if last is None or not contents or not last.holds(contents):
            self._last = {} if last is None else last.slots
            self._block = Block(contents)
            fill(contents)
            last = self._blocks[key] = self._block
        self._state[key] = last.slots
        return last

    # -- modules

    def _is_project(self, module: Any) -> bool:
        known = self._project.get(id(module))
        if known is None:
            known = False
            if _is(module, types.ModuleType):
                file = _contents(module).get("__file__")
                known = type(file) is str and self._relative(file) is not None
            # Kept, so that the number stays this module's.
            self._kept.append(module)
            self._project[id(module)] = known
        return known

    def _used_modules(self) -> list[str]:
        """Modules of others that the project's have names of."""
        found = dict.fromkeys(_ALWAYS)
        for module in list(sys.modules.values()):
            if not self._is_project(module):
                continue
            for value in list(_contents(module).values()):
                name: Any = None
                if _is(value, types.ModuleType):
                    name = _contents(value).get("__name__")
                elif _is(value, type):
                    name = _module_of(value)
                elif type(value) in _FUNCTIONS[:2]:
                    name = value.__module__
                if type(name) is str and not name.startswith(_OURS):
                    found.setdefault(name)
        return [n for n in found if n in sys.modules and not self._is_project(sys.modules[n])]

    def _module(self, name: str, module: types.ModuleType) -> None:
        def fill(contents: Mapping[str, Any]) -> None:
            for key, value in contents.items():
                if type(key) is not str or not key.isidentifier() or key.startswith("__"):
                    continue
                self._put(("global", name, key), value)
                self._beside(name, key, value)
                if _is(value, type) and _module_of(value) == name:
                    self._block.classes.append((key, value))

        block = self._look(("global", name), dict(_contents(module)), fill)
        self._classes("attribute", name, block)

    def _foreign_module(self, name: str, module: types.ModuleType) -> None:
        def fill(contents: Mapping[str, Any]) -> None:
            for key, value in contents.items():
                slot = ("foreign", name, key)
                if _is(value, type):
                    self._put(slot, value)
                    if _flags(value) & _HEAP_TYPE and _module_of(value) == name:
                        self._block.classes.append((key, value))
                elif type(value) in _FUNCTIONS or slot in self._first:
                    self._put(slot, value)

        block = self._look(("foreign", name), dict(_contents(module)), fill)
        self._classes("method", name, block)

    def _classes(self, kind: str, module: str, block: Block) -> None:
        for key, owner in block.classes:
            self._look(
                (kind, module, key),
                _vars(owner),
                lambda found, key=key: self._attributes(kind, module, key, found),  # type: ignore[misc]
            )

    def _beside(self, module: str, key: str, value: Any) -> None:
        """What a function of the project has beside itself."""
        if _is(value, types.FunctionType):
            defaults = (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values())
            if value.__module__ == module and not all(type(d) in _UNCHANGING for d in defaults):
                self._put(("default", module, key), list(defaults))
        elif type(value) is _LRU and vars(value).get("__module__") == module:
            self._put(("cache", module, key), _LRU.cache_info(value).currsize)
            self._block.unchanging = False

    def _attributes(self, kind: str, module: str, key: str, found: Mapping[str, Any]) -> None:
        """Attributes of a class; of a foreign one, only functions and the like."""
        if "_member_map_" in found:
            return
        for name, value in list(found.items()):
            if name in _OF_CLASSES or name.startswith("_abc_"):
                continue
            slot = (kind, module, key, name)
            wanted = kind == "attribute" and not name.startswith("__")
            if wanted or _is(value, (*_FUNCTIONS, *_DESCRIPTORS)) or slot in self._first:
                self._put(slot, value)

    def _modules(self, found: Mapping[str, Any]) -> None:
        for name, module in found.items():
            if not name.startswith(_OURS):
                self._put(("module", name), module)

    # -- all else

    def _put_all(self, kind: str) -> None:
        ways = {
            "environ": _environ,
            "logger": _loggers,
            "fixture": self._fixtures,
            "process": _process,
        }
        for slot, value in ways[kind]():
            self._put(slot, value)

    # -- values

    def _put(self, slot: Slot, value: Any) -> None:
        last = self._last.get(slot)
        kind = type(value)
        unchanging = kind in _UNCHANGING or _is(value, _NAMED)
        if not unchanging:
            self._block.unchanging = False
        elif last is not None and last[0] is value:
            self._block.slots[slot] = last
            return
        if unchanging and kind not in _UNCHANGING:
            first = self._first.setdefault(slot, value)
            summary = [*_name_of(value), "" if first is value else "another"]
        else:
            summary = self._summary(value, kind)
        if last is not None and last[0] is value and last[1] == summary:
            self._block.slots[slot] = last
        else:
            self._block.slots[slot] = (value, summary)

    def _summary(self, value: Any, kind: type) -> Summary:
        try:
            if not issubclass(kind, _local):
                return self._summarizer.of(value)
            # Only its own type knows where this thread's attributes are.
            own = sorted(_local.__getattribute__(value, "__dict__").items())
            return ["o", type_name(kind), [[k, self._summarizer.of(v)] for k, v in own], None]
        except Exception:
            # Another thread may be changing it.
            return ["?", type_name(kind)]


def _is(value: Any, kinds: Any) -> bool:
    """What `isinstance` says, which would ask the object for its class."""
    return issubclass(type(value), kinds)


def _name_of(value: Any) -> Summary:
    if _is(value, type):
        return ["n", "class", type_name(value)]
    if _is(value, types.ModuleType):
        return ["n", "module", str(_contents(value).get("__name__", ""))]
    if _is(value, (classmethod, staticmethod, types.MethodType)):
        value = value.__func__
    elif _is(value, property):
        value = value.fget
    if _is(value, types.FunctionType):
        return ["n", "function", value.__qualname__]
    name = getattr(value, "__name__", "") if _is(value, _FUNCTIONS) else ""
    return ["n", "function", name if type(name) is str else ""]


def _environ() -> Iterator[tuple[Slot, Any]]:
    if type(os.environ) is not type(_ENVIRON):
        yield ("environ", ""), os.environ
    # Not through the mapping: its methods may have been replaced.
    data = vars(_ENVIRON)["_data"]
    for key, value in list(data.items()):
        name = _fsdecode(key)
        if name not in _OWN_VARIABLES:
            yield ("environ", name), _fsdecode(value)


_ENVIRON = os.environ


def _loggers() -> Iterator[tuple[Slot, Any]]:
    """What differs from a new logger's."""
    manager = logging.Logger.manager
    yield ("logger", "", "disable"), manager.disable
    found = {"": manager.root, **manager.loggerDict}
    for name, logger in list(found.items()):
        if not _is(logger, logging.Logger):
            continue
        own = vars(logger)
        if own.get("level"):
            yield ("logger", name, "level"), own["level"]
        for what in ("handlers", "filters"):
            kinds = [type_name(type(one)) for one in own.get(what) or ()]
            kinds = [kind for kind in kinds if not kind.startswith("_pytest.")]
            if kinds:
                yield ("logger", name, what), kinds
        if own.get("propagate") is not True:
            yield ("logger", name, "propagate"), own.get("propagate")
        if own.get("disabled"):
            yield ("logger", name, "disabled"), own["disabled"]


def _process() -> Iterator[tuple[Slot, Any]]:
    for what, value in _settings():
        yield ("process", what), value


def _settings() -> Iterator[tuple[str, Any]]:
    try:
        yield "cwd", _getcwd()
    except OSError:
        yield "cwd", None
    yield "sys.path", list(sys.path)
    yield "sys.argv", list(sys.argv)
    yield "sys.meta_path", [type_name(type(one)) for one in sys.meta_path]
    yield "recursion limit", _recursion_limit()
    yield "garbage collection", _isenabled()
    yield "umask", _read_umask()
    yield "time zone", list(time.tzname)
    for name in _CATEGORIES:
        category = getattr(locale, name, None)
        if category is not None:
            yield f"locale {name}", _setlocale(category)
    yield "warnings", [_filter(*one) for one in list(warnings.filters)]
    for number in signal.valid_signals():
        handler = _getsignal(number)
        if callable(handler) and not _is(handler, signal.Handlers):
            yield f"signal {_signal_name(number)}", type_name(type(handler)) + _place_of(handler)
        elif handler is signal.SIG_IGN:
            yield f"signal {_signal_name(number)}", "SIG_IGN"
    yield "random", f"state {zlib.crc32(repr(_getstate()).encode()):08x}"
    yield from _of_loaded()
    for variable, value in contextvars.copy_context().items():
        yield f"context {variable.name}", value


def _of_loaded() -> Iterator[tuple[str, Any]]:
    """Settings of modules that may not be there."""
    decimal: Any = sys.modules.get("decimal")
    if decimal is not None:
        context = decimal.getcontext()
        yield "decimal", [context.prec, context.rounding]
    socket: Any = sys.modules.get("socket")
    if socket is not None:
        yield "socket timeout", socket.getdefaulttimeout()


def _read_umask() -> int:
    mask = _umask(0o022)
    _umask(mask)
    return mask


def _filter(action: Any, message: Any, category: Any, module: Any, line: Any) -> list[Any]:
    return [action, message, type_name(category), module, line]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _place_of(handler: Any) -> str:
    return f" {handler.__qualname__}" if _is(handler, types.FunctionType) else ""
