"""Lets our tracer and the user's own coverage share a process: Python has room for one tracer.

Coverage keeps a stack of collectors, and only the one on top gets to know what runs. While that is
a foreign one, it traces our files too: we take what it has seen, and hand on what it asked for.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Lines = Mapping[str, Iterable[int]]


class _Guest:
    """A foreign collector that traces for us too; stands in for its data while we take ours."""

    def __init__(self, collector: Any) -> None:
        self.collector = collector
        self.wants = collector.should_trace
        self.only_ours: set[str] = set()
        self.kept: list[Any] = []
        self.pending: dict[str, set[Any]] = {}
        self.tracers: dict[str, str] = {}
        self.lines: dict[str, set[int]] = {}

    def add_lines(self, lines: Lines) -> None:
        for path, numbers in lines.items():
            self.lines.setdefault(path, set()).update(numbers)
            self._hand_on(path, numbers)

    def add_arcs(self, arcs: Mapping[str, Iterable[tuple[int, int]]]) -> None:
        for path, pairs in arcs.items():
            ran = self.lines.setdefault(path, set())
            for pair in pairs:
                # Negative numbers stand for the way in and out of a function.
                ran.update(number for number in pair if number >= 0)
            self._hand_on(path, pairs)

    def add_file_tracers(self, tracers: Mapping[str, str]) -> None:
        self.tracers.update(tracers)

    def _hand_on(self, path: str, items: Iterable[Any]) -> None:
        if path not in self.only_ours:
            self.pending.setdefault(path, set()).update(items)


class Sharing:
    """Coverage's collectors as seen by one that runs among them.

    `start` starts our own, `should_trace` is its question for a file, `add_lines` takes lines.
    """

    def __init__(
        self,
        start: Callable[[], None],
        should_trace: Callable[[str, Any], Any],
        add_lines: Callable[[Lines], None],
    ) -> None:
        self._start_own = start
        self._should_trace = should_trace
        self._add_lines = add_lines
        self._guests: dict[int, _Guest] = {}
        self._own: Any = None
        self._starting = False
        self._tracer: Any = None
        self.active = False
        self._pid = os.getpid()

    # -- ours

    def start(self) -> None:
        """Begin: with a tracer of our own, unless somebody else's is there already."""
        from coverage.collector import Collector

        self._owner: Any = Collector
        self._flush = Collector.flush_data
        self.active = True
        self._wrap("start", before=self._before_start, after=self._after_change)
        self._wrap("stop", before=self._harvest_one, after=self._after_stop)
        self._wrap("pause", before=_nothing, after=self._after_change)
        self._wrap("resume", before=_nothing, after=self._after_change)
        self._wrap_flush()
        if Collector._collectors:
            self._adopt(Collector._collectors[-1])
            self._tracer = sys.gettrace()
        else:
            self._begin_own()

    def stop(self) -> None:
        self.active = False

    @property
    def has_own(self) -> bool:
        return self._own is not None

    def _begin_own(self) -> None:
        self._starting = True
        try:
            self._start_own()
        finally:
            self._starting = False
        self._tracer = sys.gettrace()

    def disturbed(self) -> bool:
        """Whether somebody has taken the tracer away, and it is nobody's whom we know."""
        return sys.gettrace() is not self._tracer

    def foreign_on_top(self) -> bool:
        stack = self._owner._collectors
        return bool(stack) and stack[-1] is not self._own

    def again(self) -> None:
        self._tracer = sys.gettrace()

    def harvest(self) -> None:
        """Take what foreign collectors have seen since the last time."""
        for guest in tuple(self._guests.values()):
            self._take(guest)

    # -- theirs

    def _wrap(self, name: str, before: Callable[[Any], None], after: Callable[[Any], None]) -> None:
        original = getattr(self._owner, name)
        sharing = self

        @functools.wraps(original)
        def wrapper(collector: Any) -> Any:
            if not sharing.active:
                return original(collector)
            before(collector)
            try:
                return original(collector)
            finally:
                after(collector)

        setattr(self._owner, name, wrapper)

    def _wrap_flush(self) -> None:
        original = self._flush
        sharing = self

        @functools.wraps(original)
        def flush_data(collector: Any) -> bool:
            guest = sharing._guests.get(id(collector))
            if guest is None:
                return original(collector)
            return sharing._hand_over(guest)

        self._owner.flush_data = flush_data

    def _before_start(self, collector: Any) -> None:
        if self._starting:
            self._own = collector
        elif collector is not self._own and id(collector) not in self._guests:
            self._widen(collector)

    def _harvest_one(self, collector: Any) -> None:
        guest = self._guests.get(id(collector))
        if guest is not None:
            self._take(guest)

    def _after_change(self, _: Any) -> None:
        self._tracer = sys.gettrace()

    def _after_stop(self, collector: Any) -> None:
        if not self._owner._collectors and self._own is None and collector is not self._own:
            self._begin_own()
        self._tracer = sys.gettrace()

    def _widen(self, collector: Any) -> _Guest:
        """From now on the foreign collector traces our files too."""
        guest = self._guests[id(collector)] = _Guest(collector)
        ours = self._should_trace

        def should_trace(filename: str, frame: Any) -> Any:
            theirs = guest.wants(filename, frame)
            if theirs.trace:
                return theirs
            mine = ours(filename, frame)
            if not mine.trace:
                return theirs
            guest.only_ours.add(mine.source_filename)
            return mine

        collector.should_trace = should_trace
        return guest

    def _adopt(self, collector: Any) -> None:
        """One that is tracing already: it has to ask anew about every file."""
        guest = self._widen(collector)
        for tracer in collector.tracers:
            tracer.should_trace = collector.should_trace
        # The tracer, in C, refers to answers that it has got without holding them.
        guest.kept = list(collector.should_trace_cache.values())
        collector.should_trace_cache.clear()

    def _take(self, guest: _Guest) -> None:
        """Let coverage itself say what was seen, but to us."""
        collector = guest.collector
        data = collector.covdata
        collector.covdata, collector.mapped_file_dict = guest, _as_it_is
        try:
            self._flush(collector)
        finally:
            collector.covdata = data
            del collector.mapped_file_dict
        if guest.lines:
            lines, guest.lines = guest.lines, {}
            if self.active:
                self._add_lines(lines)

    def _hand_over(self, guest: _Guest) -> bool:
        """The foreign collector writes down what it has asked for."""
        self._take(guest)
        pending, guest.pending = guest.pending, {}
        if not pending:
            return False
        collector = guest.collector
        mapped = collector.mapped_file_dict(pending)
        if collector.branch:
            collector.covdata.add_arcs(mapped)
        else:
            collector.covdata.add_lines(mapped)
        collector.covdata.add_file_tracers(guest.tracers)
        return True


def _as_it_is(files: Mapping[str, Any]) -> dict[str, Any]:
    return {path: found for path, found in list(files.items()) if found}


def _nothing(_: Any) -> None:
    """There is nothing to do before."""
