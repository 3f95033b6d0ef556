"""Facts about the supervisor: children are forked, followed, ended on time, and buried."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.probe.supervise import describe_status

Message = dict[str, Any]

# What the children do, by the name of the job's first test.
DRIVER = """\
import os, signal, socket, subprocess, sys, time
from assay.probe.supervise import Supervisor

def body(job, emit, stop_requested):
    what = job["tests"][0]
    if what == "two tests":
        for test in ("a", "b"):
            emit({"type": "start", "test": test})
            emit({"type": "test", "test": test, "outcome": "passed"})
    elif what == "exit":
        emit({"type": "start", "test": "a"})
        os._exit(3)
    elif what == "signal":
        emit({"type": "start", "test": "a"})
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "raise":
        raise LookupError("our own fault")
    elif what == "system exit":
        raise SystemExit(0)
    elif what == "hang":
        emit({"type": "start", "test": "hang"})
        signal.pause()
    elif what == "hang before":
        signal.pause()
    elif what == "wait for stop":
        emit({"type": "start", "test": "a"})
        import select
        while not stop_requested():
            select.select([], [], [], 0.001)
        emit({"type": "test", "test": "a", "outcome": "passed"})
    elif what == "grandchild":
        process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        emit({"type": "pid", "pid": process.pid})
        if len(job["tests"]) > 1:
            signal.pause()
    elif what == "daemon":
        told, tell = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.write(tell, str(os.getpid()).encode())
                signal.pause()
            os._exit(0)
        os.wait()
        emit({"type": "pid", "pid": int(os.read(told, 20))})
        if len(job["tests"]) > 1:
            signal.pause()
    elif what == "server":
        state_of = open(f"/proc/{server}/stat").read().rpartition(")")[2].split()[0]
        emit({"type": "server", "state": state_of})
    elif what == "frozen":
        import gc
        from assay.probe.hotswap import live_functions
        emit({"type": "live", "count": len(live_functions(os.path.realpath(__file__)))})
    elif what == "tmp":
        import tempfile
        emit({"type": "tmp", "env": os.environ["TMPDIR"], "dir": tempfile.gettempdir()})
    elif what == "large":
        emit({"type": "large", "text": "x" * 3_000_000})
    elif what == "state":
        global state
        state += 1
        emit({"type": "state", "state": state})

state = 0
# Started before the supervisor serves, as by a conftest; ends with this process.
reader, writer = os.pipe()
server = os.fork()
if server == 0:
    os.close(writer)
    os.read(reader, 1)
    os._exit(0)
control = socket.socket(fileno=int(sys.argv[1]))
Supervisor(control, sys.argv[2], body).serve()
print("left")
"""


class Served:
    """A supervisor in a process of its own, and our end of its socket."""

    def __init__(self, directory: Path) -> None:
        self.tmp = directory / "tmp"
        self.tmp.mkdir()
        script = directory / "driver.py"
        script.write_text(DRIVER)
        ours, theirs = socket.socketpair()
        self.socket = ours
        # Far beyond what any step takes: a fault shows as an error, not as a test that hangs.
        ours.settimeout(60)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, str(script), str(theirs.fileno()), str(self.tmp)],
                pass_fds=[theirs.fileno()],
                stdout=subprocess.PIPE,
            )
        self._lines = ours.makefile("rb")
        self._next = 0

    def tell(self, **message: Any) -> None:
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def run(self, *tests: str, collect_limit: float = 60.0, limit: float = 60.0) -> int:
        self._next += 1
        limits = [limit] * len(tests)
        self.tell(
            type="run", job=self._next, tests=tests, limits=limits, collect_limit=collect_limit
        )
        return self._next

    def receive(self) -> Message:
        found: Message = json.loads(self._lines.readline())
        return found

    def until_end(self, job: int) -> tuple[list[Message], Message]:
        """The events of one job, and its end."""
        events = []
        while (message := self.receive())["type"] != "end":
            assert (message["type"], message["job"]) == ("event", job)
            events.append(message["event"])
        assert message["job"] == job
        return events, message

    def all(self, *tests: str, **limits: float) -> tuple[list[Message], Message]:
        return self.until_end(self.run(*tests, **limits))

    def leave(self) -> int:
        self.tell(type="quit")
        return self.process.wait(60)

    def close(self) -> None:
        self._lines.close()
        self.socket.close()
        try:
            self.process.wait(60)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(tmp_path)
    try:
        yield found
    finally:
        found.close()


def ended(end: Message) -> tuple[str, str, str]:
    return end["end"], end["detail"], end["current"]


def wait_until_gone(pid: int) -> None:
    """A process that was sent SIGKILL ends in the kernel's own time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([handle], [], [], 60)[0], f"process {pid} is still there"
    finally:
        os.close(handle)


# Ends


def test_a_child_that_does_its_work_is_finished(served: Served) -> None:
    events, end = served.all("two tests")
    assert [event["type"] for event in events] == ["start", "test", "start", "test", "finished"]
    assert ended(end) == ("finished", "", "")


def test_a_child_that_leaves_by_itself_has_died_in_its_test(served: Served) -> None:
    _, end = served.all("exit")
    assert ended(end) == ("died", "left with exit status 3", "a")


def test_a_child_that_a_signal_took_has_died_in_its_test(served: Served) -> None:
    _, end = served.all("signal")
    assert ended(end) == ("died", "killed by SIGSEGV", "a")


def test_a_killed_child_is_told_by_its_signal(served: Served) -> None:
    _, end = served.all("kill")
    assert ended(end) == ("died", "killed by SIGKILL", "")


def test_a_fault_of_the_body_is_broken_with_its_traceback(served: Served) -> None:
    _, end = served.all("raise")
    assert end["end"] == "broken"
    assert end["detail"].rstrip().endswith("LookupError: our own fault")


def test_leaving_the_body_by_sys_exit_is_not_finished(served: Served) -> None:
    _, end = served.all("system exit")
    assert end["end"] == "broken"


def test_a_test_over_its_limit_is_ended_and_named(served: Served) -> None:
    _, end = served.all("hang", limit=0.05)
    assert ended(end) == ("timeout", "", "hang")


def test_a_child_that_hangs_before_any_test_is_ended_by_the_collection_limit(
    served: Served,
) -> None:
    _, end = served.all("hang before", collect_limit=0.05)
    assert ended(end) == ("timeout", "", "")


def test_a_child_asked_to_stop_finishes_the_test_it_is_in(served: Served) -> None:
    job = served.run("wait for stop")
    assert served.receive()["event"]["type"] == "start"
    served.tell(type="stop", job=job)
    events, end = served.until_end(job)
    assert [event["type"] for event in events] == ["test", "finished"]
    assert end["end"] == "stopped"


def test_asking_an_unknown_job_to_stop_does_nothing(served: Served) -> None:
    served.tell(type="stop", job=99)
    assert served.all("two tests")[1]["end"] == "finished"


# What surrounds a child


@pytest.mark.parametrize(
    ("tests", "end"), [(("grandchild",), "finished"), (("grandchild", "and hang"), "timeout")]
)
def test_what_a_child_started_ends_with_it(
    served: Served, tests: tuple[str, ...], end: str
) -> None:
    events, last = served.all(*tests, collect_limit=60.0 if len(tests) == 1 else 0.4)
    (pid,) = (event["pid"] for event in events if event["type"] == "pid")
    assert last["end"] == end
    wait_until_gone(pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs PR_SET_CHILD_SUBREAPER")
@pytest.mark.parametrize(
    ("tests", "end"), [(("daemon",), "finished"), (("daemon", "and hang"), "timeout")]
)
def test_a_daemon_that_left_the_group_ends_with_a_later_job(
    served: Served, tests: tuple[str, ...], end: str
) -> None:
    events, last = served.all(*tests, collect_limit=60.0 if len(tests) == 1 else 0.4)
    (pid,) = (event["pid"] for event in events if event["type"] == "pid")
    assert last["end"] == end
    served.all("two tests", "b")
    wait_until_gone(pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_what_was_started_before_serving_is_no_stray(served: Served) -> None:
    served.all("two tests", "b")
    events, _ = served.all("server")
    assert events[0]["state"] == "S"


def test_a_child_does_not_see_what_an_earlier_one_did(served: Served) -> None:
    states = [served.all("state")[0][0]["state"] for _ in range(2)]
    assert states == [1, 1]


def test_a_child_has_a_temporary_directory_of_its_own_that_goes_with_it(served: Served) -> None:
    found = [served.all("tmp")[0][0] for _ in range(2)]
    assert [one["env"] == one["dir"] for one in found] == [True, True]
    assert found[0]["dir"] != found[1]["dir"]
    assert all(Path(one["dir"]).parent == served.tmp for one in found)
    assert list(served.tmp.iterdir()) == []


def test_functions_that_were_alive_before_the_fork_are_found_in_the_child(served: Served) -> None:
    assert served.all("frozen")[0][0]["count"] > 0


def test_a_large_message_arrives_whole(served: Served) -> None:
    events, end = served.all("large")
    assert len(events[0]["text"]) == 3_000_000
    assert end["end"] == "finished"


def test_several_children_run_at_once(served: Served) -> None:
    waiting = served.run("wait for stop")
    assert served.receive()["event"]["type"] == "start"
    quick = served.run("two tests")
    assert served.until_end(quick)[1]["end"] == "finished"
    served.tell(type="stop", job=waiting)
    assert served.until_end(waiting)[1]["end"] == "stopped"


# Leaving


def test_quit_ends_the_supervisor_and_its_children(served: Served) -> None:
    served.run("grandchild", "and hang")
    pid = served.receive()["event"]["pid"]
    assert served.leave() == 0
    wait_until_gone(pid)


def test_a_controller_that_is_gone_ends_the_supervisor(served: Served) -> None:
    served.run("hang")
    served.receive()
    served.socket.shutdown(socket.SHUT_RDWR)
    assert served.process.wait(60) == 0


# Words


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "left with exit status 0"),
        (3 << 8, "left with exit status 3"),
        (9, "killed by SIGKILL"),
        (40, "killed by signal 40"),
    ],
)
def test_a_wait_status_is_told_in_words(status: int, words: str) -> None:
    assert describe_status(status) == words
