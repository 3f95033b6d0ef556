"""Whether what a stand-in was asked for, and what it gave, is what the original allows."""

from __future__ import annotations

import functools
import inspect
import types
import typing
import unittest.mock
from types import FunctionType, ModuleType
from typing import Any

_SIMPLE = (int, float, str, bytes, bool, list, dict, tuple, set, frozenset, type(None))
_SELF = object()
SHOWN = 5


def original_function(thing: Any) -> Any:
    """The plain function behind decorators that say so, bound methods, partials and properties."""
    for _ in range(20):
        if isinstance(thing, (staticmethod, classmethod, types.MethodType)):
            thing = thing.__func__
        elif isinstance(thing, functools.partial):
            thing = thing.func
        elif isinstance(thing, property):
            thing = thing.fget
        elif isinstance(thing, (FunctionType, type)) or thing is None:
            inner = vars(thing).get("__wrapped__") if thing is not None else None
            if inner is None or isinstance(thing, type):
                return thing
            thing = inner
        else:
            own = getattr(thing, "__dict__", None)
            inner = own.get("__wrapped__") if isinstance(own, dict) else None
            if inner is None:
                return thing
            thing = inner
    return thing


def misfits(target: Any, original: Any, mock: Any) -> list[str]:
    """Calls that the original would have refused, each as a sentence about it."""
    found = []
    try:
        if not isinstance(mock, unittest.mock.NonCallableMock):
            return []
        if getattr(mock, "_spec_signature", None) is None:
            found += [
                words
                for call in mock.call_args_list
                for words in [_refused(target, original, call)]
                if words
            ]
        found += _child_misfits(original, mock)
    except Exception:
        # A signature that cannot be told says nothing about the calls.
        return []
    return list(dict.fromkeys(found))[:SHOWN]


def _refused(target: Any, original: Any, call: Any) -> str:
    args, kwargs = call[0], call[1]
    if isinstance(original, ModuleType) or not callable(_function_of(original)):
        return ""
    plain = _function_of(original)
    in_class = isinstance(target, type) and isinstance(original, FunctionType)
    ways = [args, (_SELF, *args)] if in_class or isinstance(original, classmethod) else [args]
    return _bound_in_no_way(plain, ways, kwargs, shown_call(args, kwargs))


def _function_of(original: Any) -> Any:
    return original.__func__ if isinstance(original, (staticmethod, classmethod)) else original


def _bound_in_no_way(function: Any, ways: list[Any], kwargs: Any, shown: str) -> str:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return ""
    problem = ""
    for args in ways:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            problem = str(error)
        else:
            return ""
    return f"called with {shown}; the real one takes {signature}: {problem}"


def shown_call(args: Any, kwargs: Any) -> str:
    """Types only: the objects' own texts are not asked for."""
    parts = [type(value).__name__ for value in args]
    parts += [f"{name}=…" for name in kwargs]
    return f"({', '.join(parts)})"


def _child_misfits(original: Any, mock: Any) -> list[str]:
    """Of a module, class or object that was replaced as a whole: calls of what is on it."""
    if isinstance(mock.__dict__.get("_spec_class"), type):
        return []
    found = []
    for name, args, kwargs in mock.mock_calls:
        if isinstance(original, ModuleType):
            found.append(_module_misfit(original, name, args, kwargs))
        elif isinstance(original, type) and name.startswith("()."):
            found.append(_method_misfit(original, name[3:], args, kwargs))
    return [words for words in found if words]


def _module_misfit(module: ModuleType, name: str, args: Any, kwargs: Any) -> str:
    if not name.isidentifier() or "__getattr__" in vars(module):
        return ""
    if name not in vars(module):
        return f"`{name}` was called on it, and the module {module.__name__} has none"
    thing = vars(module)[name]
    if not isinstance(thing, FunctionType):
        return ""
    words = _bound_in_no_way(thing, [args], kwargs, shown_call(args, kwargs))
    return words and f"`{name}` {words}"


def _method_misfit(owner: type, name: str, args: Any, kwargs: Any) -> str:
    if not name.isidentifier():
        return ""
    thing = inspect.getattr_static(owner, name, None)
    if not isinstance(thing, FunctionType):
        return ""
    words = _bound_in_no_way(thing, [(_SELF, *args)], kwargs, shown_call(args, kwargs))
    return words and f"`{name}` {words}"


def given(original: Any, mock: Any) -> type | None:
    """The built-in type of what a stand-in was told to return, and returned; None if that cannot be
    told, or cannot be held against what the original's own code returns."""
    try:
        value = mock.__dict__.get("_mock_return_value", unittest.mock.DEFAULT)
        if value is unittest.mock.DEFAULT or not mock.called or mock.side_effect is not None:
            return None
        return type(value) if comparable(original, mock) and is_simple(type(value)) else None
    except Exception:
        # A side effect that cannot be asked for says nothing about the value.
        return None


def comparable(original: Any, stand_in: Any) -> bool:
    """Whether what the two give is got in the same way: by a call, or by waiting for it."""
    function = original_function(original)
    if not isinstance(function, FunctionType):
        return False
    flags = function.__code__.co_flags
    is_async = bool(flags & inspect.CO_COROUTINE)
    other = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
    return is_async == isinstance(stand_in, unittest.mock.AsyncMock) and not flags & other


def bad_return(original: Any, mock: Any) -> str:
    """What is wrong with a stand-in's return value, where the annotation leaves no doubt."""
    kind = given(original, mock)
    if kind is None:
        return ""
    try:
        allowed = _classes(typing.get_type_hints(original_function(original)).get("return", Any))
    except Exception:
        return ""
    if not allowed or issubclass(kind, allowed):
        return ""
    if float in allowed and issubclass(kind, int):
        return ""
    names = " or ".join("None" if one is type(None) else one.__name__ for one in allowed)
    return f"returns {kind.__name__}; the real one is annotated to return {names}"


def is_simple(kind: type) -> bool:
    """By identity: a metaclass may have an `__eq__`."""
    return any(kind is one for one in _SIMPLE)


def refused(target: Any, original: Any, args: Any, kwargs: Any) -> str:
    """Why the original would not take a call that its stand-in was given; empty if it would."""
    try:
        return _refused(target, original, (args, kwargs))
    except Exception:
        # A signature that cannot be told says nothing about the call.
        return ""


def _classes(annotation: Any) -> tuple[type, ...]:
    """The classes an annotation allows, if it is made of simple ones alone; else nothing."""
    origin = typing.get_origin(annotation)
    if origin is typing.Union or origin is getattr(types, "UnionType", None):
        found = [_classes(one) for one in typing.get_args(annotation)]
        return tuple(cls for classes in found for cls in classes) if all(found) else ()
    one = origin or annotation
    return (one,) if isinstance(one, type) and one in _SIMPLE else ()
