"""What a test does with assertions and stand-ins: noted while it runs, told after it has ended.

The user's objects are only looked at in ways that run none of their code: identity, types, code
objects, signatures. What goes wrong here is told as a problem of the test, and never raised in it.
"""

from __future__ import annotations

import functools
import os
import sys
import unittest
import unittest.mock
from collections.abc import Callable, Iterable
from sys import _getframe
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest

from .fitting import (
    SHOWN,
    bad_return,
    comparable,
    given,
    is_simple,
    misfits,
    original_function,
    refused,
)
from .seams import described

_PLAIN = 0x20 | 0x80 | 0x100 | 0x200
"""Flags of generators, coroutines and their kin: a stand-in of such a kind is left as it is."""


class Patched:
    """One stand-in that a test put in the place of something."""

    def __init__(self, how: str, target: Any, attribute: str, original: Any, value: Any) -> None:
        self.how = how
        self.target = target
        self.attribute = attribute
        self.original = original
        self.value = value
        self.created = False
        self.made: tuple[str, int] | None = None
        self.called_from: set[tuple[str, int]] = set()
        self.called = False
        self.watched = False
        self.inspected = False
        self.reset = False
        self.bound: list[str] = []
        self.gave: set[type] = set()
        self.refused: dict[str, None] = {}


class Witness:
    """Hooks into mocks, patches and assertions of this process; one for a child."""

    def __init__(self, repo: str, excluded: Iterable[str]) -> None:
        self._prefix = os.path.realpath(repo) + os.sep
        self._excluded = tuple(os.path.realpath(path) + os.sep for path in excluded)
        self._paths: dict[str, str | None] = {}
        self._patches: list[Patched] = []
        self._by_value: dict[int, Patched] = {}
        self._raised: list[dict[str, Any]] = []
        self._assertions = 0
        self._problem = ""

    # -- what is told

    def take(self, item: Any) -> dict[str, Any]:
        """All that the test did; forgotten afterwards."""
        told: dict[str, Any] = {}
        try:
            told = {
                "code": self._code_of(item),
                "same": sameness(item),
                "markers": sorted({mark.name for mark in item.iter_markers()}),
                "fixtures": sorted(getattr(item, "fixturenames", ())),
                "patches": [self._tell(one) for one in self._patches],
                "raised": self._raised,
                "assertions": self._assertions,
            }
        except Exception as problem:
            self._note(problem)
        told["problem"] = self._problem
        self._patches, self._by_value, self._raised = [], {}, []
        self._assertions, self._problem = 0, ""
        return told

    def _note(self, problem: BaseException) -> None:
        self._problem = self._problem or type(problem).__name__

    def _code_of(self, item: Any) -> list[Any] | None:
        """File, first line and name of the function that the test is."""
        function = original_function(getattr(item, "obj", None))
        code = getattr(function, "__code__", None)
        if not isinstance(code, CodeType):
            return None
        return [self.relative(code.co_filename) or "", code.co_firstlineno, code.co_name]

    def _tell(self, one: Patched) -> dict[str, Any]:
        mock = mock_behind(one.value)
        used: bool | None = None
        if mock is not None:
            used = one.called or one.reset or bool(mock.mock_calls) or _has_children(mock)
        elif one.watched:
            used = one.called
        kind = None if mock is None else given(one.original, mock)
        gave = one.gave if kind is None else {kind}
        return {
            "how": one.how,
            "holder": holder_of(one.target),
            "attribute": one.attribute,
            "original": self._describe(one.original),
            "created": one.created,
            "made": one.made,
            "spy": mock is not None and mock.__dict__.get("_mock_wraps") is not None,
            "mock": mock is not None,
            "used": used,
            "called_from": sorted(one.called_from),
            "inspected": one.inspected,
            "bound": sorted(one.bound),
            "misfits": [] if mock is None else misfits(one.target, one.original, mock),
            "bad_return": "" if mock is None else bad_return(one.original, mock),
            "used_names": [] if mock is None else _methods_called(mock),
            "gave": sorted(described((one,)) for one in gave),
            "refused": list(one.refused),
        }

    def _describe(self, original: Any) -> dict[str, Any] | None:
        """What was replaced, if it is code of the project: a function, a method or a class."""
        if isinstance(original, type):
            module = sys.modules.get(original.__module__)
            path = self.relative(getattr(module, "__file__", None) or "")
            kind, name, line = "class", original.__qualname__, 0
        else:
            function = original_function(original)
            code = getattr(function, "__code__", None)
            if not isinstance(code, CodeType):
                return None
            path = self.relative(code.co_filename)
            kind, name, line = "function", function.__qualname__, code.co_firstlineno
        if path is None:
            return None
        return {"kind": kind, "path": path, "name": name, "line": line}

    # -- paths and frames

    def relative(self, path: str) -> str | None:
        """Relative to the repository; None outside, excluded, or made up."""
        if path in self._paths:
            return self._paths[path]
        found = None
        if path and not path.startswith("<"):
            real = os.path.realpath(path)
            if real.startswith(self._prefix) and not real.startswith(self._excluded):
                found = real[len(self._prefix) :].replace(os.sep, "/")
        self._paths[path] = found
        return found

    def _place(self, frame: FrameType | None) -> tuple[str, int] | None:
        """The nearest line of the project's own."""
        while frame is not None:
            path = self.relative(frame.f_code.co_filename)
            if path is not None:
                return path, frame.f_lineno
            frame = frame.f_back
        return None

    def _caller(self, frame: FrameType | None) -> tuple[str, int] | None:
        """Whose line called a stand-in: the first frame that is neither of mocks nor made up."""
        while frame is not None:
            name = frame.f_code.co_filename
            module = frame.f_globals.get("__name__", "")
            if not name.startswith("<") and module not in (*_MOCK_MODULES, __name__):
                path = self.relative(name)
                return (path or "", frame.f_lineno)
            frame = frame.f_back
        return None

    # -- what is noted

    def _add(self, one: Patched, frame: FrameType | None) -> None:
        one.made = self._place(frame)
        one.bound = self._bound_elsewhere(one)
        self._patches.append(one)
        self._by_value[id(one.value)] = one
        mock = mock_behind(one.value)
        if mock is not None:
            self._by_value[id(mock)] = one

    def _bound_elsewhere(self, one: Patched) -> list[str]:
        """Other modules of the project that have the original under a name of their own."""
        if not isinstance(one.target, ModuleType) or not callable(one.original):
            return []
        found = []
        for name, module in list(sys.modules.items()):
            path = getattr(module, "__file__", None)
            if module is one.target or not isinstance(path, str) or self.relative(path) is None:
                continue
            found += [
                f"{name}.{key}"
                for key, value in list(vars(module).items())
                if value is one.original
            ]
        return found

    def saw_call(self, mock: Any, frame: FrameType | None) -> None:
        one = self._by_value.get(id(mock))
        if one is not None:
            one.called = True
            place = self._caller(frame)
            if place is not None:
                one.called_from.add(place)

    def saw_result(self, stand_in: Any, args: Any, options: Any, result: Any) -> None:
        """What a function in the place of another was called with, and gave."""
        one = self._by_value.get(id(stand_in))
        if one is None:
            return
        words = refused(one.target, one.original, args, options)
        if words and len(one.refused) < SHOWN:
            one.refused[words] = None
        is_handed_on = any(result is value for value in (*args, *options.values()))
        if is_simple(type(result)) and not is_handed_on and comparable(one.original, stand_in):
            one.gave.add(type(result))

    def saw_assertion(self, mock: Any = None) -> None:
        self._assertions += 1
        one = self._by_value.get(id(mock))
        if one is not None:
            one.inspected = True

    def saw_reset(self, mock: Any) -> None:
        one = self._by_value.get(id(mock))
        if one is not None:
            one.reset = True

    def saw_raised(self, actual: Any, frame: FrameType | None) -> None:
        self._assertions += 1
        place = self._place(frame)
        if place is not None and actual is not None:
            names = getattr(actual, "__name__", ""), getattr(actual, "__module__", "")
            self._raised.append({"at": place, "type": names[0], "module": names[1]})

    # -- hooks

    def start(self) -> None:
        """Watch mocks, patches, assertion methods and contexts from now on."""
        for name in _MOCK_MODULES:
            module = sys.modules.get(name)
            if module is not None:
                self._hook_mocks(module)
        self._hook_monkeypatch()
        for name in vars(unittest.TestCase):
            if name.startswith("assert"):
                _around(unittest.TestCase, name, lambda *_: self.saw_assertion())
        for owner in _contexts():
            _around(owner, "__exit__", self._context_left)

    def _context_left(self, *args: Any) -> None:
        kind = args[1] if len(args) > 1 else None
        self.saw_raised(kind if isinstance(kind, type) else None, _getframe(2))

    def _hook_mocks(self, module: Any) -> None:
        enter = module._patch.__enter__
        witness = self

        @functools.wraps(enter)
        def entered(patch: Any) -> Any:
            value = enter(patch)
            try:
                witness._saw_patch(patch, value, _getframe(1))
            except Exception as problem:
                witness._note(problem)
            return value

        module._patch.__enter__ = entered
        _around(
            module.CallableMixin,
            "_increment_mock_call",
            lambda mock, *_: self.saw_call(mock, _getframe(2)),
        )
        _around(module.NonCallableMock, "reset_mock", lambda mock, *_: self.saw_reset(mock))
        for owner in (module.NonCallableMock, getattr(module, "AsyncMockMixin", None)):
            for name in list(vars(owner)) if owner is not None else ():
                if name.startswith("assert_"):
                    _around(owner, name, lambda mock, *_: self.saw_assertion(mock))

    def _saw_patch(self, patch: Any, value: Any, frame: FrameType | None) -> None:
        missing = sys.modules[type(patch).__module__].DEFAULT
        name = patch.attribute
        if isinstance(value, dict) and patch.attribute_name is not None:
            value = value.get(patch.attribute_name)
        original = patch.temp_original
        one = Patched("patch", patch.target, name, original, value)
        one.created = original is missing
        self._add(one, frame)

    def _hook_monkeypatch(self) -> None:
        setattr_ = pytest.MonkeyPatch.setattr
        witness = self

        @functools.wraps(setattr_)
        def watched(monkey: Any, target: Any, *args: Any, **options: Any) -> None:
            arguments = list(args)
            stand_in = None
            if arguments and isinstance(arguments[-1], FunctionType):
                index = 0 if isinstance(target, str) and len(arguments) == 1 else 1
                if index < len(arguments) and isinstance(arguments[index], FunctionType):
                    stand_in = arguments[index]
                    arguments[index] = witness._listening(stand_in)
            before = len(monkey._setattr)
            setattr_(monkey, target, *arguments, **options)
            try:
                witness._saw_setattr(monkey._setattr[before:], stand_in, arguments, _getframe(1))
            except Exception as problem:
                witness._note(problem)

        pytest.MonkeyPatch.setattr = watched  # type: ignore[method-assign, assignment]

    def _listening(self, stand_in: FunctionType) -> Any:
        """The function, telling when it is called; one that is no plain function stays itself."""
        if stand_in.__code__.co_flags & _PLAIN:
            return stand_in

        @functools.wraps(stand_in)
        def called(*args: Any, **options: Any) -> Any:
            self.saw_call(called, _getframe(1))
            result = stand_in(*args, **options)
            self.saw_result(called, args, options, result)
            return result

        return called

    def _saw_setattr(
        self, done: list[Any], stand_in: Any, arguments: list[Any], frame: FrameType | None
    ) -> None:
        for target, name, original in done:
            value = vars(target).get(name) if hasattr(target, "__dict__") else None
            one = Patched("monkeypatch", target, name, original, value)
            one.created = repr(type(original)).find("NotSet") >= 0
            one.watched = stand_in is not None and any(a is value for a in arguments)
            self._add(one, frame)


_MOCK_MODULES = ("unittest.mock", "mock.mock")


def _around(owner: Any, name: str, tell: Callable[..., None]) -> None:
    """Have a method tell of each call before it does what it always did."""
    original = getattr(owner, name, None)
    if not callable(original):
        return

    @functools.wraps(original)
    def told(self: Any, /, *args: Any, **options: Any) -> Any:
        tell(self, *args)
        return original(self, *args, **options)

    setattr(owner, name, told)


def _contexts() -> list[Any]:
    """The classes behind `raises` and `warns`, of this version of pytest and of unittest."""
    import unittest.case

    import _pytest.recwarn

    found: list[Any] = [_pytest.recwarn.WarningsChecker]
    for module, name in (("_pytest.raises", "RaisesExc"), ("_pytest.python_api", "RaisesContext")):
        owner = getattr(sys.modules.get(module), name, None)
        if owner is not None:
            found.append(owner)
    found.append(unittest.case._AssertRaisesContext)
    return found


def mock_behind(value: Any) -> Any:
    """The mock that a stand-in is, or that it has behind it if it is a function with a spec."""
    kinds = tuple(
        sys.modules[name].NonCallableMock for name in _MOCK_MODULES if name in sys.modules
    )
    if isinstance(value, kinds):
        return value
    # A mock would make up an attribute `mock` when it is asked for one.
    mock = vars(value).get("mock") if isinstance(value, FunctionType) else None
    return mock if isinstance(mock, kinds) else None


def _has_children(mock: Any) -> bool:
    return bool(mock.__dict__.get("_mock_children"))


def _methods_called(mock: Any) -> list[str]:
    """Names of what was called on a stand-in for a class: of itself, and of what it made."""
    names = {str(call[0]).removeprefix("()").lstrip(".") for call in mock.mock_calls}
    return sorted(name for name in names if name.isidentifier())


def holder_of(target: Any) -> dict[str, str]:
    """Where a stand-in was put: kind, and dotted name."""
    if isinstance(target, ModuleType):
        return {"kind": "module", "name": target.__name__}
    if isinstance(target, type):
        return {"kind": "class", "name": f"{target.__module__}.{target.__qualname__}"}
    kind = type(target)
    return {"kind": "instance", "name": f"{kind.__module__}.{kind.__qualname__}"}


def sameness(item: Any) -> str:
    """Equal for two tests that run the same code with the same set-up: fixtures, marks, parameters,
    and a class that adds nothing of its own to the one the test is defined in."""
    parts = [repr(getattr(getattr(item, "callspec", None), "id", ""))]
    info = getattr(item, "_fixtureinfo", None)
    for name, definitions in sorted(getattr(info, "name2fixturedefs", {}).items()):
        for definition in definitions:
            code = getattr(original_function(definition.func), "__code__", None)
            where = "" if code is None else f"{code.co_filename}:{code.co_firstlineno}"
            parts.append(f"{name}={where}")
    for mark in item.iter_markers():
        parts.append(f"{mark.name}({len(mark.args)},{sorted(mark.kwargs)})")
    cls = getattr(item, "cls", None)
    if cls is not None:
        own = getattr(getattr(item, "function", None), "__name__", "")
        for one in cls.__mro__:
            names = [n for n in vars(one) if not _says_nothing(n, vars(one)[n])]
            if names or own in vars(one):
                parts.append(f"{one.__module__}.{one.__qualname__}")
            if own in vars(one):
                break
    return "\n".join(parts)


def _says_nothing(name: str, value: Any) -> bool:
    """What a class has of itself, or a further test: neither changes what it inherited."""
    is_test = name.startswith("test") and isinstance(value, FunctionType)
    return is_test or (name.startswith("__") and name.endswith("__") and name != "__init__")
