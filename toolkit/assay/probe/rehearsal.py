"""What each child would do alike after the point it is forked at, found out in a child that is
thrown away, and done once, ahead.

That is: compiling regular expressions, whose cache belongs to `re`, and importing modules of the
standard library. Neither depends on the project's code, nor on a mutant of it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import re
import select
import signal
import sys
import sysconfig
import warnings
from collections.abc import Iterable
from typing import Any, NoReturn

from .clock import Clock
from .strays import end_with_parent
from .supervise import use_tmp

SECONDS = 60.0
"""A rehearsal that takes longer is given up: nothing depends on it."""

Pattern = tuple[Any, int]

_fork, _exit = os.fork, os._exit


class Rehearsal:
    """In the child that is thrown away: what it has seen so far, and where to tell it."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._known = set(sys.modules)
        self._patterns: list[Pattern] = []
        compiler: Any = getattr(re, "_compiler", None) or re.sre_compile  # type: ignore[attr-defined]
        self._compile = compiler.compile
        compiler.compile = self._noting

    def _noting(self, pattern: Any, flags: int = 0) -> Any:
        if type(pattern) in (str, bytes):
            self._patterns.append((pattern, int(flags)))
        return self._compile(pattern, flags)

    def end(self) -> NoReturn:
        """Tell what was seen, and end the child."""
        modules = [name for name in sys.modules if name not in self._known]
        seen = pickle.dumps((self._patterns, [name for name in modules if is_standard(name)]))
        with contextlib.suppress(OSError), open(self._pipe, "wb") as pipe:
            pipe.write(seen)
        _exit(0)


def rehearse(tmp: str) -> Rehearsal | None:
    """Fork: in the child, the rehearsal to end; in the caller None, once it has learnt from it."""
    os.makedirs(tmp, exist_ok=True)
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = _fork()
    if pid == 0:
        try:
            os.close(reading)
            os.setpgid(0, 0)
            end_with_parent()
            use_tmp(tmp)
            return Rehearsal(writing)
        except BaseException:
            # Nothing of the child may go on in the zygote's place.
            _exit(1)
    os.close(writing)
    seen = _all_of(reading, Clock.monotonic() + SECONDS)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if seen:
        patterns, modules = pickle.loads(seen)
        learn(patterns, modules)
    return None


def _all_of(pipe: int, deadline: float) -> bytes:
    """What comes until the other end is closed; nothing, if that is too late."""
    parts: list[bytes] = []
    with open(pipe, "rb", buffering=0) as file:
        while select.select([file], [], [], max(0.0, deadline - Clock.monotonic()))[0]:
            part = file.read(1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
    return b""


def learn(patterns: Iterable[Pattern], modules: Iterable[str]) -> None:
    """Do it here. What warns is left to the children: whoever looks for warnings must see them."""
    for name in modules:
        with warnings.catch_warnings(), contextlib.suppress(Exception):
            warnings.simplefilter("error")
            importlib.import_module(name)
    for pattern, flags in patterns:
        with warnings.catch_warnings(), contextlib.suppress(Exception):
            warnings.simplefilter("error")
            re.compile(pattern, flags)


def is_standard(name: str) -> bool:
    """Whether an imported module is one of the standard library, and not the project's own of such
    a name."""
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None:
        return name in sys.builtin_module_names
    stdlib = os.path.realpath(sysconfig.get_path("stdlib"))
    place = os.path.realpath(file)
    return place.startswith(os.path.join(stdlib, "")) and "site-packages" not in place
