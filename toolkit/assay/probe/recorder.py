"""What each test, fixture and module import depended on, told apart while the suite runs.

Everything that happens is booked on the sink on top of a stack: the session, a module being
imported, a fixture above function scope being set up or torn down, or a test. Lines come from
coverage; files, directories, processes and looked-up names from Python's audit events.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .collectors import CODE_EVENTS, make_collector

SESSION = "session:"
TEST = "test:"
FIXTURE = "fixture:"
MODULE = "module:"

# Python's warnings machinery skips frames of the import system when it counts `stacklevel`: our
# wrappers around imports carry such a name, so that a module which warns as it is imported still
# points at its importer.
_IMPORT_FRAME = "<frozen importlib._bootstrap_assay>"

_READ_ONLY_MASK = os.O_WRONLY | os.O_RDWR
_WRITE_ANEW = os.O_TRUNC


class Sink:
    """What was booked on one sink since it was last drained."""

    __slots__ = ("dirs", "lines", "names", "opaque", "reads", "uses")

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.reads: set[str] = set()
        self.dirs: set[str] = set()
        self.names: set[str] = set()
        self.uses: set[str] = set()
        self.opaque: set[str] = set()

    def as_json(self) -> dict[str, Any]:
        """Sets become sorted lists, lines a hexadecimal bit mask by path (bit N: line N)."""
        return {
            "lines": {path: f"{mask:x}" for path, mask in self.lines.items()},
            "reads": sorted(self.reads),
            "dirs": sorted(self.dirs),
            "names": sorted(self.names),
            "uses": sorted(self.uses),
            "opaque": sorted(self.opaque),
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
        self._top = self._sink(SESSION)
        self._active = False
        self._collector = make_collector(self.repo, self._excluded, self.owns, collector)

    # -- the stack of sinks

    def _sink(self, key: str) -> Sink:
        sink = self._sinks.get(key)
        if sink is None:
            sink = self._sinks[key] = Sink()
        return sink

    def flush(self) -> None:
        """Book the lines that ran until now on the sink on top."""
        if self._active:
            lines = self._collector.take()
            if lines:
                self._take_lines(lines)

    def push(self, key: str) -> None:
        self.flush()
        self._stack.append(key)
        self._top = self._sink(key)

    def pop(self) -> None:
        self.flush()
        self._stack.pop()
        self._top = self._sink(self._stack[-1])

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
        if key != self._stack[-1] and self._stack[-1] != SESSION:
            self._top.uses.add(key)

    def opaque(self, why: str) -> None:
        """The sink on top did something whose dependencies cannot be seen."""
        self._top.opaque.add(why)

    def book_plugins(self, modules: Iterable[Any]) -> None:
        """Every test depends on the project's own plug-ins that are not conftests."""
        for module in modules:
            key = self.module_key(getattr(module, "__file__", None))
            if key is not None and not key.endswith("conftest.py"):
                self._sink(SESSION).uses.add(key)

    def drain(self) -> dict[str, dict[str, Any]]:
        """Everything booked since the last call, by sink; the books are empty afterwards."""
        self.flush()
        taken = {key: sink.as_json() for key, sink in self._sinks.items()}
        self._sinks = {}
        self._top = self._sink(self._stack[-1])
        return taken

    def clear(self) -> None:
        """Forget what the parent process booked since it last drained: its fork, for one."""
        self.flush()
        self._sinks = {}
        self._top = self._sink(self._stack[-1])

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
        real = os.path.realpath(path)
        inside = real.startswith(self._prefix) and not real.startswith(self._excluded)
        found = real[len(self._prefix) :].replace(os.sep, "/") if inside else None
        self._relative[path] = found
        return found

    def owns(self, code_file: str) -> bool:
        """Whether code of that file name is the project's; made-up names begin with `<`."""
        return not code_file.startswith("<") and self.relative(code_file) is not None

    # -- lines

    def start(self) -> None:
        """Begin to record: before the project is imported."""
        self._collector.start()
        self._active = True
        self.flush()
        sys.addaudithook(self._audit)
        self._wrap_imports()
        self._wrap_processes()

    def stop(self) -> None:
        """Cease recording in this process: mutants run at full speed."""
        if self._active:
            self._active = False
            self._collector.stop()

    def _take_lines(self, lines: Mapping[str, Iterable[int]]) -> None:
        books = self._top.lines
        for path, numbers in lines.items():
            if not numbers:
                continue
            relative = self.relative(path)
            if relative is None:
                continue
            if not relative.isascii() and relative != relative.encode("utf-8", "replace").decode():
                self._top.opaque.add("ran a file whose name is not text")
                continue
            mask = books.get(relative, 0)
            for number in numbers:
                mask |= 1 << number
            books[relative] = mask

    def check_tracing(self) -> None:
        """After a test: was tracing turned off behind our back? Then its lines are unknown."""
        if self._active and self._collector.disturbed():
            self.opaque("turned line tracing off")

    # -- imports

    def module_key(self, path: str | None) -> str | None:
        relative = None if path is None else self.relative(path)
        return None if relative is None else MODULE + relative

    def _wrap_imports(self) -> None:
        from _pytest.assertion.rewrite import AssertionRewritingHook

        for owner in (importlib.machinery.SourceFileLoader, AssertionRewritingHook):
            wrapper = self._recorded_exec(owner.exec_module)
            owner.exec_module = wrapper  # type: ignore[method-assign]
        self._wrap_import_module()

    def _recorded_exec(self, original: Any) -> Any:
        """A loader's `exec_module` that books what the module body runs on a sink of its own."""
        recorder = self

        def exec_module(loader: Any, module: Any) -> Any:
            spec = getattr(module, "__spec__", None)
            key = recorder.module_key(getattr(spec, "origin", None))
            if key is None or not recorder._active:
                return original(loader, module)
            recorder.use(key)
            recorder.push(key)
            try:
                return original(loader, module)
            finally:
                recorder.pop()

        _hide_frame(exec_module)
        return exec_module

    def _wrap_import_module(self) -> None:
        """`importlib.import_module` of a module already imported executes nothing; book the use."""
        original = importlib.import_module
        recorder = self

        def import_module(name: str, package: str | None = None) -> Any:
            module = original(name, package)
            if recorder._active:
                key = recorder.module_key(getattr(module, "__file__", None))
                if key is not None:
                    recorder.use(key)
            return module

        _hide_frame(import_module)
        importlib.import_module = import_module

    def _wrap_processes(self) -> None:
        """Processes of multiprocessing may come from a server that an earlier test started."""
        from multiprocessing.process import BaseProcess

        original = BaseProcess.start
        recorder = self

        def start(process: Any) -> None:
            if recorder._active:
                recorder.opaque("started a process")
            original(process)

        BaseProcess.start = start  # type: ignore[method-assign, assignment]

    # -- audit events

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._active or event not in _AUDITED:
            return
        if event in CODE_EVENTS:
            self._collector.saw_code(event, args)
            return
        # Collecting reads configuration, lists directories and asks the platform for its name on
        # pytest's own behalf: that is no test's dependency, unless the project's code does it.
        if self._stack[-1] == SESSION and not self._called_by_project():
            return
        if event == "open":
            self._opened(*args)
        elif event in ("os.listdir", "os.scandir"):
            # The import system lists directories to find modules: asked-for names stand for that.
            if not sys._getframe(1).f_code.co_filename.startswith("<frozen importlib"):
                self._listed(args[0])
        elif event == "import":
            self._top.names.add(args[0])
        elif event in _PROCESS_EVENTS:
            self._top.opaque.add(_PROCESS_EVENTS[event])

    def _called_by_project(self) -> bool:
        frame = sys._getframe(2)
        while frame is not None:
            if self.owns(frame.f_code.co_filename):
                return True
            frame = frame.f_back  # type: ignore[assignment]
        return False

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str) or path.endswith(".pyc"):
            return
        flags = flags if isinstance(flags, int) else 0
        if mode in ("w", "wb", "x", "xb") or flags & _WRITE_ANEW:
            return
        if mode is None and flags & _READ_ONLY_MASK == os.O_WRONLY:
            return
        relative = self.relative(path)
        # A module's own source is read to import it: the module node stands for that.
        if relative is not None and self._stack[-1] != MODULE + relative:
            self._book(self._top.reads, relative)
            self._book_link(path, relative)

    def _book(self, books: set[str], relative: str) -> None:
        """Book a path, if it can be written down."""
        try:
            relative.encode("utf-8")
        except UnicodeEncodeError:
            self._top.opaque.add("used a file whose name is not text")
        else:
            books.add(relative)

    def _book_link(self, path: str, relative: str) -> None:
        """A file reached through a link depends on the link too: book the path as it was given."""
        given = os.path.abspath(path)
        if given.startswith(self._prefix) and not given.startswith(self._excluded):
            as_given = given[len(self._prefix) :].replace(os.sep, "/")
            if as_given != relative:
                self._book(self._top.reads, as_given)

    def _listed(self, path: Any) -> None:
        if path is None:
            path = os.getcwd()
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, str):
            relative = "" if os.path.realpath(path) == self.repo else self.relative(path)
            if relative is not None:
                self._book(self._top.dirs, relative)


_PROCESS_EVENTS = {
    "subprocess.Popen": "started a subprocess",
    "os.posix_spawn": "started a subprocess",
    "os.exec": "replaced its process",
    "os.system": "started a shell",
    "os.fork": "forked",
    "os.forkpty": "forked",
    "pty.spawn": "started a subprocess",
}

_AUDITED = frozenset({"open", "os.listdir", "os.scandir", "import", *CODE_EVENTS, *_PROCESS_EVENTS})


def _hide_frame(function: Any) -> None:
    function.__code__ = function.__code__.replace(co_filename=_IMPORT_FRAME)
