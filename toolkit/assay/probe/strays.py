"""Finds processes that tests left behind outside their group, such as daemons, and ends them."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterable

_kill, _waitpid, _open = os.kill, os.waitpid, open

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
"""See prctl(2)."""


class Strays:
    """Orphans of this process's children, which become children of this process (Linux only).

    What is a child already now, as a server that a conftest has started, is no stray. Elsewhere
    nothing is found: what leaves its process group lives on there.
    """

    def __init__(self) -> None:
        self._children = f"/proc/self/task/{threading.get_native_id()}/children"
        self._works = os.path.exists(self._children) and adopt_orphans()
        self._kept = self._listed() if self._works else frozenset()

    def end(self, known: Iterable[int]) -> None:
        """Kill the orphans that started before each of the known children, which are under way.

        A later one may belong to a test that is still running: it is left for the next time.
        """
        if not self._works:
            return
        alive = set(known)
        with contextlib.suppress(OSError, ValueError):
            pids = self._listed() - alive - self._kept
            if not pids:
                return
            oldest = min(map(started, alive), default=None)
            for pid in pids:
                if oldest is None or started(pid) < oldest:
                    _kill(pid, signal.SIGKILL)
                    _waitpid(pid, 0)

    def _listed(self) -> frozenset[int]:
        with _open(self._children, encoding="ascii") as file:
            return frozenset(map(int, file.read().split()))


def started(pid: int) -> int:
    """When a process started, in the system's clock ticks; OSError if there is none."""
    with _open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        # The name, in parentheses, may hold spaces and parentheses itself.
        return int(file.read().rpartition(")")[2].split()[19])


def adopt_orphans() -> bool:
    """From now on, orphaned descendants become children of this process; whether that works."""
    return process_control(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """When the process that forked this one is gone, this one is killed."""
    process_control(PR_SET_PDEATHSIG, signal.SIGKILL)


def process_control(what: int, value: int) -> bool:
    """Linux's prctl(2); false where it is not there."""
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(what, value, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False
