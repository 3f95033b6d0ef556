"""Writes down the calls of the project's own code that one test makes: arguments, what else was
read, result or exception, and what became of the arguments.

Tracing is by `sys.settrace`, without line events: unlike a profile function it is told of
exceptions, is not called for C functions, and leaves frames of other code alone. Threads are not
traced, nor are other processes; how many were started is told. Values are told by
`probe.summary`, two levels deep: no code of the user's runs for it.
"""

from __future__ import annotations

import dis
import inspect
import json
import marshal
import os
import re
import sys
from collections.abc import Iterator, Mapping
from types import CodeType, FrameType, ModuleType
from typing import Any

from .clock import Clock
from .hotswap import real_path
from .summary import Summarizer, type_name
from .watchers import Message, Watcher

DEPTH, ITEMS, NODES = 2, 30, 150
"""Bounds of one value's summary: a call costs as much as its summaries do."""

SHORT = 80
"""Texts up to this length are summed up once, as other simple values are."""

ROOT, TEMPORARY = "<root>", "<tmp>"
"""What stands in texts for the tree's own directory and for the child's directory."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_LONG_NUMBER = re.compile(r'"v", "int", "(\d{14,15})"')
_ADDRESSES = range(0x5000_0000_0000, 0x1_0000_0000_0000)
"""Numbers that are, or look like, what `id` returns."""

_FOREIGN, _OWN, _INLINE, _THREAD, _PROCESS = range(5)
_MARKS = {("threading.py", "start"): _THREAD, ("subprocess.py", "_execute_child"): _PROCESS}
"""What starts a thread or a process, by file and name: importing these would change the program."""
_WHENEVER = frozenset({"weakref.py", "_weakrefset.py"})
"""Whose functions run, as `__del__` does, when the garbage collector comes to it."""
_INLINED = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
"""Their frames are part of the function they stand in, as they are from Python 3.12 on."""

_PROBE = os.path.dirname(os.path.realpath(__file__)) + os.sep
_PLAIN = frozenset(
    {int, float, complex, bool, str, bytes, type(None), tuple, list, dict, set, frozenset}
    | {re.Pattern, range}
)
_MUTABLE_FREE = frozenset({int, float, complex, bool, str, bytes, type(None), re.Pattern, range})
_SIMPLE = frozenset({int, bool, str, type(None)})
_SUSPENDS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_SUSPENDING = ("YIELD", "RESUME")
_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

_HOW, _VALUE, _AFTER, _LEFT = 5, 6, 7, 8
"""Where in a call stands what is known only when it has ended."""

_dumps = json.dumps
_marshal = marshal.dumps
_settrace, _gettrace = sys.settrace, sys.gettrace
_module = type.__dict__["__module__"].__get__
_mro = type.__dict__["__mro__"].__get__
_vars = type.__dict__["__dict__"].__get__

Slot = tuple[str, Mapping[str, Any], str]
"""What a hidden input is called, and where it is looked up."""


class Values:
    """Summaries, each kept once and told by its number."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._summarizer = Summarizer(DEPTH, ITEMS, NODES)
        self._numbers: dict[str, int] = {}
        self._raw: dict[bytes, int] = {}
        self._simple: dict[tuple[type, Any], int] = {}
        self._places = [(_dumps(p)[1:-1], name) for p, name in places.items() if len(p) > 1]

    def number(self, value: Any) -> int:
        kind = type(value)
        if kind not in _SIMPLE or (kind is str and len(value) > SHORT):
            return self._number(value)
        found = self._simple.get((kind, value))
        if found is None:
            found = self._simple[kind, value] = self._number(value)
        return found

    def _number(self, value: Any) -> int:
        told = self._summarizer.of(value)
        # Version 2 writes equal values alike, whichever objects they share; far faster than JSON.
        raw = _marshal(told, 2)
        found = self._raw.get(raw)
        if found is None:
            text = self._normal(_dumps(told))
            found = self._raw[raw] = self._numbers.setdefault(text, len(self._numbers))
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
        return [json.loads(text) for text in self._numbers]


class Tracer(Watcher):
    """Traces each test of the child, from before its set-up to after its teardown.

    `told` has `repo` and `excluded` (what is the project's), `events` (so many calls and returns
    are written down), `seconds` (for so long), and `lines`: None, or `[path, qualified
    name, first line, number]` of the one call of one function whose lines are to be told too.

    The event "traced" has `codes` (`[path, qualified name, first line]`), `values`, and `calls` in
    the order of their start: `[code, parent, line of the call, arguments, hidden inputs, how it
    ended, value, arguments afterwards, last line]`. Values are numbers in `values`; of the
    arguments afterwards only those that may have changed are told. A generator's or coroutine's
    stretch from one suspension to the next is a call. Of what is not the project's, calls made
    straight from its code are told, with an empty path and no more than their names.
    """

    def __init__(self, told: Message) -> None:
        self._repo = os.path.realpath(told["repo"])
        self._excluded = tuple(os.path.realpath(path) + os.sep for path in told["excluded"])
        self._most: int = told["events"]
        self._seconds: float = told["seconds"]
        lines = told.get("lines")
        self._wanted = lines[:3] if lines else None
        self._wanted_number = lines[3] if lines else 0
        self._kinds: dict[CodeType, int] = {}
        self._opcodes: dict[CodeType, bytes] = {}
        self._hidden: dict[CodeType, list[Slot]] = {}
        self._of_class: dict[tuple[CodeType, type], list[Slot]] = {}

    # -- the watcher

    def begin(self, item: Any) -> None:  # noqa: ARG002
        places = {self._repo: ROOT, os.environ.get("TMPDIR", ""): TEMPORARY}
        self._values = Values(places)
        self._codes: dict[CodeType, int] = {}
        self._other: dict[CodeType, str] = {}
        self._calls: list[list[Any]] = []
        self._open: list[tuple[FrameType, int]] = []
        self._raised: dict[int, tuple[int, int]] = {}
        self._suspended: set[int] = set()
        self._passing: tuple[int, int] | None = None
        self._lines: list[int] = []
        self._seen = 0
        self._events = self._threads = self._processes = 0
        self._cut = ""
        self._began = Clock.monotonic()
        self._until = self._began + self._seconds
        self._trace = self._on_call
        _settrace(self._trace)

    def end(self, item: Any, result: Message) -> list[Message]:  # noqa: ARG002
        if not self._cut and _gettrace() != self._trace:
            self._cut = "the test sets a trace function of its own"
        _settrace(None)
        self._open.clear()
        return [
            {
                "type": "traced",
                "test": result["test"],
                "codes": [self._told(code) for code in self._codes],
                "values": self._values.all(),
                "calls": self._calls,
                "lines": self._lines,
                "cut": self._cut,
                "events": self._events,
                "threads": self._threads,
                "processes": self._processes,
                "seconds": Clock.monotonic() - self._began,
            }
        ]

    # -- which code

    def _told(self, code: CodeType) -> list[Any]:
        if code in self._other:
            return ["", self._other[code], 0]
        return [self._relative(code), _qualified(code), code.co_firstlineno]

    def _relative(self, code: CodeType) -> str:
        path = real_path(code.co_filename)
        return path[len(self._repo) + 1 :].replace(os.sep, "/")

    def _is_own(self, path: str) -> bool:
        real = real_path(path)
        return real.startswith(self._repo + os.sep) and not real.startswith(self._excluded)

    def _kind_of(self, code: CodeType) -> int:
        name = code.co_filename
        mark = _MARKS.get((os.path.basename(name), code.co_name))
        if mark is not None and not self._is_own(name):
            return mark
        if name.startswith("<frozen") or real_path(name).startswith(_PROBE):
            # How modules are imported, and what the probe has put around it.
            return _INLINE
        if code.co_name == "__del__" or os.path.basename(name) in _WHENEVER:
            return _INLINE
        if name.startswith("<") or not self._is_own(name):
            return _FOREIGN
        return _INLINE if code.co_name in _INLINED else _OWN

    # -- events

    def _on_call(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        code = frame.f_code
        kind = self._kinds.get(code)
        if kind is None:
            kind = self._kinds[code] = self._kind_of(code)
        if kind == _INLINE:
            # Neither told nor looked into; what it calls counts as called by who called it.
            return None
        try:
            if kind != _OWN:
                self._saw_other(frame, code, kind)
                return None
            frame.f_trace_lines = False
            self._enter(frame, code)
        except Exception as problem:
            self._stop(f"tracing went wrong ({type(problem).__name__})")
            return None
        return None if self._cut else self._on_event

    def _saw_other(self, frame: FrameType, code: CodeType, kind: int) -> None:
        """Of other code, it is only told that the project's calls it."""
        self._threads += kind == _THREAD
        self._processes += kind == _PROCESS
        caller = frame.f_back
        while caller is not None and self._kinds.get(caller.f_code) == _INLINE:
            caller = caller.f_back
        if self._open and self._open[-1][0] is caller:
            above, parent = self._open[-1]
            if code not in self._codes:
                module = frame.f_globals.get("__name__")
                self._other[code] = f"{module}.{_qualified(code)}"
            self._count()
            number = self._codes.setdefault(code, len(self._codes))
            self._calls.append([number, parent, above.f_lineno, {}, {}, "other", None, {}, 0])

    def _enter(self, frame: FrameType, code: CodeType) -> None:
        self._count()
        number = self._codes.setdefault(code, len(self._codes))
        parent, line = -1, 0
        if self._open:
            above, parent = self._open[-1]
            line = above.f_lineno
        arguments: dict[str, int] = {}
        hidden: dict[str, int] = {}
        if id(frame) not in self._suspended:
            values = frame.f_locals
            for name in _parameters(code):
                if name in values:
                    arguments[name] = self._values.number(values[name])
            hidden = self._hidden_inputs(frame, code, values)
        self._calls.append([number, parent, line, arguments, hidden, "open", None, {}, 0])
        self._open.append((frame, len(self._calls) - 1))
        if self._wanted is not None and self._told(code) == self._wanted:
            frame.f_trace_lines = self._seen == self._wanted_number
            self._seen += 1

    def _on_event(self, frame: FrameType, event: str, arg: Any) -> Any:
        try:
            if event == "exception":
                self._saw_exception(frame, arg[1])
            elif event == "return":
                self._leave(frame, arg)
            elif event == "line" and len(self._lines) < self._most:
                self._lines.append(frame.f_lineno)
        except Exception as problem:
            self._stop(f"tracing went wrong ({type(problem).__name__})")
        return None if self._cut else self._on_event

    def _saw_exception(self, frame: FrameType, error: BaseException) -> None:
        """One that passes through several frames is summed up once."""
        if self._passing is None or self._passing[0] != id(error):
            self._passing = (id(error), self._values.number(error))
        self._raised[id(frame)] = (self._passing[1], frame.f_lasti)

    def _leave(self, frame: FrameType, value: Any) -> None:
        self._count()
        code = frame.f_code
        raised = self._raised.pop(id(frame), None)
        self._suspended.discard(id(frame))
        depth = len(self._open) - 1
        while depth >= 0 and self._open[depth][0] is not frame:
            depth -= 1
        if depth < 0:
            # A generator into which an exception was thrown: up to Python 3.11 that is no call.
            return
        call = self._calls[self._open[depth][1]]
        del self._open[depth:]
        call[_LEFT] = frame.f_lineno
        suspends = code.co_flags & _SUSPENDS
        by = self._opname(frame) if suspends or (raised and value is None) else ""
        if raised and value is None and _is_unwinding(by, frame.f_lasti == raised[1]):
            call[_HOW], call[_VALUE] = "raised", raised[0]
        else:
            self._passing = None
            suspended = suspends and by.startswith(_SUSPENDING)
            call[_HOW] = "yielded" if suspended else "returned"
            if suspended:
                self._suspended.add(id(frame))
            if not (suspended and code.co_flags & _COROUTINE):
                call[_VALUE] = self._values.number(value)
        values = frame.f_locals
        for name, before in call[3].items():
            if name in values and type(values[name]) not in _MUTABLE_FREE:
                after = self._values.number(values[name])
                if after != before:
                    call[_AFTER][name] = after

    def _opname(self, frame: FrameType) -> str:
        code = frame.f_code
        found = self._opcodes.get(code)
        if found is None:
            found = self._opcodes[code] = code.co_code
        return dis.opname[found[frame.f_lasti]]

    def _count(self) -> None:
        self._events += 1
        if self._events > self._most:
            self._stop(f"after {self._most} calls and returns")
        elif Clock.monotonic() > self._until:
            self._stop(f"after {self._seconds:g} s")

    def _stop(self, why: str) -> None:
        self._cut = why
        _settrace(None)

    # -- hidden inputs

    def _hidden_inputs(
        self, frame: FrameType, code: CodeType, values: Mapping[str, Any]
    ) -> dict[str, int]:
        """Plain data that the function can reach by a name in its code: of its module's globals,
        of the project's modules and classes that are named there, and of its object's class."""
        slots = self._hidden.get(code)
        if slots is None:
            slots = self._hidden[code] = list(self._global_slots(code, frame.f_globals))
        if code.co_argcount and code.co_varnames[0] in ("self", "cls"):
            slots = slots + self._class_slots(code, values.get(code.co_varnames[0]))
        found = {}
        for label, holder, key in slots:
            value = holder.get(key, self)
            if type(value) in _PLAIN:
                found[label] = self._values.number(value)
        for name in code.co_freevars:
            value = values.get(name, self)
            if type(value) in _PLAIN:
                found[name] = self._values.number(value)
        return found

    def _global_slots(self, code: CodeType, found: dict[str, Any]) -> Iterator[Slot]:
        names = _names(code)
        for name in names:
            value = found.get(name, self)
            if name.startswith("__"):
                continue
            if type(value) in _PLAIN:
                yield name, found, name
            elif type(value) is ModuleType and self._is_own(_file_of(value)):
                inside = vars(value)
                yield from ((f"{name}.{key}", inside, key) for key in names if key in inside)
            elif isinstance(value, type) and self._is_own_class(value):
                yield from self._attributes(value, names)

    def _class_slots(self, code: CodeType, owner: Any) -> list[Slot]:
        kind = owner if type in _mro(type(owner)) else type(owner)
        key = (code, kind)
        if key not in self._of_class:
            own = self._is_own_class(kind)
            self._of_class[key] = list(self._attributes(kind, _names(code))) if own else []
        return self._of_class[key]

    def _attributes(self, kind: type, names: tuple[str, ...]) -> Iterator[Slot]:
        for name in names:
            for base in _mro(kind):
                if name in _vars(base):
                    if not name.startswith("__") and type(_vars(base)[name]) in _PLAIN:
                        yield f"{type_name(base).rpartition('.')[2]}.{name}", _vars(base), name
                    break

    def _is_own_class(self, kind: type) -> bool:
        name = _module(kind)
        module = sys.modules.get(name) if type(name) is str else None
        return module is not None and self._is_own(_file_of(module))


def _is_unwinding(by: str, at_exception: bool) -> bool:
    """A `return` event comes for an exception too: by the instruction that was run last, and
    whether it is the one that the exception came from.

    Python 3.13 suspends with the instruction after the yield as the last.
    """
    if by.startswith("RESUME"):
        return at_exception
    return not by.startswith(("RETURN", "YIELD"))


def _without_address(found: re.Match[str]) -> str:
    return '"?", "int"' if int(found[1]) in _ADDRESSES else found[0]


def _parameters(code: CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]


def _qualified(code: CodeType) -> str:
    return str(getattr(code, "co_qualname", code.co_name))


def _names(code: CodeType) -> tuple[str, ...]:
    """The global and attribute names in a function, its comprehensions included."""
    found = dict.fromkeys(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and constant.co_name in _INLINED:
            found.update(dict.fromkeys(_names(constant)))
    return tuple(found)


def _file_of(module: ModuleType) -> str:
    file = vars(module).get("__file__")
    return file if type(file) is str else ""
