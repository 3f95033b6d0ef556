"""Which lines ran since it was last asked: by coverage's tracer, or by `sys.monitoring`.

Both are armed for the code of the project's files and nothing else, are inherited by forks, and see
all threads. From Python 3.12 the interpreter itself tells which lines run, and stops telling once a
line was heard of: asking for the next test's lines anew costs little. Before, every line is traced.
"""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import coverage

from .sharing import Sharing

CODE_EVENTS = frozenset({"exec", "function.__new__", "object.__setattr__"})
"""The audit events by which code comes alive: modules, `exec`, functions made or given new code."""

_MONITORING: Any = getattr(sys, "monitoring", None)

# Debuggers, coverage and profilers have numbers of their own (0 to 2) and optimisers the last one;
# 3 and 4 have no owner.
_TOOL_IDS = (4, 3, 5, 2, 1, 0)
_TOOL_NAME = "assay"


class Collector(Protocol):
    """Collects lines of the project's files while the suite runs."""

    name: str

    def start(self) -> None:
        """Begin: before the project is imported."""

    def stop(self) -> None:
        """Cease, and cost nothing any more."""

    def take(self) -> Mapping[str, Iterable[int]]:
        """The lines that ran since the last call, by file name; what runs next is told anew."""

    def disturbed(self) -> bool:
        """Whether somebody interfered, so that lines may be missing; it works again afterwards."""

    def saw_code(self, event: str, args: tuple[Any, ...]) -> None:
        """One of CODE_EVENTS."""


def make_collector(
    repo: str, excluded: Iterable[str], wanted: Callable[[str], bool], choice: str | None = None
) -> Collector:
    """The cheapest one that this Python has; `choice` is "coverage" or "monitoring".

    `wanted` says whether a file name is the project's.
    """
    if choice != "coverage" and _MONITORING is not None:
        tool = _free_tool()
        if tool is not None:
            return MonitoringCollector(wanted, tool)
    return CoverageCollector(repo, excluded)


_WARNINGS = [
    "already-imported",
    "module-not-imported",
    "module-not-measured",
    "module-not-python",
    "no-data-collected",
    "trace-changed",
]


_NO_UTF8 = "non-encodable filename"


class CoverageCollector:
    """Coverage's tracer, its data taken from it context by context."""

    name = "coverage"

    def __init__(self, repo: str, excluded: Iterable[str]) -> None:
        self._coverage = _AnyName(
            data_file=None,
            config_file=False,
            source=[repo],
            omit=[prefix + "*" for prefix in excluded],
            messages=False,
        )
        # What it has to say is not for the user: it is none of the user's measuring.
        self._coverage.set_option("run:disable_warnings", _WARNINGS)
        self._lines: dict[str, set[int]] = {}
        self._sharing = Sharing(self._start_own, self._should_trace, self._add_lines)
        self._asks = False

    def start(self) -> None:
        self._sharing.start()

    def _start_own(self) -> None:
        self._coverage.start()
        data = _data_of(self._coverage)
        # Coverage hands over the lines of the finished context here. Taking them at once, instead
        # of storing them in its database, is what makes a context a test affordable and lets a
        # result leave the process before the next test can take it down.
        data.add_lines = self._add_lines  # type: ignore[method-assign, assignment]
        data.add_file_tracers = _ignore  # type: ignore[method-assign, assignment]

    def _should_trace(self, filename: str, frame: Any) -> Any:
        """Whether a file is ours, asked on behalf of somebody else's tracer."""
        if not self._asks:
            # The rules are made when coverage starts, or is about to.
            if not self._sharing.has_own:
                self._coverage._init()
                self._coverage._inited_for_start = True
                self._coverage._init_for_start()
            self._asks = True
        return self._coverage._should_trace(filename, frame)

    def stop(self) -> None:
        self._sharing.stop()
        if self._sharing.has_own and not self._sharing.foreign_on_top():
            self._coverage.stop()

    def take(self) -> Mapping[str, Iterable[int]]:
        self._sharing.harvest()
        if self._sharing.has_own:
            self._coverage.switch_context("assay")
        lines, self._lines = self._lines, {}
        return lines

    def _add_lines(self, lines: Mapping[str, Iterable[int]]) -> None:
        for path, numbers in lines.items():
            self._lines.setdefault(path, set()).update(numbers)

    def disturbed(self) -> bool:
        if not self._sharing.active or not self._sharing.disturbed():
            return False
        # Somebody else's tracer is theirs to mend.
        if self._sharing.has_own and not self._sharing.foreign_on_top():
            self._coverage.stop()
            self._coverage.start()
            self._sharing.again()
        return True

    def saw_code(self, event: str, args: tuple[Any, ...]) -> None:
        """Coverage's tracer sees every frame by itself."""


class _AnyName(coverage.Coverage):
    """Coverage, but for its refusal of files whose names are no UTF-8: its database cannot hold
    them, and is not used here. It asks for that last, so that nothing else speaks against them."""

    def _should_trace(self, filename: str, frame: Any) -> Any:
        found = super()._should_trace(filename, frame)
        if found.reason == _NO_UTF8:
            found.trace, found.reason = True, ""
        return found


def _data_of(measured: coverage.Coverage) -> coverage.CoverageData:
    """Coverage's data object, without its walk over all files that nothing has run.

    The walk costs time, and fails at a file name that is no text.
    """
    touch = coverage.CoverageData.touch_file, coverage.CoverageData.touch_files
    coverage.CoverageData.touch_file = _ignore  # type: ignore[method-assign, assignment]
    coverage.CoverageData.touch_files = _ignore  # type: ignore[method-assign, assignment]
    try:
        return measured.get_data()
    finally:
        coverage.CoverageData.touch_file = touch[0]  # type: ignore[method-assign]
        coverage.CoverageData.touch_files = touch[1]  # type: ignore[method-assign]


def _ignore(*_: Any) -> None:
    """Stands in for a method whose work is not wanted."""


class MonitoringCollector:
    """`sys.monitoring`: each line of the project tells once that it ran, until it is asked anew."""

    name = "monitoring"

    def __init__(self, wanted: Callable[[str], bool], tool: int) -> None:
        self._wanted = wanted
        self._tool = tool
        self._event = _MONITORING.events.LINE
        # Code objects are never keys: two files with the same text have equal ones.
        self._ran: list[tuple[types.CodeType, int]] = []
        self._callback = _line_callback(self._ran)
        self._set_local_events = _MONITORING.set_local_events
        self._on = False

    def start(self) -> None:
        self._on = True
        _MONITORING.use_tool_id(self._tool, _TOOL_NAME)
        _MONITORING.register_callback(self._tool, self._event, self._callback)
        self._arm_what_is_alive()

    def stop(self) -> None:
        if self._on:
            self._on = False
            # Without a callback an event is dropped, and its line disabled in no time.
            _MONITORING.register_callback(self._tool, self._event, _disable)

    def take(self) -> Mapping[str, Iterable[int]]:
        ran = self._ran
        count = len(ran)
        if not count:
            return {}
        # Other threads may append meanwhile: those lines belong to the next one who asks.
        taken = ran[:count]
        del ran[:count]
        # Cheaper than arming each code object that ran anew (1.1 against 1.15 times plain pytest).
        _MONITORING.restart_events()
        lines: dict[str, list[int]] = {}
        for code, line in taken:
            path = code.co_filename
            if path in lines:
                lines[path].append(line)
            else:
                lines[path] = [line]
        return lines

    def disturbed(self) -> bool:
        if not self._on:
            return False
        ours = _MONITORING.get_tool(self._tool) == _TOOL_NAME
        if ours:
            # The one way to learn who is registered is to register.
            found = _MONITORING.register_callback(self._tool, self._event, self._callback)
            if found is self._callback:
                return False
        else:
            self._take_tool_again()
        self._arm_what_is_alive()
        return True

    def _take_tool_again(self) -> None:
        """Somebody freed our number, and may have taken it since."""
        tool = self._tool
        if _MONITORING.get_tool(tool) is not None:
            free = _free_tool()
            if free is None:
                return
            tool = self._tool = free
        _MONITORING.use_tool_id(tool, _TOOL_NAME)
        _MONITORING.register_callback(tool, self._event, self._callback)

    def saw_code(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "object.__setattr__":
            if args[1] != "__code__":
                return
            code = args[2]
        else:
            code = args[0]
        if self._on and type(code) is types.CodeType and self._wanted(code.co_filename):
            self._arm(code)

    def _arm(self, code: types.CodeType) -> None:
        for part in code_within(code):
            self._set_local_events(self._tool, part, self._event)

    def _arm_what_is_alive(self) -> None:
        """Code that was there before us, or whose events somebody has taken away."""
        # The collector does not list what has been frozen, as it is in a zygote.
        if gc.get_freeze_count():
            gc.unfreeze()
        for thing in gc.get_objects():
            if type(thing) is types.FunctionType and self._wanted(thing.__code__.co_filename):
                self._arm(thing.__code__)


def _line_callback(ran: list[tuple[types.CodeType, int]]) -> Callable[[types.CodeType, int], Any]:
    append = ran.append
    disable = _MONITORING.DISABLE

    def line_ran(code: types.CodeType, line: int) -> Any:
        append((code, line))
        return disable

    return line_ran


def _disable(*_: Any) -> Any:
    return _MONITORING.DISABLE


def _free_tool() -> int | None:
    for tool in _TOOL_IDS:
        if _MONITORING.get_tool(tool) is None:
            return tool
    return None


def code_within(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code object and all that it holds."""
    yield code
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            yield from code_within(constant)
