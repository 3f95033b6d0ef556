"""Starts the project's interpreter from a process that has imported pytest and coverage already.

To import the two is most of what it costs to run the tests of a small project, and these tests do
so more than a thousand times. What could make a difference is started as usual: another
interpreter, settings that Python reads when it starts, a module of the project's that takes the
place of one that is imported by then. `ASSAY_COLD_STARTS=1` starts everything as usual.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

import pytest
from warm_server import LENGTH, Request

import assay.sessions
from assay.execution import interpreter, zygote
from assay.execution.process import Connected, Finished, run_briefly

COLD_STARTS = bool(os.environ.get("ASSAY_COLD_STARTS"))

_IMPORTED = (".py", ".pyc", ".so")

_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")


class WarmProcess:
    """What `subprocess.Popen` says of a process, for one that the server has forked."""

    def __init__(self, pipe: int) -> None:
        self._pipe = open(pipe, "rb", buffering=0)  # noqa: SIM115  closed when the process has ended
        self.pid = self._number()
        self.returncode: int | None = None

    def _number(self) -> int:
        line = self._pipe.readline()
        assert line, "the warm server has ended"
        return int(line)

    def poll(self) -> int | None:
        return self._ended_within(0.0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended_within(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a warm process", timeout or 0.0)
        return code

    def _ended_within(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._pipe], [], [], seconds)[0]:
            self.returncode = self._number()
            self._pipe.close()
        return self.returncode


class WarmServer:
    """A process that forks others until it is closed."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = _read_at_start(environ)
        self._lock = threading.Lock()
        self._requests, theirs = socket.socketpair()
        script = Path(__file__).with_name("warm_server.py")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(script), str(theirs.fileno())],
                env=dict(environ),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
            )
        with self._requests.makefile("rb") as lines:
            imported = json.loads(lines.readline())
        self._modules = frozenset(("sitecustomize", "usercustomize", *imported))

    def serves(self, command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> bool:
        """Whether a process forked here would be the same as a new one."""
        places = [Path(cwd), *_search_path(environ)]
        return (
            command[0] == sys.executable
            and _read_at_start(environ) == self._environ
            and not any(map(Path.is_file, places))
            and not any(self._modules & _modules_in(place) for place in places)
        )

    def start(
        self,
        command: Sequence[str],
        cwd: Path,
        environ: Mapping[str, str],
        output: IO[bytes],
        control: tuple[int, socket.socket] | None = None,
    ) -> WarmProcess:
        pipe, theirs = os.pipe()
        number, sockets = (0, []) if control is None else (control[0], [control[1].fileno()])
        request = Request(
            command=list(command[1:]), cwd=str(cwd), environ=dict(environ), control=number
        )
        data = json.dumps(request).encode()
        with self._lock:
            descriptors = [output.fileno(), theirs, *sockets]
            socket.send_fds(self._requests, [b"%*d" % (LENGTH, len(data))], descriptors)
            self._requests.sendall(data)
        os.close(theirs)
        return WarmProcess(pipe)

    def close(self) -> None:
        self._requests.close()
        self._process.wait()

    def connected(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], output: Path, control: int
    ) -> Connected:
        """As `Connected`."""
        if not self.serves(command, cwd, env):
            return Connected(command, cwd, env, output, control)
        found = Connected.__new__(Connected)
        found.socket, theirs = socket.socketpair()
        with theirs, output.open("ab") as log:
            started = self.start(command, cwd, env, log, (control, theirs))
        found._process = cast("subprocess.Popen[bytes]", started)
        return found

    def run_briefly(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], seconds: float
    ) -> Finished:
        """As `run_briefly`."""
        if not self.serves(command, cwd, env):
            return run_briefly(command, cwd, env, seconds)
        with tempfile.TemporaryFile() as output:
            process = self.start(command, cwd, env, output)
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                return Finished(None, "")
            output.seek(0)
            return Finished(code, output.read().decode(errors="replace"))

    def serve_assay(self, patch: pytest.MonkeyPatch) -> None:
        """Put it in the place of what starts the project's interpreter."""
        patch.setattr(zygote, "Connected", self.connected)
        for module in (interpreter, assay.sessions):
            patch.setattr(module, "run_briefly", self.run_briefly)


def _read_at_start(environ: Mapping[str, str]) -> dict[str, str]:
    """Settings of the interpreter that cannot be taken over later. Without a seed for hashes, one
    is as good as another."""
    later = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    found = {k: v for k, v in environ.items() if k.startswith(_READ_AT_START) and k not in later}
    return {"PYTHONHASHSEED": "0", **found}


def _search_path(environ: Mapping[str, str]) -> list[Path]:
    return list(map(Path, filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))))


def _modules_in(directory: Path) -> set[str]:
    """Names of top-level modules and packages that an import may find in a directory."""
    found = directory.iterdir() if directory.exists() else ()
    return {
        path.name.partition(".")[0] for path in found if path.suffix in _IMPORTED or path.is_dir()
    }
