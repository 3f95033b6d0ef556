"""Which data functions can reach that they are not given: by the names in a function's code, its
hidden inputs; all that modules hold, before a test starts."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from .summary import mro, type_name
from .values import Values

PLAIN = frozenset(
    {int, float, complex, bool, str, bytes, type(None), tuple, list, dict, set, frozenset}
    | {re.Pattern, range}
)
UNCHANGING = frozenset({int, float, complex, bool, str, bytes, type(None), re.Pattern, range})

INLINED = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
"""Their frames are part of the function they stand in, as they are from Python 3.12 on."""

MOST_NAMES = 5000
"""So many names of modules are looked at."""

_CODE = (FunctionType, BuiltinFunctionType, MethodType, ModuleType, type)

_MISSING, _CHANGES = object(), object()
_module = type.__dict__["__module__"].__get__
_contents: Callable[[Any], dict[str, Any]] = vars(ModuleType)["__dict__"].__get__
_vars = type.__dict__["__dict__"].__get__


class Slot:
    """A hidden input: what it is called, where it is looked up, and what was found there last."""

    __slots__ = ("holder", "key", "label", "number", "value")

    def __init__(self, label: str, holder: Mapping[str, Any], key: str) -> None:
        self.label = label
        self.holder = holder
        self.key = key
        self.value: Any = _CHANGES
        self.number = 0

    def look(self, values: Values, found: dict[str, int]) -> None:
        value = self.holder.get(self.key, _MISSING)
        if value is not self.value:
            kind = type(value)
            if kind not in PLAIN:
                return
            self.number = values.number(value)
            # What can change inside is looked at anew each time.
            self.value = value if kind in UNCHANGING else _CHANGES
        found[self.label] = self.number


class Reading:
    """Finds the hidden inputs of functions; `is_own` says which files are the project's."""

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self.is_own_file = is_own
        self._of_class: dict[tuple[int, int], list[Slot]] = {}
        self._kept: list[Any] = []

    def globals_of(self, frame: FrameType) -> list[Slot]:
        """Of the function's module, and of the project's modules and classes named in its code."""
        return list(self._global_slots(frame.f_code, frame.f_globals))

    def _global_slots(self, code: CodeType, found: dict[str, Any]) -> Iterator[Slot]:
        names = _names(code)
        for name in names:
            value: Any = found.get(name)
            if name.startswith("__"):
                continue
            if type(value) in PLAIN and name in found:
                yield Slot(name, found, name)
            elif type(value) is ModuleType and self.is_own_file(file_of(value)):
                inside = _contents(value)
                yield from (Slot(f"{name}.{key}", inside, key) for key in names if key in inside)
            elif type in mro(type(value)) and self.is_own_class(value):
                yield from self._attributes(value, names)

    def class_of(self, code: CodeType, owner: Any) -> list[Slot]:
        """Of the class of the object whose method it is."""
        kind = owner if type in mro(type(owner)) else type(owner)
        key = (id(code), id(kind))
        found = self._of_class.get(key)
        if found is None:
            own = self.is_own_class(kind)
            found = list(self._attributes(kind, _names(code))) if own else []
            self._of_class[key] = found
            # So that their numbers stay theirs.
            self._kept += (code, kind)
        return found

    def _attributes(self, kind: type, names: tuple[str, ...]) -> Iterator[Slot]:
        for name in names:
            for base in mro(kind):
                if name in _vars(base):
                    if not name.startswith("__") and type(_vars(base)[name]) in PLAIN:
                        yield Slot(
                            f"{type_name(base).rpartition('.')[2]}.{name}", _vars(base), name
                        )
                    break

    def is_own_class(self, kind: type) -> bool:
        return bool(self.file_of_class(kind))

    def file_of_class(self, kind: type) -> str:
        """The project's file whose module the class names; "" if there is none."""
        name = _module(kind)
        module = sys.modules.get(name) if type(name) is str else None
        file = "" if module is None else file_of(module)
        return file if self.is_own_file(file) else ""


def module_values(reading: Reading, values: Values) -> list[tuple[str, str, int]]:
    """File, name and value of what the project's modules hold but for code, and of the plain data
    in their classes; the modules that began to be imported last come first, for the others mostly
    import them."""
    found: list[tuple[str, str, int]] = []
    for module in reversed(list(sys.modules.values())):
        file = file_of(module)
        if not reading.is_own_file(file):
            continue
        for name, value in list(_contents(module).items()):
            if len(found) >= MOST_NAMES:
                return found
            if type(name) is not str or name.startswith("__"):
                continue
            kinds = mro(type(value))
            if type in kinds and reading.file_of_class(value) == file:
                found += [
                    (file, f"{name}.{key}", values.number(item))
                    for key, item in list(_vars(value).items())
                    if type(item) in PLAIN and not key.startswith("_")
                ]
            elif not any(kind in kinds for kind in _CODE):
                found.append((file, name, values.number(value)))
    return found


def _names(code: CodeType) -> tuple[str, ...]:
    """The global and attribute names in a function, its comprehensions included."""
    found = dict.fromkeys(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and constant.co_name in INLINED:
            found.update(dict.fromkeys(_names(constant)))
    return tuple(found)


def file_of(module: ModuleType) -> str:
    """Where it was loaded from; "" if that is not known."""
    if ModuleType not in mro(type(module)):
        return ""
    file = _contents(module).get("__file__")
    return file if type(file) is str else ""
