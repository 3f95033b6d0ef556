"""Stand-ins for functions that tell nobody they were called: environment, existence, source, exit.

Each does what the original does, and books what was asked on the sink on top first.
"""

from __future__ import annotations

import atexit
import functools
import linecache
import os
import pathlib
import threading
from collections.abc import Callable, Iterator
from sys import _getframe
from types import CodeType, FrameType, FunctionType
from typing import TYPE_CHECKING, Any

from .collectors import code_within
from .watch import first_outside, module_of

if TYPE_CHECKING:
    from .recorder import Recorder

# What the machine, the terminal, pytest and assay put there, and libraries look at for their own
# sake. (The project's own code may: then it counts.)
_NOISE = frozenset(
    {
        *("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "PWD", "OLDPWD", "SHELL", "VIRTUAL_ENV"),
        *("USER", "USERNAME", "USERPROFILE", "LOGNAME", "LANG", "LANGUAGE", "CI", "BUILD_NUMBER"),
        *("TERM", "COLORTERM", "COLUMNS", "LINES", "DISPLAY", "WAYLAND_DISPLAY"),
        *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PY_COLORS"),
        *("EDITOR", "VISUAL", "PAGER", "BROWSER"),
        *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    }
)
_NOISE_BEGINNINGS = ("LC_", "PYTEST_", "PYTHON", "COV", "XDG_", "GITHUB_", "ASSAY_")

_MAPPINGS = frozenset({"os", "_collections_abc", "collections.abc"})
_PATHS = frozenset(
    {"os", "genericpath", "posixpath", "ntpath", "pathlib", "pathlib._local", "pathlib._abc"}
)
_SOURCE_READERS = frozenset(
    {
        *("linecache", "inspect", "traceback", "tokenize", "doctest", "dis"),
        *("_pytest._code.source", "exceptiongroup._formatting"),
    }
)
_FINDERS = frozenset({"importlib", "_frozen_importlib", "_frozen_importlib_external", "zipimport"})
_RUNNERS = frozenset({"_pytest", "pytest", "pluggy", "coverage"})

_thread_id = threading.get_ident


def is_noise(name: str) -> bool:
    """Whether an environment variable says nothing about the project."""
    return name.upper() in _NOISE or name.startswith(_NOISE_BEGINNINGS)


class StandIn:
    """Takes the place of a built-in function.

    As one, it is no method when it lies in a class; it equals the original (`os.supports_fd` and
    its like are asked with it) and is pickled by its name.
    """

    def __init__(self, original: Any, module: str, before: Callable[..., None]) -> None:
        functools.update_wrapper(self, original)
        self.__module__ = module
        self._original = original
        self._before = before

    def __call__(self, *args: Any, **named: Any) -> Any:
        self._before(*args, **named)
        return self._original(*args, **named)

    def __eq__(self, other: object) -> bool:
        return other is self or other == self._original

    def __hash__(self) -> int:
        return hash(self._original)

    def __repr__(self) -> str:
        return repr(self._original)

    def __reduce__(self) -> str:
        name: str = self._original.__name__
        return name

    def __copy__(self) -> StandIn:
        return self

    def __deepcopy__(self, _: Any) -> StandIn:
        return self


class StandIns:
    """Everything that is replaced for one recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._whole: tuple[CodeType | None, int] = (None, -1)

    def start(self) -> None:
        self._wrap_environment()
        self._wrap_existence()
        self._wrap_source()
        self._wrap_exit()

    # -- environment variables

    def _wrap_environment(self) -> None:
        """`get`, `in`, `os.getenv`, `items` and the rest all end in these two methods."""
        owner: Any = type(os.environ)
        get_item, iterate = owner.__getitem__, owner.__iter__
        recorder, read, read_all = self._recorder, self._read_name, self._read_all_names

        @functools.wraps(get_item)
        def __getitem__(environ: Any, key: Any) -> Any:  # noqa: N807
            if recorder.active:
                read(key, _getframe(1))
            return get_item(environ, key)

        @functools.wraps(iterate)
        def __iter__(environ: Any) -> Iterator[Any]:  # noqa: N807
            if recorder.active:
                read_all(_getframe(1))
            found: Iterator[Any] = iterate(environ)
            return found

        owner.__getitem__, owner.__iter__ = __getitem__, __iter__

    def _read_name(self, key: Any, caller: FrameType) -> None:
        name = os.fsdecode(key) if isinstance(key, bytes) else key
        frame = first_outside(caller, _MAPPINGS)
        if frame is None or not isinstance(name, str) or not name.isascii():
            return
        if self._whole[0] is frame.f_code and self._whole[1] == frame.f_lasti:
            return
        recorder = self._recorder
        if recorder.owns(frame.f_code.co_filename) or (
            not is_noise(name) and recorder.counts(frame)
        ):
            recorder.top.env.add(name)

    def _read_all_names(self, caller: FrameType) -> None:
        """`*`, if the project does it; a copy asks for each name next: that is the same step."""
        frame = first_outside(caller, _MAPPINGS)
        if frame is None:
            return
        self._whole = (frame.f_code, frame.f_lasti)
        if self._recorder.owns(frame.f_code.co_filename):
            self._recorder.top.env.add("*")

    # -- whether a file is there

    def _wrap_existence(self) -> None:
        for name in ("stat", "lstat", "access"):
            setattr(os, name, StandIn(getattr(os, name), "os", self._asked))
        # Python 3.10 keeps the function there.
        accessor = getattr(pathlib, "_NormalAccessor", None)
        if accessor is not None:
            accessor.stat = os.stat

    def _asked(self, path: Any = None, *_: Any, dir_fd: Any = None, **__: Any) -> None:
        recorder = self._recorder
        if not recorder.active or _thread_id() in recorder.resolving:
            return
        text = _text_of(path)
        if not text or (dir_fd is not None and not os.path.isabs(text)):
            return
        relative = self._relative(text)
        if relative is None:
            return
        # Below are `_asked` and the stand-in.
        frame = first_outside(_getframe(2), _PATHS)
        if frame is None or _looks_on_its_own_behalf(module_of(frame)):
            return
        if recorder.counts(frame):
            recorder.book_path(recorder.top.exists, text, relative)

    def _relative(self, path: str) -> str | None:
        try:
            return self._recorder.relative(path)
        except ValueError:
            # An embedded null character, for one: the original says so.
            return None

    # -- source text

    def _wrap_source(self) -> None:
        """The second reader of a file's lines gets them from memory, and opens nothing."""
        original = linecache.getlines
        recorder, read = self._recorder, self._read_source

        @functools.wraps(original)
        def getlines(filename: str, module_globals: Any = None) -> list[str]:
            if recorder.active:
                read(filename, _getframe(1))
            return original(filename, module_globals)

        linecache.getlines = getlines

    def _read_source(self, path: Any, caller: FrameType) -> None:
        if not isinstance(path, str) or path.startswith("<"):
            return
        relative = self._relative(path)
        frame = first_outside(caller, _SOURCE_READERS)
        if relative is None or frame is None or _renders_for_itself(module_of(frame)):
            return
        recorder = self._recorder
        if recorder.counts(frame):
            recorder.top.reads.add(relative)

    # -- what runs at exit

    def _wrap_exit(self) -> None:
        """A function that runs at exit runs where nobody can see it: as if all of it ran now."""
        register: Any = StandIn(atexit.register, "atexit", self._registered)
        atexit.register = register

    def _registered(self, function: Any = None, *_: Any, **__: Any) -> None:
        recorder = self._recorder
        code = _code_of(function)
        if recorder.active and code is not None and recorder.owns(code.co_filename):
            recorder.book_lines({code.co_filename: _lines_of(code)})


def _text_of(path: Any) -> str | None:
    if isinstance(path, str):
        return path
    if isinstance(path, bytes):
        return os.fsdecode(path)
    if isinstance(path, int) or not hasattr(path, "__fspath__"):
        return None
    try:
        return os.fsdecode(path)
    except Exception:
        # A path object that cannot say its path: the original fails in its own way.
        return None


def _looks_on_its_own_behalf(module: str) -> bool:
    """Importing, rendering source, running and measuring look for files that no test asked for."""
    top = module.partition(".")[0]
    return top in _FINDERS or top in _RUNNERS or module in _SOURCE_READERS


def _renders_for_itself(module: str) -> bool:
    return module.partition(".")[0] in ("_pytest", "pluggy", "warnings", "logging")


def _code_of(function: Any) -> CodeType | None:
    """The code that calling it runs first, below partial objects and bound methods."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    return function.__code__ if isinstance(function, FunctionType) else None


def _lines_of(code: CodeType) -> set[int]:
    """All lines in it; not the one where it is defined, unless it has no other."""
    lines = {
        line
        for part in code_within(code)
        for _, _, line in part.co_lines()
        if line is not None and line > 0
    }
    return lines - {code.co_firstlineno} or lines
