"""Watches one test: what a function was given and gave back, and what of it the test received.

Tracing is by `sys.settrace`, in a child that is there for this alone. Frames of three kinds are
looked into: of the function, of those that wait for it, and of the test's own file; of others only
what they return to the test.
"""

from __future__ import annotations

import inspect
import json
import sys
import zlib
from types import CodeType, FrameType, FunctionType
from typing import Any

from .clock import Clock
from .hotswap import real_path
from .mutation import meter
from .summary import Summarizer, Summary

CALLS = 40
"""So many calls of the function are kept whole; of more, digests."""
DIGESTS = 2000
VISITS = 400
RESULTS = 400
ABOVE = 25
"""Frames above the function that are followed."""
SECONDS = 4.0
"""After so much of the processor's time a test is watched no further: waiting costs nothing."""

_OTHER, _TARGET, _TEST, _PROJECT = range(4)
_RESUMABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_dumps = json.dumps
_settrace, _gettrace = sys.settrace, sys.gettrace


class Ends:
    """How a frame leaves: what it returns, or what it raises.

    A `return` event comes with None for an exception too; a line that runs after the exception
    shows that it was caught.
    """

    def __init__(self, summarizer: Summarizer) -> None:
        self._summarizer = summarizer
        self._pending: BaseException | None = None

    def see(self, event: str, arg: Any) -> list[Any] | None:
        """The end, as ["returned" or "raised", summary], once there is one."""
        if event == "exception":
            self._pending = arg[1]
        elif event == "line":
            self._pending = None
        elif event == "return":
            if arg is None and self._pending is not None:
                return ["raised", self._summarizer.of(self._pending)]
            return ["returned", self._summarizer.of(arg)]
        return None


class Observer:
    """Watches one test after another.

    `spec` has `path`, `name`, `first` and `last`: the file, name and lines of the function;
    `tests`: the files of tests; `repo` and `excluded`: what is the project's; `looks`:
    expressions to be evaluated in a test's frame after a line has run, as `[line, text]`.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self._path: str = spec["path"]
        self._name: str = spec["name"]
        self._lines = range(spec["first"], spec["last"] + 1)
        self._tests = frozenset(spec["tests"])
        self._repo: str = spec["repo"] + "/"
        self._excluded = tuple(f"{place}/" for place in spec["excluded"])
        self._looks: dict[int, list[str]] = {}
        for line, text in spec.get("looks", ()):
            self._looks.setdefault(line, []).append(text)
        self._kinds: dict[int, tuple[int, CodeType]] = {}
        self._positions: dict[CodeType, list[Any]] = {}
        self.summarizer = Summarizer()
        self.begin()

    def begin(self, item: Any = None) -> None:
        """Watch from now on. The function of the test item may stand in another file than the item
        was collected from, one that its class inherits; but the file of somebody's decorator
        (`freeze_time`) is no file of tests."""
        path = _path_of(getattr(item, "function", None))
        if path not in self._tests and self._is_project(path):
            self._tests |= {path}
            self._kinds.clear()
        self._calls: list[dict[str, Any]] = []
        self._count = 0
        self._digests: list[int] = []
        self._frames: list[dict[str, Any]] = []
        self._results: list[list[Any]] = []
        self._above: dict[int, list[Any]] = {}
        self._returns: list[Any] = []
        self._suspended: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._found: list[list[Any]] = []
        self._number = 0
        self._cut = False
        self._until = Clock.used() + SECONDS
        self._trace = self._on_call
        _settrace(self._trace)

    def end(self, node_id: str) -> dict[str, Any]:
        """Watch no more; what was seen."""
        lost = _gettrace() != self._trace and not self._cut
        _settrace(None)
        for frame in self._frames:
            frame.pop("state", None)
        return {
            "type": "observed",
            "test": node_id,
            "entered": meter.count > 0,
            "calls": self._calls,
            "count": self._count,
            "digests": self._digests,
            "returns": self._returns,
            "frames": self._frames,
            "results": self._results,
            "looks": self._found,
            "types": self.summarizer.types,
            "cut": self._cut,
            "lost": lost,
        }

    # -- which frames

    def _kind_of(self, code: CodeType) -> int:
        path = real_path(code.co_filename)
        if path == self._path and code.co_name == self._name and code.co_firstlineno in self._lines:
            return _TARGET
        if path in self._tests:
            return _TEST
        return _PROJECT if self._is_project(path) else _OTHER

    def _is_project(self, path: str) -> bool:
        return path.startswith(self._repo) and not path.startswith(self._excluded)

    def _kind(self, code: CodeType) -> int:
        # Not by the code itself: to hash one costs more than all else here, and two files with the
        # same text have equal ones.
        known = self._kinds.get(id(code))
        if known is None:
            known = self._kinds[id(code)] = (self._kind_of(code), code)
        return known[0]

    def _on_call(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        code = frame.f_code
        kind = self._kind(code)
        back = frame.f_back
        to_test = back is not None and self._kind(back.f_code) == _TEST
        if kind == _OTHER and not to_test:
            return None
        if Clock.used() > self._until:
            self._cut = True
            _settrace(None)
            return None
        followers = []
        if kind == _TARGET:
            followers.append(self._call(frame))
        if kind == _TEST and not code.co_name.startswith("<"):
            followers.append(self._test_frame(frame))
        if to_test and back is not None and not _is_pytests(code):
            followers.append(self._result(back, code))
        followers = [one for one in followers if one is not None]
        if not followers:
            return None

        def local(frame: FrameType, event: str, arg: Any) -> Any:
            for one in followers:
                one(frame, event, arg)
            return local

        return local

    # -- the function

    def _call(self, frame: FrameType) -> Any:
        code = frame.f_code
        if code.co_flags & _RESUMABLE and id(frame) in self._suspended:
            return self._suspended[id(frame)]
        self._count += 1
        if self._count > CALLS + DIGESTS:
            return None
        names = _parameters(code)
        values = dict(frame.f_locals)
        call: dict[str, Any] = {
            "given": [[name, self.summarizer.of(values[name])] for name in names if name in values],
            "ends": [],
            "left": [],
            "stack": self._stack(frame),
        }
        before = {name: _dumps(summary) for name, summary in call["given"]}
        held = {name: values[name] for name in before}
        ends = Ends(self.summarizer)
        kept = self._count <= CALLS
        if kept:
            self._calls.append(call)

        def follow(_: FrameType, event: str, arg: Any) -> None:
            end = ends.see(event, arg)
            if end is None:
                return
            call["ends"].append(end)
            after = [[name, self.summarizer.of(value)] for name, value in held.items()]
            call["left"] = [row for row in after if _dumps(row[1]) != before[row[0]]]
            if not kept:
                self._digests.append(_digest([call["given"], call["ends"], call["left"]]))

        if code.co_flags & _RESUMABLE:
            self._suspended[id(frame)] = follow
        return follow

    def _stack(self, frame: FrameType) -> list[list[Any]]:
        """The project's frames that wait for this one, from the inside to the test."""
        rows: list[list[Any]] = []
        above = frame.f_back
        while above is not None and len(rows) < ABOVE:
            kind = self._kind(above.f_code)
            if kind != _OTHER:
                path = real_path(above.f_code.co_filename).removeprefix(self._repo)
                number = -1 if kind == _TEST else self._follow(above)
                rows.append([number, path, above.f_code.co_name, above.f_lineno])
            if kind == _TEST:
                break
            above = above.f_back
        return rows

    def _follow(self, frame: FrameType) -> int:
        """Learn what a frame that runs already will return; its number."""
        known = self._above.get(id(frame))
        if known is not None:
            return int(known[0])
        number = self._number = self._number + 1
        self._above[id(frame)] = [number]
        ends = Ends(self.summarizer)
        inner = frame.f_trace

        def local(frame: FrameType, event: str, arg: Any) -> Any:
            if inner is not None:
                inner(frame, event, arg)
            end = ends.see(event, arg)
            if end is not None:
                self._above.pop(id(frame), None)
                if len(self._returns) < RESULTS:
                    self._returns.append([number, *end])
            return local

        frame.f_trace = local
        return number

    # -- the test

    def _test_frame(self, frame: FrameType) -> Any:
        code = frame.f_code
        if code.co_flags & _RESUMABLE and id(frame) in self._suspended:
            return self._suspended[id(frame)]
        record: dict[str, Any] = {
            "path": real_path(code.co_filename).removeprefix(self._repo),
            "name": code.co_name,
            "first": code.co_firstlineno,
            "visits": [],
            "state": {},
        }
        number = self._numbers[id(frame)] = len(self._frames)
        self._frames.append(record)
        at = [code.co_firstlineno]

        def follow(frame: FrameType, event: str, arg: Any) -> None:
            if event == "exception":
                row = [number, [at[0], at[0], 0, 0], "", "caught", self.summarizer.of(arg[1])]
                self._keep(row)
            elif event in ("line", "return"):
                self._look(frame, record, at[0])
                at[0] = frame.f_lineno

        if code.co_flags & _RESUMABLE:
            self._suspended[id(frame)] = follow
        return follow

    def _look(self, frame: FrameType, record: dict[str, Any], line: int) -> None:
        """What the frame's variables have become by the line that has just run."""
        if len(record["visits"]) >= VISITS:
            self._cut = True
            return
        state = record["state"]
        changed: dict[str, Summary | None] = {}
        values = {k: v for k, v in dict(frame.f_locals).items() if k[:1] != "@" and k[:2] != "__"}
        for name, value in values.items():
            summary = self._of_local(name, value)
            text = _dumps(summary)
            if state.get(name) != text:
                state[name] = text
                changed[name] = summary
        for name in [name for name in state if name not in values]:
            del state[name]
            changed[name] = None
        record["visits"].append([line, changed])
        for text in self._looks.get(line, ()):
            self._found.append([line, text, self._ask(text, frame, values)])

    def _of_local(self, name: str, value: Any) -> Summary:
        summary = self.summarizer.of(value)
        if name in ("self", "cls") and summary[0] == "o":
            # What unittest and pytest keep in a test's object is not the test's.
            summary = [*summary[:2], [row for row in summary[2] if row[0][:1] != "_"], summary[3]]
        return summary

    def _ask(self, text: str, frame: FrameType, values: dict[str, Any]) -> Summary | None:
        """The value of an expression: here the user's code does run."""
        try:
            return self.summarizer.of(eval(text, frame.f_globals, dict(values)))
        except Exception:
            return None

    def _result(self, frame: FrameType, callee: CodeType) -> Any:
        number = self._numbers.get(id(frame), -1)
        place = self._place(frame)
        ends = Ends(self.summarizer)
        row: list[Any] = [number, place, callee.co_name, "", None]
        self._keep(row)

        def follow(_: FrameType, event: str, arg: Any) -> None:
            end = ends.see(event, arg)
            if end is not None and row[3] == "":
                row[3:] = end

        return follow

    def _keep(self, row: list[Any]) -> None:
        if len(self._results) < RESULTS:
            self._results.append(row)
        else:
            self._cut = True

    def _place(self, frame: FrameType) -> list[int]:
        """Line, last line, and columns (bytes of UTF-8) of what a frame is evaluating."""
        code = frame.f_code
        if not hasattr(code, "co_positions"):
            return [frame.f_lineno, frame.f_lineno, 0, 0]
        if code not in self._positions:
            self._positions[code] = list(code.co_positions())
        place = self._positions[code][frame.f_lasti // 2]
        if None in place:
            return [frame.f_lineno, frame.f_lineno, 0, 0]
        return list(place)


def _path_of(function: Any) -> str:
    """The file of a test's function, below its decorators; empty if it is none."""
    while type(function) is FunctionType:
        inner = function.__dict__.get("__wrapped__")
        if type(inner) is not FunctionType:
            return real_path(function.__code__.co_filename)
        function = inner
    return ""


def _digest(value: Any) -> int:
    return zlib.crc32(_dumps(value).encode())


def _is_pytests(code: CodeType) -> bool:
    path = code.co_filename
    return "/_pytest/" in path or "/pluggy/" in path or path.startswith("<")


def _parameters(code: CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]


def lines_of_failure(error: BaseException | None, path: str) -> list[int]:
    """The lines of a file that an exception has passed, from the outside in."""
    lines = []
    step = None if error is None else error.__traceback__
    while step is not None:
        if real_path(step.tb_frame.f_code.co_filename) == path:
            lines.append(step.tb_lineno)
        step = step.tb_next
    return lines
