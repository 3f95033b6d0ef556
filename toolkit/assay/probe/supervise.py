"""Forks a child for each job, passes on what it says, and ends it at its deadline.

Design constraints: the process that forks never runs a test; it has one thread; a child leads its
own process group so that whatever it started dies with it; a child that ends without saying so
counts as lost, never as a result.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from .clock import Clock
from .limits import limit_memory
from .strays import Strays, end_with_parent
from .wire import LineBuffer, Message, encode, write_all

_exit = os._exit

STOP_GRACE = 20.0
"""Seconds a child asked to stop may take to finish the test it is in."""

LOG_NAME = "output.txt"
MOST_OUTPUT = 16 << 20

Emit = Callable[[Message], None]
StopRequested = Callable[[], bool]
JobBody = Callable[[Message, Emit, StopRequested], None]
BeforeFork = Callable[[Message], None]

NOT_PASSED_ON = frozenset({"begin", "rest", "shared"})
"""Events that only tell the supervisor where a child is."""


class InChild(BaseException):
    """Raised in a forked child where no body was given: it goes on from there, and ends itself."""

    def __init__(self, job: Message, emit: Emit, stop_requested: StopRequested) -> None:
        super().__init__()
        self.job, self.emit, self.stop_requested = job, emit, stop_requested


class Child:
    """One forked job as the zygote sees it."""

    def __init__(self, job: Message, pid: int, events: int, stop: int, tmp: str) -> None:
        self.job = job
        self.id: int = job["job"]
        self.pid = pid
        self.events = events
        self.stop = stop
        self.tmp = tmp
        self.buffer = LineBuffer()
        self.started = Clock.monotonic()
        self.current = ""
        self.deadline = self.started + job["collect_limit"]
        self.limits: dict[str, float] = dict(zip(job["tests"], job["limits"], strict=True))
        self.finished = False
        self.broken = ""
        self.over = ""
        self.stopping = False

    def note(self, event: Message) -> None:
        """Follow the child's own account of where it is."""
        kind = event["type"]
        if kind in ("start", "begin"):
            self.current = event["test"]
            self.deadline = Clock.monotonic() + self.limits.get(self.current, 60.0)
        elif kind in ("test", "rest"):
            self.current = ""
            # Session-wide teardown and the final report have a limit of their own.
            self.deadline = Clock.monotonic() + self.job["collect_limit"]
        elif kind == "shared":
            # Not the test's own time: who comes first pays for all.
            limit: float = self.job["collect_limit"]
            limit = self.limits.get(self.current, limit)
            shared: float = self.job.get("shared_limit", 0.0)
            self.deadline = Clock.monotonic() + (max(limit, shared) if event["begins"] else limit)
        elif kind == "finished":
            self.finished = True
        elif kind == "broken":
            self.broken = event["detail"]
        elif kind == "over":
            self.over = str(event["count"])

    def judge(self, expired: bool, status: int | None) -> tuple[str, str]:
        """How the child ended, and the detail of an end that is not as planned."""
        if self.broken:
            return "broken", self.broken
        if self.over:
            return "over", self.over
        if self.stopping:
            return "stopped", ""
        if self.finished:
            return "finished", ""
        if expired and status is None:
            return "timeout", ""
        return "died", describe_status(status) if status is not None else "closed its pipe"


class Supervisor:
    """Serves jobs from the controller's socket until told to quit."""

    def __init__(
        self,
        control: socket.socket,
        tmp: str,
        body: JobBody | None,
        before_fork: BeforeFork | None = None,
        memory_limit: int | None = 0,
    ) -> None:
        self.control = control
        self.tmp = tmp
        self.body = body
        self.before_fork = before_fork
        self.memory_limit = memory_limit
        self.children: dict[int, Child] = {}
        self.incoming = LineBuffer()

    def send(self, message: Message) -> None:
        self.control.sendall(encode(message))

    def serve(self) -> None:
        """Until "quit" or the controller's end of the socket closes; leaves no child behind."""
        self.strays = Strays()
        gc.collect()
        gc.freeze()
        try:
            while self._step():
                pass
        finally:
            for child in list(self.children.values()):
                self._reap(child, None)
            # What was killed just now leaves its orphans a moment later.
            self.strays.end(())
            Clock.sleep(0.02)
            self.strays.end(())

    def _step(self) -> bool:
        fds = {child.events: child for child in self.children.values()}
        now = Clock.monotonic()
        wait = min((child.deadline - now for child in fds.values()), default=None)
        timeout = None if wait is None else max(0.0, wait)
        control = self.control.fileno()
        ready, _, _ = select_now([control, *fds], [], [], timeout)
        if control in ready and not self._control_ready():
            return False
        for fd in ready:
            if fd != control and fds[fd].id in self.children:
                self._child_ready(fds[fd])
        now = Clock.monotonic()
        for child in list(self.children.values()):
            if now >= child.deadline:
                self._finish(child, expired=True)
        return True

    def _control_ready(self) -> bool:
        data = self.control.recv(1 << 16)
        if not data:
            return False
        for line in self.incoming.feed(data):
            message = json.loads(line)
            if message["type"] == "quit":
                return False
            if message["type"] == "run":
                self._fork(message)
            elif message["type"] == "stop":
                self._ask_to_stop(message["job"])
        return True

    def _ask_to_stop(self, job: int) -> None:
        child = self.children.get(job)
        if child is not None and not child.stopping:
            child.stopping = True
            with contextlib.suppress(OSError):
                os.write(child.stop, b"x")
            child.deadline = min(child.deadline, Clock.monotonic() + STOP_GRACE)

    def _fork(self, job: Message) -> None:
        events_r, events_w = os.pipe()
        stop_r, stop_w = os.pipe()
        tmp = os.path.join(self.tmp, f"job-{job['job']}")
        os.makedirs(tmp, exist_ok=True)
        if self.before_fork is not None:
            self.before_fork(job)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os.close(events_r)
            os.close(stop_w)
            self._run_child(job, events_w, stop_r, tmp)
        os.close(events_w)
        os.close(stop_r)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        self.children[job["job"]] = Child(job, pid, events_r, stop_w, tmp)

    def _run_child(self, job: Message, events: int, stop: int, tmp: str) -> None:
        """In the child: never returns, but with InChild where there is no body to run."""
        try:
            with contextlib.suppress(OSError):
                os.setpgid(0, 0)
            end_with_parent()
            self.control.close()
            self.children.clear()
            use_tmp(tmp)
            # Tests as they are may take what they need: only what a mutant makes of them may not.
            if not job.get("record"):
                limit_memory(self.memory_limit)
        except BaseException:
            # Nothing of the child may go on in the zygote's place.
            _exit(1)

        def emit(message: Message) -> None:
            write_all(events, encode(message))

        def stop_requested() -> bool:
            return bool(select_now([stop], [], [], 0)[0])

        if self.body is None:
            raise InChild(job, emit, stop_requested)
        body = self.body
        finish(lambda: body(job, emit, stop_requested), emit)

    def _child_ready(self, child: Child) -> None:
        data = os.read(child.events, 1 << 20)
        if not data:
            self._finish(child)
            return
        for line in child.buffer.feed(data):
            event = json.loads(line)
            child.note(event)
            if event["type"] not in NOT_PASSED_ON:
                self.control.sendall(b'{"type":"event","job":%d,"event":%s}\n' % (child.id, line))
        if child.finished or child.broken:
            self._finish(child)

    def _finish(self, child: Child, expired: bool = False) -> None:
        """End a child that has said its last word, closed its pipe, or run out of time."""
        # A finished child leaves at once; one past its deadline may have died unseen, because
        # something it started still holds the pipe open.
        patience = 1.0 if child.finished or child.broken or not expired else 0.0
        status = wait_for(child.pid, patience)
        self._reap(child, status)
        end, detail = child.judge(expired, status)
        self.strays.end(other.pid for other in self.children.values())
        self._bound_output()
        self.send(
            {
                "type": "end",
                "job": child.id,
                "end": end,
                "detail": detail,
                "current": child.current,
                "seconds": Clock.monotonic() - child.started,
            }
        )

    def _bound_output(self) -> None:
        """Forget what children have printed past pytest (with `-s`), once it is too much."""
        log = os.path.join(self.tmp, LOG_NAME)
        with contextlib.suppress(OSError):
            if os.stat(log).st_size > MOST_OUTPUT:
                os.truncate(log, 0)

    def _reap(self, child: Child, status: int | None) -> None:
        """Kill the process group, collect the child, and remove what it held."""
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
        if status is None:
            with contextlib.suppress(OSError):
                os.kill(child.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child.pid, 0)
        os.close(child.events)
        os.close(child.stop)
        self.children.pop(child.id, None)
        shutil.rmtree(child.tmp, ignore_errors=True)


def finish(work: Callable[[], None], emit: Emit) -> NoReturn:
    """Do the last work of a child, say how it went, and leave the process."""
    code = 1
    try:
        try:
            work()
            emit({"type": "finished"})
            code = 0
        except BaseException:
            emit({"type": "broken", "detail": traceback.format_exc(limit=-8)})
    finally:
        _exit(code)


# Taken at import: tests replace select (gevent) and time (freezegun).
select_now = select.select


def wait_for(pid: int, seconds: float) -> int | None:
    """The exit status of `pid` once it ends within `seconds`, else None."""
    end = Clock.monotonic() + seconds
    pause = 0.0005
    while True:
        try:
            done, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            return 0
        if done:
            return status
        if Clock.monotonic() >= end:
            return None
        Clock.sleep(pause)
        pause = min(pause * 2, 0.02)


def describe_status(status: int) -> str:
    """A wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"left with exit status {code}"


def use_tmp(directory: str) -> None:
    """Give this process a temporary directory of its own."""
    import tempfile

    os.environ["TMPDIR"] = directory
    tempfile.tempdir = None
