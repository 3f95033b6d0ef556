"""What a failing phase of a test left behind, told as plain data.

Of the objects involved nothing is called but the exception's own `__str__`, as pytest does.
"""

from __future__ import annotations

import unittest.mock
from collections.abc import Iterator
from types import CodeType, FrameType, ModuleType, TracebackType
from typing import Any

import pytest

from .hotswap import real_path
from .watchers import Message, Watcher

CHAIN = 6
FRAMES_OUTSIDE = 15
FRAMES_INSIDE = 60
MESSAGE = 6000
NAMES = 400


class EvidenceWatcher(Watcher):
    """Tells of each test that fails: an event of type "evidence" with its `phases`. A test that is
    skipped is told of with the reason (type "skip")."""

    def __init__(self, _: Message) -> None:
        self._phases: list[Message] = []
        self._reason = ""

    def begin(self, item: Any) -> None:  # noqa: ARG002
        self._phases = []
        self._reason = ""

    def saw_exception(self, item: Any, when: str, error: BaseException) -> None:  # noqa: ARG002
        if isinstance(error, pytest.skip.Exception):
            self._reason = text_of(error)
        else:
            self._phases.append({"phase": when, "chain": chain_of(error)})

    def end(self, item: Any, result: Message) -> list[Message]:
        told: list[Message] = []
        if result["outcome"] in ("failed", "error"):
            told.append(
                {
                    "type": "evidence",
                    "test": result["test"],
                    "phases": self._phases,
                    "fixtures": fixture_names(item),
                }
            )
        elif result["outcome"] == "skipped":
            told.append({"type": "skip", "test": result["test"], "reason": self._reason})
        return told


def fixture_names(item: Any) -> list[str]:
    return [name for name in getattr(item, "fixturenames", ()) if isinstance(name, str)]


def collect_problem(where: str, error: BaseException) -> Message:
    """A collector that failed, as a phase."""
    return {"test": where, "phase": "collect", "chain": chain_of(error)}


def chain_of(error: BaseException) -> list[Message]:
    """The exception and those behind it, the one that was seen first."""
    found: list[Message] = []
    for relation, one in _chain(error):
        found.append(
            {
                "type": type_name(type(one)),
                "bases": [base.__name__ for base in type(one).__mro__],
                "message": text_of(one)[:MESSAGE],
                "attributes": attributes_of(one),
                "frames": frames_of(one.__traceback__),
                "relation": relation,
            }
        )
        if len(found) == CHAIN:
            break
    return found


def _chain(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    seen: set[int] = set()
    pending: list[tuple[str, BaseException | None]] = [("", error)]
    while pending:
        relation, one = pending.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield relation, one
        if one.__cause__ is not None:
            pending.append(("cause", one.__cause__))
        elif _conftest_cause(one) is not None:
            pending.append(("cause", _conftest_cause(one)))
        elif not one.__suppress_context__:
            pending.append(("context", one.__context__))
        members = getattr(one, "exceptions", None)
        if isinstance(members, tuple):
            pending += [("member", member) for member in members[:3]]


def _conftest_cause(error: BaseException) -> BaseException | None:
    """What made a conftest fail, which some versions of pytest keep beside the exception only."""
    if type(error).__name__ != "ConftestImportFailure":
        return None
    cause = getattr(error, "cause", None)
    told = getattr(error, "excinfo", None)
    if cause is None and isinstance(told, tuple):
        cause = told[1]
    return cause if isinstance(cause, BaseException) else None


def text_of(error: BaseException) -> str:
    name = getattr(error, "argname", None)
    if type(error).__name__ == "FixtureLookupError" and isinstance(name, str):
        return str(getattr(error, "msg", None) or f"fixture '{name}' not found")
    try:
        return str(error)
    except Exception:
        return "(its text cannot be made)"


def type_name(cls: type) -> str:
    module = cls.__module__
    return cls.__qualname__ if module == "builtins" else f"{module}.{cls.__qualname__}"


# -- what is kept beside the text


def attributes_of(error: BaseException) -> Message:
    """Plain data only; see `assay.model.evidence.Raised`."""
    found: Message = {}
    if isinstance(error, ImportError):
        _take(found, error, "name", "path", "name_from")
    elif isinstance(error, AttributeError):
        _take(found, error, "name")
        if getattr(error, "obj", None) is not None or found.get("name"):
            found["obj"] = thing(getattr(error, "obj", None))
    elif isinstance(error, NameError):
        _take(found, error, "name")
    elif isinstance(error, KeyError):
        key = error.args[0] if error.args else None
        if type(key) in (str, int, float, bool, type(None)):
            found["key"] = key
    elif isinstance(error, OSError):
        _take(found, error, "errno", "filename")
    elif isinstance(error, SyntaxError):
        _take(found, error, "filename", "lineno", "msg")
    elif type(error).__name__ == "FixtureLookupError":
        _take(found, error, "argname")
        found["available"] = _fixtures(error)
    elif type(error).__name__ == "ConftestImportFailure":
        # Some versions of pytest keep a path that is no text, nor of `pathlib`.
        found["conftest"] = real_path(str(getattr(error, "path", "")))
    return found


def _take(found: Message, error: BaseException, *names: str) -> None:
    for name in names:
        value = getattr(error, name, None)
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        if type(value) in (str, int):
            found[name] = value


def _fixtures(error: Any) -> list[str]:
    try:
        known = error.request._fixturemanager._arg2fixturedefs
        return sorted(name for name in known if isinstance(name, str))[:NAMES]
    except Exception:
        # Another pytest keeps them elsewhere: the names are a help only.
        return []


def thing(value: Any) -> Message:
    """What an attribute was asked of: a module, a class, an instance of one, None or a mock."""
    if value is None:
        return {"kind": "none", "name": "None", "path": ""}
    cls = type(value)
    if issubclass(cls, unittest.mock.NonCallableMock):
        spec = value.__dict__.get("_spec_class")
        name = type_name(spec) if isinstance(spec, type) else cls.__name__
        return {"kind": "mock", "name": name, "path": ""}
    if issubclass(cls, ModuleType):
        names = ModuleType.__getattribute__(value, "__dict__")
        path = names.get("__file__")
        name = names.get("__name__")
        return {
            "kind": "module",
            "name": name if isinstance(name, str) else "",
            "path": real_path(path) if isinstance(path, str) else "",
        }
    if isinstance(value, type):
        return {"kind": "class", "name": type_name(value), "path": ""}
    return {"kind": "instance", "name": type_name(cls), "path": ""}


# -- frames


def frames_of(step: TracebackType | None) -> list[list[Any]]:
    """From the outside in: path, module, function, line, last line, columns or null. Of a long
    traceback the middle is left out."""
    steps: list[TracebackType] = []
    while step is not None:
        steps.append(step)
        step = step.tb_next
    if len(steps) > FRAMES_OUTSIDE + FRAMES_INSIDE:
        steps = [*steps[:FRAMES_OUTSIDE], *steps[-FRAMES_INSIDE:]]
    return [_frame(one) for one in steps]


def _frame(step: TracebackType) -> list[Any]:
    frame: FrameType = step.tb_frame
    code = frame.f_code
    module = frame.f_globals.get("__name__")
    last, columns = _place(code, step)
    return [
        real_path(code.co_filename) if not code.co_filename.startswith("<") else code.co_filename,
        module if isinstance(module, str) else "",
        getattr(code, "co_qualname", code.co_name),
        step.tb_lineno,
        last,
        columns,
    ]


def _place(code: CodeType, step: TracebackType) -> tuple[int, list[int] | None]:
    if not hasattr(code, "co_positions"):
        return step.tb_lineno, None
    for index, place in enumerate(code.co_positions()):
        if index == step.tb_lasti // 2:
            line, last, column, end = place
            if line == step.tb_lineno and last and column is not None and end is not None:
                return last, [column, end]
            break
    return step.tb_lineno, None
