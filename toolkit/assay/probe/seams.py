"""Notes, while tests run, which functions of the project call which of its other modules, and the
types of what functions of the project return.

By `sys.setprofile`, which all Pythons have. Only types and code objects are looked at, so that
none of the user's code runs here. What a test did is told once it has passed.
"""

from __future__ import annotations

import builtins
import dis
import os
import sys
import threading
from types import CodeType, FrameType
from typing import Any

from .watchers import Message, Watcher

TESTS_SHOWN = 3
"""So many of the tests that make a call are told."""

MOST_TYPES = 8
"""So many types are kept of what a function returns."""

LOOKS_INSIDE = 40
"""So many containers of a function are looked into."""

ITEMS = 20
"""So many items of a container are looked at."""

DEEPEST = 80
"""So many frames of other code may lie between two functions of the project."""

_NESTED = 0x10
_GENERATOR = 0x20 | 0x100 | 0x200
_RETURNS = frozenset(
    dis.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in dis.opmap
)
_MOCKS = frozenset({"unittest.mock", "mock.mock", "mock"})

_module_of = type.__dict__["__module__"].__get__
_name_of = type.__dict__["__qualname__"].__get__
_mro_of = type.__dict__["__mro__"].__get__
_setprofile, _getprofile = sys.setprofile, sys.getprofile


Types = dict[tuple[int, ...], tuple[type, ...]]
"""Types, each with those of what it holds, by identity: a metaclass may have an `__eq__`."""


class Code:
    """A code object of the project, and what was seen of it."""

    __slots__ = (
        "code",
        "complete",
        "is_nested",
        "line",
        "looks",
        "opcodes",
        "path",
        "times",
        "types",
    )

    def __init__(self, code: CodeType, path: str, tells_returns: bool) -> None:
        self.code = code
        self.path = path
        self.line = code.co_firstlineno
        self.is_nested = bool(code.co_flags & _NESTED) or code.co_name.startswith("<")
        self.opcodes = code.co_code
        self.types: Types = {}
        self.looks = 0
        self.times = 0
        self.complete = tells_returns and not code.co_flags & _GENERATOR

    @property
    def place(self) -> list[Any]:
        return [self.path, self.line]


class Seams(Watcher):
    """Tells of each test that passed: `calls` that are new or have few tests so far, and new types
    in `returns`; at the end in how many tests each function returned.

    `told` has the repository's `repo`, what is `excluded`, and the files of `tests`: their
    functions make no seam. Returns are those of tests without stand-ins.
    """

    def __init__(self, told: Message) -> None:
        self._prefix = os.path.realpath(told["repo"]) + os.sep
        self._excluded = tuple(os.path.realpath(path) + os.sep for path in told["excluded"])
        self._tests = frozenset(told["tests"])
        self._codes: dict[int, Code | None] = {}
        self._kept: list[CodeType] = []
        self._paths: dict[str, str | None] = {}
        self._counts: dict[tuple[Code, Code], int] = {}
        self._calls: set[tuple[Code, Code]] = set()
        self._returns: dict[Code, Types] = {}
        self._is_broken = False
        self._handler = self._handle

    # -- tests

    def begin(self, item: Any) -> None:  # noqa: ARG002
        self._calls, self._returns, self._is_broken = set(), {}, False
        threading.setprofile(self._handler)
        _setprofile(self._handler)

    def end(self, item: Any, result: Message) -> list[Message]:  # noqa: ARG002
        lost = self._is_broken or _getprofile() is not self._handler
        _setprofile(None)
        threading.setprofile(None)
        if result["outcome"] != "passed":
            return []
        return [
            {
                "type": "seams",
                "test": result["test"],
                "calls": [
                    [caller.place, callee.place]
                    for caller, callee in list(self._calls)
                    if self._is_news(caller, callee)
                ],
                "returns": [
                    [code.place, new, code.complete]
                    for code, types in self._own_returns(result)
                    for new in [self._keep(code, types)]
                    if new
                ],
                "lost": lost,
            }
        ]

    def finish(self) -> list[Message]:
        times = [[code.place, code.times] for code in self._codes.values() if code and code.times]
        return [{"type": "seams-times", "times": times}]

    def _own_returns(self, result: Message) -> list[tuple[Code, Types]]:
        """None of a test that had stand-ins: what they gave may have been handed on."""
        patches = (result.get("seen") or {}).get("patches", ())
        if any(patch["used"] is not False and not patch["spy"] for patch in patches):
            return []
        return list(self._returns.items())

    def _is_news(self, caller: Code, callee: Code) -> bool:
        count = self._counts.get((caller, callee), 0)
        self._counts[caller, callee] = count + 1
        return count < TESTS_SHOWN

    def _keep(self, code: Code, types: Types) -> list[Any]:
        """The types that were not told before."""
        code.times += 1
        new = [key for ids, key in types.items() if ids not in code.types]
        code.types.update(types)
        if len(code.types) > MOST_TYPES:
            code.complete = False
        return [described(one) for one in new[:MOST_TYPES]]

    # -- calls

    def _handle(self, frame: FrameType, event: str, arg: Any) -> None:
        try:
            if event == "call":
                callee = self._look(frame.f_code)
                if callee is not None:
                    self._called(callee, frame.f_back)
            elif event == "return":
                code = self._look(frame.f_code)
                if code is not None and code.complete:
                    self._returned(code, frame, arg)
        except Exception:
            # It would be raised in the user's code.
            self._is_broken = True

    def _look(self, code: CodeType) -> Code | None:
        """By identity: to hash a code object takes longer than a short function runs."""
        try:
            return self._codes[id(code)]
        except KeyError:
            path = self._relative(code.co_filename)
            found = None if path is None else Code(code, path, path not in self._tests)
            self._kept.append(code)
            self._codes[id(code)] = found
            return found

    def _called(self, callee: Code, frame: FrameType | None) -> None:
        """Up to the function of the project that made the call; code of others in between, and
        functions made within functions (which decorators put around others), do not count as it."""
        if callee.path in self._tests:
            return
        for _ in range(DEEPEST):
            if frame is None:
                return
            caller = self._look(frame.f_code)
            if caller is not None:
                if caller.path in self._tests:
                    return
                if caller.path != callee.path:
                    self._calls.add((caller, callee))
                if not caller.is_nested:
                    return
            frame = frame.f_back

    def _returned(self, code: Code, frame: FrameType, value: Any) -> None:
        kind = type(value)
        is_left = value is None or bool(code.code.co_flags & 0x80)
        if is_left and code.opcodes[frame.f_lasti] not in _RETURNS:
            # Left by an exception, or a coroutine that waits.
            return
        key: tuple[type, ...] = (kind,)
        if id(kind) in _CONTAINERS and code.looks < LOOKS_INSIDE:
            code.looks += 1
            key = (kind, *held(value))
        self._returns.setdefault(code, {})[tuple(map(id, key))] = key

    def _relative(self, path: str) -> str | None:
        """Relative to the repository; None outside, excluded, or made up."""
        try:
            return self._paths[path]
        except KeyError:
            found = None
            if path and not path.startswith("<"):
                real = os.path.realpath(path)
                if real.startswith(self._prefix) and not real.startswith(self._excluded):
                    found = real[len(self._prefix) :].replace(os.sep, "/")
            self._paths[path] = found
            return found


_CONTAINERS = frozenset(map(id, (list, tuple, set, frozenset, dict)))


def held(value: Any) -> tuple[Any, ...]:
    """The types of the first items of a container of a built-in type itself; of a dict's keys."""
    kinds: dict[int, type] = {}
    try:
        for _, item in zip(range(ITEMS), value, strict=False):
            kinds[id(type(item))] = type(item)
    except RuntimeError:
        # Another thread changes it.
        return ()
    return tuple(kinds.values())


def described(key: Any) -> list[Any]:
    """A type with those of what it holds, as `TypeSeen` has them."""
    kind, inner = key[0], key[1:]
    name = shown_type(kind)
    if inner:
        name += f"[{' | '.join(sorted({shown_type(one) for one in inner}))}]"
    return [name, builtin_bases(kind)]


def shown_type(kind: type) -> str:
    """The dotted name; of built-in types the name, of mocks their class's."""
    if kind is type(None):
        return "None"
    module, name = _module_of(kind), _name_of(kind)
    return name if module == "builtins" or module in _MOCKS else f"{module}.{name}"


def builtin_bases(kind: type) -> list[str]:
    """The built-in types that a type is or comes from, `object` left out; `mock` for a mock, which
    says nothing about what is really returned."""
    if any(_module_of(one) in _MOCKS for one in _mro_of(kind)):
        return ["mock"]
    return [
        "None" if one is type(None) else _name_of(one)
        for one in _mro_of(kind)
        if one is not object and _module_of(one) == "builtins" and _is_builtin(one)
    ]


def _is_builtin(kind: type) -> bool:
    return kind is type(None) or getattr(builtins, _name_of(kind), None) is kind
