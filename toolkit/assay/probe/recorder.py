"""What each test, fixture and module import depended on, told apart while the suite runs.

Everything that happens is booked on the sink on top of a stack: the session, a module being
imported, a fixture above function scope being set up or torn down, or a test. Lines come from
a collector; the rest from Python's audit events, stand-ins for functions and caches' own counts.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any

from .collectors import make_collector
from .imports import Imports
from .memo import Memos
from .standins import StandIns
from .watch import Watch

SESSION = "session:"
TEST = "test:"
FIXTURE = "fixture:"
MODULE = "module:"
COLLECT = "collect:"
"""Of one file: what ran while pytest looked for tests in it, its import apart."""

ON_PYTESTS_BEHALF = (SESSION, COLLECT)

_thread_id = threading.get_ident


class Sink:
    """What was booked on one sink since it was last drained."""

    __slots__ = (*("dirs", "env", "exists", "lines", "memo", "names", "opaque", "reads", "uses"),)

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.reads: set[str] = set()
        self.dirs: set[str] = set()
        self.names: set[str] = set()
        self.uses: set[str] = set()
        self.opaque: set[str] = set()
        self.env: set[str] = set()
        self.exists: set[str] = set()
        self.memo: set[str] = set()

    def as_json(self) -> dict[str, Any]:
        """Sets become sorted lists, lines a hexadecimal bit mask by path (bit N: line N)."""
        return {
            "lines": {path: f"{mask:x}" for path, mask in self.lines.items()},
            "reads": sorted(self.reads),
            "dirs": sorted(self.dirs),
            "names": sorted(self.names),
            "uses": sorted(self.uses),
            "opaque": sorted(self.opaque),
            "env": sorted(self.env),
            "exists": sorted(self.exists),
            "memo": sorted(self.memo),
        }


class Recorder:
    """Books what runs on sinks; one for a process, inherited by its forks."""

    def __init__(self, repo: str, excluded: Iterable[str], collector: str | None = None) -> None:
        self.repo = os.path.realpath(repo)
        self._prefix = self.repo + os.sep
        self._excluded = tuple(os.path.realpath(path) + os.sep for path in excluded)
        self._relative: dict[str, str | None] = {}
        self._sinks: dict[str, Sink] = {}
        self._stack = [SESSION]
        self.top = self._sink(SESSION)
        self.active = False
        self.resolving: set[int] = set()
        self.memos = Memos(self)
        self.collector = make_collector(self.repo, self._excluded, self.owns, collector)

    # -- the stack of sinks

    def _sink(self, key: str) -> Sink:
        sink = self._sinks.get(key)
        if sink is None:
            sink = self._sinks[key] = Sink()
        return sink

    def flush(self) -> None:
        """Book the lines that ran until now on the sink on top."""
        if self.active:
            lines = self.collector.take()
            if lines:
                self.book_lines(lines)

    def push(self, key: str) -> None:
        self.flush()
        self._stack.append(key)
        self.top = self._sink(key)

    def pop(self) -> None:
        self.flush()
        self._stack.pop()
        self.top = self._sink(self._stack[-1])

    @contextlib.contextmanager
    def sink(self, key: str) -> Iterator[None]:
        self.push(key)
        try:
            yield
        finally:
            self.pop()

    def use(self, key: str) -> None:
        """The sink on top depends on another sink.

        Collection imports every test module, and no test depends on all of them for that: the
        session depends only on what its own plug-ins run.
        """
        if key != self._stack[-1] and not self._stack[-1].startswith(ON_PYTESTS_BEHALF):
            self.top.uses.add(key)

    def opaque(self, why: str) -> None:
        """The sink on top did something whose dependencies cannot be seen."""
        self.top.opaque.add(why)

    def book_plugins(self, modules: Iterable[Any]) -> None:
        """Every test depends on the project's own plug-ins that are not conftests."""
        for module in modules:
            key = self.module_key(getattr(module, "__file__", None))
            if key is not None and not key.endswith("conftest.py"):
                self._sink(SESSION).uses.add(key)

    def book_imported(self, modules: Iterable[Any]) -> None:
        """What was imported before recording began: every test depends on all of it."""
        for module in modules:
            path = getattr(module, "__file__", None)
            if not isinstance(path, str):
                continue
            key = self.module_key(path)
            if key is None or not key.endswith(".py"):
                continue
            with contextlib.suppress(OSError), open(path, "rb") as file:
                self._sink(SESSION).uses.add(key)
                mask = (1 << (file.read().count(b"\n") + 2)) - 2
                self._sink(key).lines[key[len(MODULE) :]] = mask

    def drain(self) -> dict[str, dict[str, Any]]:
        """Everything booked since the last call, by sink; the books are empty afterwards."""
        self.flush()
        taken = {key: sink.as_json() for key, sink in self._sinks.items()}
        self._sinks = {}
        self.top = self._sink(self._stack[-1])
        return taken

    def clear(self) -> None:
        """Forget what the parent process booked since it last drained: its fork, for one."""
        self.flush()
        self._sinks = {}
        self.top = self._sink(self._stack[-1])

    # -- paths

    def relative(self, path: str) -> str | None:
        """`path` relative to the repository with forward slashes; None outside or excluded."""
        try:
            return self._relative[path]
        except KeyError:
            pass
        if not os.path.isabs(path):
            # Not to be remembered: what it means changes with the current directory.
            return self.relative(os.path.join(os.getcwd(), path))
        real = self.real_path(path)
        inside = real.startswith(self._prefix) and not real.startswith(self._excluded)
        found = real[len(self._prefix) :].replace(os.sep, "/") if inside else None
        self._relative[path] = found
        return found

    def real_path(self, path: str) -> str:
        """Without links. To find out asks for the path's parts, which is nobody's dependency."""
        thread = _thread_id()
        self.resolving.add(thread)
        try:
            return os.path.realpath(path)
        finally:
            self.resolving.discard(thread)

    def owns(self, code_file: str) -> bool:
        """Whether code of that file name is the project's; made-up names begin with `<`."""
        return not code_file.startswith("<") and self.relative(code_file) is not None

    def imports(self, relative: str) -> bool:
        """Whether the sink on top is the import of that very file."""
        return self._stack[-1] == MODULE + relative

    def book_for_all(self, relative: str) -> None:
        """Every test depends on a module without source: who imports it later opens no file."""
        self._sink(SESSION).reads.add(relative)

    def book_path(self, books: set[str], path: str, relative: str) -> None:
        """A file reached through a link depends on the link too: book it as it was given too."""
        books.add(relative)
        given = os.path.abspath(path)
        if given.startswith(self._prefix) and not given.startswith(self._excluded):
            as_given = given[len(self._prefix) :].replace(os.sep, "/")
            if as_given != relative:
                books.add(as_given)

    def counts(self, frame: FrameType | None) -> bool:
        """Whether what is asked for in that frame is a dependency of the sink on top.

        Collecting reads configuration, lists directories and asks the platform for its name on
        pytest's own behalf: that is no test's dependency, unless the project's code does it.
        """
        if not self._stack[-1].startswith(ON_PYTESTS_BEHALF):
            return True
        if _thread_id() in self.resolving:
            return False
        while frame is not None:
            if self.owns(frame.f_code.co_filename):
                return True
            frame = frame.f_back
        return False

    # -- lines

    def start(self) -> None:
        """Begin to record: before the project is imported."""
        self.collector.start()
        self.active = True
        self.flush()
        Watch(self).start()
        StandIns(self).start()
        self.memos.start()
        Imports(self).start()

    def stop(self) -> None:
        """Cease recording in this process: mutants run at full speed."""
        if self.active:
            self.active = False
            self.collector.stop()

    def book_lines(self, lines: Mapping[str, Iterable[int]]) -> None:
        """The sink on top ran these lines, by file name."""
        books = self.top.lines
        for path, numbers in lines.items():
            if not numbers:
                continue
            relative = self.relative(path)
            if relative is None:
                continue
            mask = books.get(relative, 0)
            for number in numbers:
                mask |= 1 << number
            books[relative] = mask

    def check_tracing(self) -> None:
        """After a test: was tracing turned off behind our back? Then its lines are unknown."""
        if self.active and self.collector.disturbed():
            self.opaque("turned line tracing off")

    # -- imports

    def module_key(self, path: str | None) -> str | None:
        relative = None if path is None else self.relative(path)
        return None if relative is None else MODULE + relative

    def is_test_or_fixture(self) -> bool:
        """Whether a test or what serves it is on top: of a module, its text tells the imports."""
        return self._stack[-1].startswith((TEST, FIXTURE))

    def ask_for(self, name: Any, package: Any) -> None:
        """Somebody asked for a module by name; whether it is there is not known."""
        if not isinstance(name, str):
            return
        if name.startswith("."):
            stem = name.lstrip(".")
            above = str(package or "").split(".")
            kept = above[: len(above) - (len(name) - len(stem)) + 1]
            name = ".".join([*kept, stem] if stem else kept)
        self.top.names.add(name)
