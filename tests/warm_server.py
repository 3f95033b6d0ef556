"""Forks processes that have imported pytest and coverage already: `python warm_server.py FD`.

What a forked process finds is what a new one would: its own environment, directory, arguments,
descriptors, session and signals, and none of the project's code.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, TypedDict

ALREADY_IMPORTED = (
    *("coverage", "pytest"),
    *("faulthandler", "fractions", "pdb", "unittest.mock", "xml.etree.ElementTree"),
)
"""What a zygote has imported before it collects, but for pytest's plugins, which are rewritten."""

LENGTH = 8
"""Bytes that say how long the request is that follows them."""

MOST_DESCRIPTORS = 1024


class Request(TypedDict):
    """`command` is what stands behind the interpreter: a script, `-c` or `-m`, then arguments;
    `control` the number that the process wants the descriptor of its socket to have, or 0."""

    command: list[str]
    cwd: str
    environ: dict[str, str]
    control: int


def serve(requests: socket.socket) -> None:
    """Fork as asked until the other end hangs up.

    With each request come descriptors: the output, a pipe for the pid and then the exit status,
    and the socket, if there is one.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pipes: dict[int, int] = {}
    streams: list[socket.socket | int] = [requests, woken]
    while True:
        readable, _, _ = select.select(streams, [], [])
        if woken in readable:
            os.read(woken, 4096)
            reap(pipes)
        if requests in readable:
            header, descriptors, _, _ = socket.recv_fds(requests, LENGTH, 3)
            if not header:
                return
            request = json.loads(read_exactly(requests, int(header)))
            pid = os.fork()
            if pid == 0:
                requests.close()
                run(request, descriptors)
            output, pipes[pid], *control = descriptors
            for descriptor in (output, *control):
                os.close(descriptor)


def read_exactly(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += stream.recv(count - len(data))
    return data


def reap(pipes: dict[int, int]) -> None:
    """Pass on how those have ended that have."""
    for pid in list(pipes):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            pipe = pipes.pop(pid)
            os.write(pipe, b"%d\n" % os.waitstatus_to_exitcode(status))
            os.close(pipe)


def run(request: Request, descriptors: list[int]) -> NoReturn:
    """In the child: become the process that was asked for."""
    output, pipe, *control = descriptors
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.write(pipe, b"%d\n" % os.getpid())
    take_descriptors(output, control, request["control"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    os.chdir(request["cwd"])
    sys.path[1:1] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = request["command"]
    if sys.argv[0] == "-m":
        sys.path[0] = request["cwd"]
        sys.argv = sys.argv[1:]
        runpy = importlib.import_module("runpy")
        become_main(lambda _: runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True))
    if sys.argv[0] == "-c":
        sys.path[0] = ""
        code = compile(sys.argv.pop(1), "<string>", "exec", dont_inherit=True)
        become_main(lambda names: exec(code, names))
    path = Path(sys.argv[0])
    sys.path[0] = str(path.parent)
    code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    become_main(lambda names: exec(code, names), __file__=str(path), __cached__=None)


def take_descriptors(output: int, control: list[int], number: int) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for descriptor in control:
        os.dup2(descriptor, number)
    os.closerange(3, number)
    os.closerange(max(3, number + 1), MOST_DESCRIPTORS)


def become_main(body: Callable[[dict[str, Any]], object], **more: str | None) -> NoReturn:
    """Run a body, given the names of a new main module, and leave as Python does at its end."""
    main = ModuleType("__main__")
    main.__dict__.update(more, __builtins__=__builtins__, __annotations__={})
    sys.modules["__main__"] = main
    body(main.__dict__)
    sys.exit()


if __name__ == "__main__":
    listening = socket.socket(fileno=int(sys.argv[1]))
    for name in ALREADY_IMPORTED:
        importlib.import_module(name)
    listening.sendall(json.dumps(sorted(sys.modules)).encode() + b"\n")
    serve(listening)
