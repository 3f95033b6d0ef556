"""Books what Python's audit events tell: files, directories, names of modules, processes, code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from .children import is_harmless, words_of
from .collectors import CODE_EVENTS

if TYPE_CHECKING:
    from .recorder import Recorder

_READ_ONLY_MASK = os.O_WRONLY | os.O_RDWR
_WRITE_ANEW = os.O_TRUNC

_PROCESS_EVENTS = {
    "subprocess.Popen": "started a subprocess",
    "os.posix_spawn": "started a subprocess",
    "os.exec": "replaced its process",
    "os.system": "started a shell",
    "os.fork": "forked",
    "os.forkpty": "forked",
    "pty.spawn": "started a subprocess",
}


class Watch:
    """The audit hook of one recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def start(self) -> None:
        sys.addaudithook(self._hook())
        self._wrap_processes()

    def _hook(self) -> Callable[[str, tuple[Any, ...]], None]:
        """The hook is called at every audit event: most are let go after one look-up."""
        recorder = self._recorder
        saw_code = recorder.collector.saw_code
        handlers = self._handlers()
        handler_of = handlers.get

        def hook(event: str, args: tuple[Any, ...]) -> None:
            handle = handler_of(event)
            if handle is None:
                if event in CODE_EVENTS and recorder.active:
                    saw_code(event, args)
            elif recorder.active and recorder.counts(sys._getframe(1)):
                handle(args)

        return hook

    def _handlers(self) -> dict[str, Callable[[tuple[Any, ...]], None]]:
        recorder = self._recorder

        def process(why: str) -> Callable[[tuple[Any, ...]], None]:
            return lambda _: recorder.top.opaque.add(why)

        return {
            "open": self._opened,
            "os.listdir": self._listed,
            "os.scandir": self._listed,
            "import": lambda args: recorder.top.names.add(args[0]),
            **{event: process(why) for event, why in _PROCESS_EVENTS.items()},
            "subprocess.Popen": self._started,
            "sqlite3.connect": self._connected,
        }

    def _started(self, args: tuple[Any, ...]) -> None:
        """A child that is a well-known tool depends on the files it is given, any other on all."""
        executable, arguments, directory = args[:3]
        recorder = self._recorder
        words = words_of(executable, arguments) or [""]
        owned = recorder.relative(self._found(words[0])) is not None
        if not is_harmless(words, owned):
            recorder.top.opaque.add(_PROCESS_EVENTS["subprocess.Popen"])
            return
        for word in words[1:]:
            full = os.path.join(os.fsdecode(directory or os.getcwd()), word)
            relative = recorder.relative(full)
            if relative is not None and os.path.isfile(full):
                recorder.book_path(recorder.top.reads, full, relative)

    def _found(self, command: str) -> str:
        """Where a command is; the command itself if it is nowhere."""
        if os.sep in command:
            return command
        for directory in os.get_exec_path():
            candidate = os.path.join(directory, command)
            if os.path.isfile(candidate):
                return candidate
        return os.path.join(os.sep, command)

    def _opened(self, args: tuple[Any, ...]) -> None:
        path, mode, flags = args
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        # Bytecode in a cache stands for its source; without one, it is the module itself.
        if not isinstance(path, str) or (path.endswith(".pyc") and "__pycache__" in path):
            return
        # A syntax error in made-up text looks for its line in a file of its made-up name.
        if path[:1] == "<" and path[-1] == ">":
            return
        if _opens_for_getlines(sys._getframe(2)):
            return
        flags = flags if isinstance(flags, int) else 0
        if mode in ("w", "wb", "x", "xb") or flags & _WRITE_ANEW:
            return
        if mode is None and flags & _READ_ONLY_MASK == os.O_WRONLY:
            return
        recorder = self._recorder
        if mode is None and not os.path.isabs(path) and not os.path.exists(path):
            # Relative to a descriptor, which the event does not tell.
            recorder.top.opaque.add("opened a file relative to a directory's descriptor")
        relative = recorder.relative(path)
        if relative is None:
            return
        if path.endswith(".pyc"):
            recorder.book_for_all(relative)
        # A module's own source is read to import it: the module node stands for that.
        elif not recorder.imports(relative):
            recorder.book_path(recorder.top.reads, path, relative)

    def _connected(self, args: tuple[Any, ...]) -> None:
        """A database is read by C code, which opens it unseen."""
        path = args[0]
        if isinstance(path, (str, bytes)) and path not in ("", b"", ":memory:", b":memory:"):
            text = os.fsdecode(path).removeprefix("file:").partition("?")[0]
            if os.path.basename(text).startswith((".coverage", ".testmondata")):
                # Another tool's record of this very run.
                return
            relative = self._recorder.relative(text)
            if relative is not None and os.path.isfile(text):
                self._recorder.book_path(self._recorder.top.reads, text, relative)

    def _listed(self, args: tuple[Any, ...]) -> None:
        # The import system lists directories to find modules: asked-for names stand for that.
        if sys._getframe(2).f_code.co_filename.startswith("<frozen importlib"):
            return
        path = args[0]
        if path is None:
            path = os.getcwd()
        if isinstance(path, int):
            try:
                path = os.readlink(f"/proc/self/fd/{path}")
            except OSError:
                self._recorder.top.opaque.add("listed a directory by its descriptor")
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, str):
            recorder = self._recorder
            is_root = recorder.real_path(path) == recorder.repo
            relative = "" if is_root else recorder.relative(path)
            if relative is not None:
                recorder.top.dirs.add(relative)

    def _wrap_processes(self) -> None:
        """Processes of multiprocessing may come from a server that an earlier test started."""
        from multiprocessing.process import BaseProcess

        original = BaseProcess.start
        recorder = self._recorder

        def start(process: Any) -> None:
            if recorder.active:
                recorder.opaque("started a process")
            original(process)

        BaseProcess.start = start  # type: ignore[method-assign, assignment]


def _opens_for_getlines(frame: FrameType) -> bool:
    """Whether `linecache.getlines` fills its cache: its stand-in knows on whose behalf."""
    if module_of(frame) != "tokenize" or frame.f_back is None:
        return False
    above = frame.f_back
    asker = above.f_back
    return (
        module_of(above) == "linecache"
        and asker is not None
        and module_of(asker) == "linecache"
        and asker.f_code.co_name == "getlines"
    )


def module_of(frame: FrameType) -> str:
    """The name of the module whose code the frame runs."""
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


def first_outside(frame: FrameType | None, passed: frozenset[str]) -> FrameType | None:
    """The frame itself or the nearest caller that is not in one of the `passed` modules."""
    while frame is not None and module_of(frame) in passed:
        frame = frame.f_back
    return frame
