"""The only place that starts a process for the user's tests."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Finished:
    """What a short command said; `code` is negative for a signal, None when it took too long."""

    code: int | None
    output: str


def run_briefly(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], seconds: float
) -> Finished:
    """Run a command that asks the interpreter something; its two outputs are joined."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return Finished(None, "")
    except OSError as problem:
        return Finished(127, str(problem))
    return Finished(done.returncode, done.stdout)


class Connected:
    """A process in a session of its own, and the socket it talks through.

    A session of its own keeps the terminal's Ctrl-C from it: assay decides when it stops.
    """

    def __init__(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], output: Path, control: int
    ) -> None:
        ours, theirs = socket.socketpair()
        self.socket = ours
        os.dup2(theirs.fileno(), control)
        theirs.close()
        try:
            with output.open("ab") as log:
                self._process = subprocess.Popen(
                    command,
                    cwd=cwd,
                    env=dict(env),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(control,),
                    start_new_session=True,
                )
        finally:
            os.close(control)

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def close(self, seconds: float) -> None:
        """Hang up, wait for it to go, and kill its group if it does not."""
        self.socket.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Piped:
    """A process in a session of its own that is written to and read from.

    No descriptor of a fixed number is taken: whoever starts it may have many threads and files.
    """

    def __init__(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], output: Path
    ) -> None:
        with output.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    @property
    def to(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def back(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def hang_up(self) -> None:
        """Say that nothing more comes; it is left to end by itself."""
        with contextlib.suppress(OSError):
            self.to.close()

    def end(self, seconds: float) -> int:
        """Hang up, wait, kill its group if that takes too long; its exit status."""
        self.hang_up()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            return self._process.wait()


class Noted:
    """A process that says what it says into two files; whoever started it asks how far it is.

    It stays in the group of its parent, so that who ends that group ends it, too.
    """

    def __init__(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], output: Path, errors: Path
    ) -> None:
        with output.open("wb") as out, errors.open("wb") as err:
            self._process = subprocess.Popen(
                command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def interrupt(self) -> None:
        """What Ctrl-C does: it may finish what it has to, and end."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
