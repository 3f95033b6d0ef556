"""What each test leaves changed in the state that tests share, and what one of them reads of it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from .clock import Clock
from .names import id_of
from .slots import Slot, Slots, State
from .watchers import Message, Watcher

MOST = 200
"""So many changes of a test are told."""

NOTHING = ["-"]

_LOOKED_UP = 60
"""Longer texts are no names of anything."""

SECONDS = 10.0
EVENTS = 400_000
"""Watching lines of a test for a change ends after so long, or so many of them."""


class StateWatcher(Watcher):
    """Tells events of type "state" (changes that a test has left, its teardown included), "reads"
    (of the tests in `reads`) and "written" (the lines that changed those slots that `writes` has
    for the test).

    A summary of what is not there is `["-"]`. A change says too whether another object stands in
    the slot than before.
    """

    def __init__(self, told: Message) -> None:
        self._prefix = os.path.realpath(told["repo"]) + os.sep
        self._excluded = tuple(os.path.realpath(path) + os.sep for path in told["excluded"])
        self._takes = told.get("changes", True)
        self._readers = frozenset(told.get("reads", ()))
        self._writes: dict[str, list[list[str]]] = told.get("writes", {})
        self._paths: dict[str, str | None] = {}
        self._before: State = {}
        self._shared: dict[Slot, Any] = {}
        self._given: dict[Slot, Any] = {}
        self._reads: Reads | None = None
        self._lines: Lines | None = None

    def start(self, session: Any) -> None:  # noqa: ARG002
        self._slots = Slots(self.relative, self._shared_fixtures)
        if self._takes or self._writes:
            self._note_set_up()
        if self._takes:
            self._before = self._slots.take()

    def begin(self, item: Any) -> None:
        name = id_of(item)
        if name in self._readers:
            self._reads = Reads()
            self._reads.start()
        wanted = [tuple(slot) for slot in self._writes.get(name, ())]
        if wanted:
            path = self.relative(str(item.path))
            self._lines = Lines(self._slots, wanted, self.relative, path)
            self._lines.start()

    def end(self, item: Any, result: Message) -> list[Message]:
        told: list[Message] = []
        if self._reads is not None:
            read = self._reads.stop(self.relative)
            fixtures = sorted(getattr(item, "fixturenames", ()))
            told.append({"type": "reads", "test": result["test"], "fixtures": fixtures, **read})
            self._reads = None
        if self._lines is not None:
            told.append({"type": "written", "test": result["test"], "lines": self._lines.stop()})
            self._lines = None
        if self._takes:
            now = self._slots.take()
            changed = [row for one in changes(self._before, now) for row in self._parted(one)]
            self._before = now
            if changed:
                kept = changed[:MOST]
                more = len(changed) - len(kept)
                told.append(
                    {"type": "state", "test": result["test"], "changed": kept, "more": more}
                )
        return told

    def _note_set_up(self) -> None:
        """Note what shared fixtures give before a test has had it."""
        from _pytest.fixtures import FixtureDef

        execute = FixtureDef.execute

        def noted(one: Any, request: Any) -> Any:
            if str(one.scope) == "function":
                return execute(one, request)
            fresh = getattr(one, "cached_result", None) is None
            result = execute(one, request)
            if fresh:
                slot = ("fixture", str(one.argname), str(one.scope), str(one.baseid))
                self._shared[slot] = one
                self._given[slot] = self._slots.read(slot) or NOTHING
            return result

        FixtureDef.execute = noted  # type: ignore[method-assign, assignment]

    def _parted(self, change: list[Any]) -> list[list[Any]]:
        """The set-up of a shared fixture, and what the same test did with its value, apart."""
        slot, old, new, _ = change
        given = self._given.get(tuple(slot), new)
        if old != NOTHING or given == new:
            return [change]
        return [[slot, old, given, True], [slot, given, new, False]]

    def relative(self, path: str) -> str | None:
        """Relative to the repository; None outside, excluded, or made up."""
        if path not in self._paths:
            found = None
            if path and not path.startswith("<"):
                real = os.path.realpath(path)
                if real.startswith(self._prefix) and not real.startswith(self._excluded):
                    found = real[len(self._prefix) :].replace(os.sep, "/")
            self._paths[path] = found
        return self._paths[path]

    def _shared_fixtures(self) -> Iterator[tuple[Slot, Any]]:
        """What fixtures above function scope have given, while they are set up."""
        for slot, one in self._shared.items():
            result = getattr(one, "cached_result", None)
            if result and result[2] is None:
                yield slot, result[0]


def changes(before: State, now: State) -> Iterator[list[Any]]:
    """Slot, summary before, summary after, whether it is another object."""
    for block in [*before, *(key for key in now if key not in before)]:
        old_slots, new_slots = before.get(block, {}), now.get(block, {})
        if old_slots is new_slots:
            continue
        for slot in [*old_slots, *(slot for slot in new_slots if slot not in old_slots)]:
            one, other = old_slots.get(slot), new_slots.get(slot)
            if one is other:
                continue
            old = NOTHING if one is None else one[1]
            new = NOTHING if other is None else other[1]
            if old != new:
                rebound = one is None or other is None or one[0] is not other[0]
                yield [list(slot), old, new, rebound]


class Reads:
    """The code that runs meanwhile, and the names that it looks up."""

    def __init__(self) -> None:
        self._codes: set[CodeType] = set()
        self._called: set[str] = set()

    def start(self) -> None:
        threading.setprofile(self._note)
        sys.setprofile(self._note)

    def _note(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            self._codes.add(frame.f_code)
        elif event == "c_call":
            name = getattr(argument, "__name__", None)
            if type(name) is str:
                self._called.add(name)

    def stop(self, relative: Any) -> Message:
        """`names`: what code of the project mentions; `others`: what other code does, without
        pytest's; `texts`: short literals of any; `called`: functions that ran."""
        sys.setprofile(None)
        threading.setprofile(None)
        names: set[str] = set()
        others: set[str] = set()
        texts: set[str] = set()
        for code in self._codes:
            if relative(code.co_filename) is not None:
                names.update(code.co_names, code.co_freevars)
            elif "_pytest" in code.co_filename or "pluggy" in code.co_filename:
                continue
            else:
                others.update(code.co_names)
            self._called.add(code.co_name)
            texts.update(_texts(code.co_consts))
        return {
            "names": sorted(names),
            "others": sorted(others),
            "texts": sorted(texts),
            "called": sorted(self._called),
        }


def _texts(constants: tuple[Any, ...]) -> Iterator[str]:
    for one in constants:
        if type(one) is str and len(one) <= _LOOKED_UP:
            yield one
        elif type(one) is tuple:
            yield from _texts(one)


class Lines:
    """Looks at slots before each line of the project, to see which one changed them."""

    def __init__(
        self, slots: Slots, wanted: list[Slot], relative: Any, test_file: str | None
    ) -> None:
        self._slots = slots
        self._relative = relative
        self._test_file = test_file
        self._values = {slot: slots.read(slot) for slot in wanted}
        self._found: list[list[Any]] = []
        self._last: tuple[str, int] | None = None
        self._in_test = 0
        self._left = EVENTS
        self._until = Clock.monotonic() + SECONDS

    def start(self) -> None:
        sys.settrace(self._entered)

    def stop(self) -> list[list[Any]]:
        """Slot, path and line that changed it, and the line of the test's file that led there."""
        self._look()
        sys.settrace(None)
        return self._found

    def _entered(self, frame: FrameType, event: str, _: Any) -> Any:
        path = self._relative(frame.f_code.co_filename)
        if path is None or event != "call":
            return None
        in_test = path == self._test_file

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            if event in ("line", "return"):
                self._look()
            if event == "line":
                self._last = (path, frame.f_lineno)
                if in_test:
                    self._in_test = frame.f_lineno
            return trace

        return trace

    def _look(self) -> None:
        self._left -= 1
        if self._left < 0 or not self._values or Clock.monotonic() > self._until:
            sys.settrace(None)
            self._values.clear()
            return
        if self._last is None:
            return
        for slot, before in list(self._values.items()):
            now = self._slots.read(slot)
            if before is None and slot[0] == "fixture":
                # That it is set up is no change of what it gave.
                self._values[slot] = now
            elif now != before:
                self._found.append([list(slot), *self._last, self._in_test])
                del self._values[slot]
