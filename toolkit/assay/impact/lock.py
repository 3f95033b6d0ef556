"""Keeps two recordings of one project apart: the second waits for the first."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from assay.errors import StateError

PAUSE = 0.1


class Busy(StateError):  # noqa: N818 - a state rather than an error
    """Another process holds the lock, and is not waited for any longer."""


@contextlib.contextmanager
def locked(path: Path, seconds: float, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock; `waiting` is called once if it has to be waited for."""
    try:
        file = path.open("ab")
    except OSError as problem:
        raise StateError(
            f"the state in {path.parent} cannot be used ({problem.strerror}): check its permissions"
        ) from problem
    with file:
        end = time.monotonic() + seconds
        told = False
        while not _taken(file.fileno()):
            if not told:
                waiting()
                told = True
            if time.monotonic() >= end:
                raise Busy("another recording of this project is under way: try again later")
            time.sleep(PAUSE)
        yield


def is_held(path: Path) -> bool:
    """Whether some process holds the lock."""
    try:
        with path.open("ab") as file:
            return not _taken(file.fileno())
    except OSError:
        return False


def _taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
