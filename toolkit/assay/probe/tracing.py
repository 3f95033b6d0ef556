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
import os
import re
import sys
from collections.abc import Callable
from types import CodeType, FrameType, FunctionType
from typing import Any

from .clock import Clock
from .hotswap import real_path
from .reading import INLINED, PLAIN, UNCHANGING, Reading, Slot, module_values
from .summary import mro
from .values import KNOWN_AT_SIGHT, Values
from .watchers import Message, Watcher

ROOT, TEMPORARY = "<root>", "<tmp>"
"""What stands in texts for the tree's own directory and for the child's directory."""

WHOLE = 1000
"""So many calls of one function are told whole; of later ones, simple values only."""

BETWEEN, OWN_BETWEEN = 1024, 16
"""After so many calls of other code, and calls and returns of the project's, the clocks are looked
at."""

WAITING = 5
"""So many times the seconds of the processor may pass by the clock on the wall."""

_FOREIGN, _INLINE, _THREAD, _PROCESS = range(4)
_MARKS = {"start": ("threading.py", _THREAD), "_execute_child": ("subprocess.py", _PROCESS)}
"""What starts a thread or a process, by name and file: importing these would change the program."""
_WHENEVER = frozenset({"weakref.py", "_weakrefset.py"})
"""Whose functions run, as `__del__` does, when the garbage collector comes to it."""
_GENERATED = frozenset({"__init__", "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"})
"""Methods that dataclasses and attrs write, as text that stands in no file."""

_PROBE = os.path.dirname(os.path.realpath(__file__)) + os.sep
_SUSPENDS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_SUSPENDING = ("YIELD", "RESUME")
_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

_HOW, _VALUE, _AFTER, _LEFT = 5, 6, 7, 8
"""Where in a call stands what is known only when it has ended."""

_settrace, _gettrace = sys.settrace, sys.gettrace
_open_file = open
_qualname = type.__dict__["__qualname__"].__get__
_vars = type.__dict__["__dict__"].__get__


class _Own:
    """What is known of a function of the project, from its first call on.

    `place` is its path, qualified name and first line; `line`, of generated code, the one that
    stands for all of its own.
    """

    __slots__ = (
        "calls",
        "code",
        "globals",
        "line",
        "number",
        "opcodes",
        "parameters",
        "place",
        "suspends",
        "takes_object",
    )

    def __init__(self, code: CodeType, place: tuple[str, str, int], line: int = 0) -> None:
        self.code = code
        self.place = place
        self.line = line
        self.number = -1
        self.calls = 0
        self.parameters = _parameters(code)
        self.takes_object = bool(code.co_argcount) and code.co_varnames[0] in ("self", "cls")
        self.suspends = bool(code.co_flags & _SUSPENDS)
        self.opcodes = b""
        self.globals: list[Slot] | None = None

    def opname(self, frame: FrameType) -> str:
        if not self.opcodes:
            self.opcodes = self.code.co_code
        return dis.opname[self.opcodes[frame.f_lasti]]


class Tracer(Watcher):
    """Traces each test of the child, from before its set-up to after its teardown.

    `told` has `repo` and `excluded` (what is the project's), `events` (so many calls and returns
    are written down), `seconds` (for so long, of the processor's time), `lines`: None, or `[path,
    qualified name, first line, number]` of the one call of one function whose lines are to be told
    too, and `modules`: whether what the project's modules hold before the test is, too.

    The event "traced" has `codes` (`[path, qualified name, first line]`), `values`, and `calls` in
    the order of their start: `[code, parent, line of the call, arguments, hidden inputs, how it
    ended, value, arguments afterwards, last line]`. Values are numbers in `values`; of the
    arguments afterwards only those that may have changed are told. A generator's or coroutine's
    stretch from one suspension to the next is a call. Of what is not the project's, calls made
    straight from its code are told, with an empty path and no more than their names. `shortened`
    are the numbers of the codes of which not all calls are told whole, `modules` has `[path, name,
    value]` of data in modules and their classes.
    """

    def __init__(self, told: Message) -> None:
        self._repo = os.path.realpath(told["repo"]) + os.sep
        self._excluded = tuple(os.path.realpath(path) + os.sep for path in told["excluded"])
        self._most: int = told["events"]
        self._seconds: float = told["seconds"]
        lines = told.get("lines")
        self._modules: bool = told.get("modules", False)
        self._wanted = tuple(lines[:3]) if lines else None
        self._wanted_number = lines[3] if lines else 0
        # By the number of the code object: to hash one takes longer than all else here.
        self._kinds: dict[int, int | _Own] = {}
        self._kept: list[CodeType] = []
        self._kinds_of_files: dict[str, int | None] = {}
        self._reading = Reading(self._is_own)

    # -- the watcher

    def begin(self, item: Any) -> None:  # noqa: ARG002
        places = {self._repo[:-1]: ROOT, os.environ.get("TMPDIR", ""): TEMPORARY}
        self._values = Values(places)
        self._codes: list[list[Any]] = []
        self._owns: list[_Own] = []
        self._others: dict[int, int] = {}
        self._calls: list[list[Any]] = []
        self._open: list[tuple[FrameType, int, _Own]] = []
        self._raised: dict[int, tuple[int, int]] = {}
        self._suspended: set[int] = set()
        self._passing: tuple[int, int] | None = None
        self._lines: list[int] = []
        self._seen = 0
        self._events = self._threads = self._processes = 0
        self._cut = ""
        self._module_values = module_values(self._reading, self._values) if self._modules else []
        self._began, self._used = Clock.monotonic(), Clock.used()
        self._trace = self._tracing()
        _settrace(self._trace)

    def end(self, item: Any, result: Message) -> list[Message]:  # noqa: ARG002
        if not self._cut and _gettrace() != self._trace:
            self._cut = "the test sets a trace function of its own"
        _settrace(None)
        self._open.clear()
        told = {
            "type": "traced",
            "test": result["test"],
            "codes": self._codes,
            "values": self._values.all(),
            "calls": self._calls,
            "lines": self._lines,
            "modules": [[self._relative(file), *row] for file, *row in self._module_values],
            "cut": self._cut,
            "events": self._events,
            "threads": self._threads,
            "processes": self._processes,
            "shortened": [own.number for own in self._owns if own.calls > WHOLE],
            "seconds": Clock.monotonic() - self._began,
        }
        for own in self._owns:
            own.number, own.calls = -1, 0
        return [told]

    # -- which code

    def _is_own(self, path: str) -> bool:
        real = real_path(path)
        return real.startswith(self._repo) and not real.startswith(self._excluded)

    def _relative(self, path: str) -> str:
        return real_path(path)[len(self._repo) :].replace(os.sep, "/")

    def _learn(self, frame: FrameType) -> int | _Own:
        """What a code object is, when it is seen first; it is kept, so that its number stays."""
        code = frame.f_code
        self._kept.append(code)
        found = self._kinds[id(code)] = self._kind_of(code, frame)
        return found

    def _kind_of(self, code: CodeType, frame: FrameType) -> int | _Own:
        name = code.co_filename
        if name not in self._kinds_of_files:
            self._kinds_of_files[name] = self._kind_of_file(name)
        kind = self._kinds_of_files[name]
        if kind is None:
            if code.co_name == "__del__" or code.co_name in INLINED:
                return _INLINE
            return _Own(code, (self._relative(name), _qualified(code), code.co_firstlineno))
        if kind == _INLINE or code.co_name == "__del__":
            return _INLINE
        if name.startswith("<"):
            return self._generated(code, frame) or _FOREIGN
        mark = _MARKS.get(code.co_name)
        return mark[1] if mark and os.path.basename(name) == mark[0] else _FOREIGN

    def _kind_of_file(self, name: str) -> int | None:
        """None for the project's."""
        if name.startswith("<frozen") or real_path(name).startswith(_PROBE):
            # How modules are imported, and what the probe has put around it.
            return _INLINE
        if not name.startswith("<") and self._is_own(name):
            return None if os.path.basename(name) not in _WHENEVER else _INLINE
        return _INLINE if os.path.basename(name) in _WHENEVER else _FOREIGN

    def _generated(self, code: CodeType, frame: FrameType) -> _Own | None:
        """A method that was written for a class of the project; it stands where the class does."""
        if code.co_name not in _GENERATED or code.co_varnames[:1] != ("self",):
            return None
        for kind in mro(type(frame.f_locals.get("self"))):
            method = _vars(kind).get(code.co_name)
            if type(method) is FunctionType and method.__code__ is code:
                file = self._reading.file_of_class(kind)
                if not file:
                    return None
                name = _qualname(kind)
                line = _line_of_class(file, name)
                return _Own(code, (self._relative(file), f"{name}.{code.co_name}", line), line)
        return None

    # -- events

    def _tracing(self) -> Callable[[FrameType, str, Any], Any]:
        """The trace function, which is called for each frame of whatever code."""
        kinds, opened = self._kinds, self._open
        left = BETWEEN

        def on_call(frame: FrameType, _event: str, _arg: Any) -> Any:
            nonlocal left
            kind = kinds.get(id(frame.f_code))
            try:
                if kind is None:
                    kind = self._learn(frame)
                if kind == _INLINE:
                    # Neither told nor looked into; what it calls counts as called by its caller.
                    return None
                if type(kind) is _Own:
                    self._enter(frame, kind)
                    return None if self._cut else self._on_event
                left -= 1
                if not left:
                    left = BETWEEN
                    self._look_at_clocks()
                if opened or kind != _FOREIGN:
                    self._saw_other(frame, kind)
            except Exception as problem:
                self._stop(f"tracing went wrong ({type(problem).__name__})")
            return None

        return on_call

    def _saw_other(self, frame: FrameType, kind: Any) -> None:
        """Of other code, it is only told that the project's calls it."""
        self._threads += kind == _THREAD
        self._processes += kind == _PROCESS
        if not self._open:
            return
        above, parent, own = self._open[-1]
        caller = frame.f_back
        while caller is not above:
            if caller is None or self._kinds.get(id(caller.f_code)) != _INLINE:
                return
            caller = caller.f_back
        self._count()
        code = frame.f_code
        number = self._others.get(id(code))
        if number is None:
            number = self._others[id(code)] = len(self._codes)
            module = frame.f_globals.get("__name__")
            self._codes.append(["", f"{module}.{_qualified(code)}", 0])
        line = own.line or above.f_lineno
        self._calls.append([number, parent, line, {}, {}, "other", None, {}, 0])

    def _enter(self, frame: FrameType, own: _Own) -> None:
        self._count()
        frame.f_trace_lines = False
        if own.number < 0:
            own.number = len(self._codes)
            self._codes.append(list(own.place))
            self._owns.append(own)
        own.calls += 1
        parent, line = -1, 0
        if self._open:
            above, parent, caller = self._open[-1]
            line = caller.line or above.f_lineno
        arguments: dict[str, int] = {}
        hidden: dict[str, int] = {}
        if id(frame) not in self._suspended:
            values = frame.f_locals
            number, whole = self._values.number, own.calls <= WHOLE
            for name in own.parameters:
                if name in values and (whole or type(values[name]) in KNOWN_AT_SIGHT):
                    arguments[name] = number(values[name])
            if whole:
                self._read(frame, own, values, hidden)
        self._open.append((frame, len(self._calls), own))
        self._calls.append([own.number, parent, line, arguments, hidden, "open", None, {}, 0])
        if own.place == self._wanted:
            frame.f_trace_lines = self._seen == self._wanted_number
            self._seen += 1

    def _read(self, frame: FrameType, own: _Own, values: Any, found: dict[str, int]) -> None:
        if own.globals is None:
            own.globals = self._reading.globals_of(frame)
        for slot in own.globals:
            slot.look(self._values, found)
        code = own.code
        if own.takes_object:
            for slot in self._reading.class_of(code, values.get(code.co_varnames[0])):
                slot.look(self._values, found)
        for name in code.co_freevars:
            if type(values.get(name, self)) in PLAIN:
                found[name] = self._values.number(values[name])

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
        raised = self._raised.pop(id(frame), None)
        self._suspended.discard(id(frame))
        depth = len(self._open) - 1
        while depth >= 0 and self._open[depth][0] is not frame:
            depth -= 1
        if depth < 0:
            # A generator into which an exception was thrown: up to Python 3.11 that is no call.
            return
        _, index, own = self._open[depth]
        call = self._calls[index]
        del self._open[depth:]
        call[_LEFT] = own.line or frame.f_lineno
        suspends, whole = own.suspends, own.calls <= WHOLE
        by = own.opname(frame) if suspends or (raised and value is None) else ""
        if raised and value is None and _is_unwinding(by, frame.f_lasti == raised[1]):
            call[_HOW], call[_VALUE] = "raised", raised[0]
        else:
            self._passing = None
            suspended = suspends and by.startswith(_SUSPENDING)
            call[_HOW] = "yielded" if suspended else "returned"
            if suspended:
                self._suspended.add(id(frame))
            told = whole or type(value) in KNOWN_AT_SIGHT
            if told and not (suspended and own.code.co_flags & _COROUTINE):
                call[_VALUE] = self._values.number(value)
        if whole and call[3]:
            values = frame.f_locals
            for name, before in call[3].items():
                if name in values and type(values[name]) not in UNCHANGING:
                    after = self._values.number(values[name])
                    if after != before:
                        call[_AFTER][name] = after

    # -- limits

    def _count(self) -> None:
        self._events += 1
        if self._events > self._most:
            self._stop(f"after {self._most} calls and returns")
        elif not self._events % OWN_BETWEEN:
            self._look_at_clocks()

    def _look_at_clocks(self) -> None:
        used, passed = Clock.used() - self._used, Clock.monotonic() - self._began
        if used > self._seconds or passed > WAITING * self._seconds:
            self._stop(f"after {self._seconds:g} s")

    def _stop(self, why: str) -> None:
        """Trace no more; told is why, and where the project's code was then."""
        _settrace(None)
        self._cut = why
        if self._open:
            frame, index, own = self._open[-1]
            path, name, _ = own.place
            self._cut += f", in {path}:{own.line or frame.f_lineno} {name}, call {index + 1}"


def _is_unwinding(by: str, at_exception: bool) -> bool:
    """A `return` event comes for an exception too: by the instruction that was run last, and
    whether it is the one that the exception came from.

    Python 3.13 suspends with the instruction after the yield as the last.
    """
    if by.startswith("RESUME"):
        return at_exception
    return not by.startswith(("RETURN", "YIELD"))


def _parameters(code: CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]


def _qualified(code: CodeType) -> str:
    return str(getattr(code, "co_qualname", code.co_name))


def _line_of_class(file: str, name: str) -> int:
    """Where the statement of a class stands, by its qualified name; 1 if it is not found."""
    try:
        with _open_file(file, encoding="utf-8", errors="replace") as opened:
            lines = opened.read().splitlines()
    except OSError:
        return 1
    at = 0
    for part in name.split("."):
        statement = re.compile(rf"\s*(?:class|(?:async\s+)?def)\s+{re.escape(part)}\b")
        found = (number for number in range(at, len(lines)) if statement.match(lines[number]))
        at = next(found, at)
    return at + 1
