"""What a Dask worker keeps for a client: the snapshot as it was sent, and agents for batches."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from distributed import Worker, WorkerPlugin, get_worker

from assay.execution.cluster.terms import encoded, receive, send
from assay.execution.process import Piped

LEAVE_SECONDS = 30.0
"""Time for a test under way, and for the project's processes to go, before they are killed."""


class AgentLost(Exception):  # noqa: N818 - what happened, as of a scheduler or a worker
    """The agent ended in the middle of a batch: another try may go well."""


class AgentProcess:
    """The worker's end of an agent."""

    def __init__(self, told: bytes) -> None:
        self._room = Path(tempfile.mkdtemp(prefix="assay-worker-")).resolve()
        self._log = self._room / "output.txt"
        # All that it and its tests leave behind lies in its room.
        env = {**os.environ, "TMPDIR": str(self._room)}
        module = "assay.execution.cluster.agent"
        command = [sys.executable, "-P", "-m", module, str(self._room)]
        try:
            self._process = Piped(command, self._room, env, self._log)
            self._send(told)
        except BaseException:
            shutil.rmtree(self._room, ignore_errors=True)
            raise

    def ask(self, batch: bytes) -> bytes:
        """The reply to a batch; AgentLost if there is none."""
        self._send(batch)
        reply = receive(self._process.back)
        if reply is None:
            raise self._lost()
        return reply

    def leave(self) -> None:
        """Nothing more is asked; it ends by itself, and removes its directory. Nobody waits."""
        self._process.hang_up()
        threading.Thread(target=self._see_off, daemon=True).start()

    def _see_off(self) -> None:
        self._process.end(LEAVE_SECONDS)
        shutil.rmtree(self._room, ignore_errors=True)

    def _send(self, message: bytes) -> None:
        try:
            send(self._process.to, message)
        except (OSError, ValueError) as problem:  # ValueError: hung up on by the teardown
            raise self._lost() from problem

    def _lost(self) -> AgentLost:
        try:
            said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            said = []
        code = self._process.end(LEAVE_SECONDS)
        shutil.rmtree(self._room, ignore_errors=True)
        return AgentLost(f"its process ended with status {code}: {(said or ['no output'])[-1]}")


class Snapshots(WorkerPlugin):
    """Registered under a name of its own for each run; Dask hands it to workers that join later
    too, and calls `teardown` when the run ends or the worker leaves."""

    def __init__(self, terms: bytes, snapshot: bytes) -> None:
        self._terms = terms
        self._snapshot = snapshot

    def setup(self, worker: Worker) -> None:  # noqa: ARG002 - as Dask calls it
        self._lock = threading.Lock()
        self._agents: list[AgentProcess] = []
        self._free: list[AgentProcess] = []

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002
        for agent in self._agents:
            agent.leave()

    def run(self, batch: bytes) -> bytes:
        """The reply of an agent that has nothing else to do; a new one if there is none."""
        agent = self._take()
        try:
            reply = agent.ask(batch)
        except AgentLost:
            with self._lock, contextlib.suppress(ValueError):
                self._agents.remove(agent)
            raise
        with self._lock:
            self._free.append(agent)
        return reply

    def _take(self) -> AgentProcess:
        with self._lock:
            if self._free:
                return self._free.pop()
        agent = AgentProcess(encoded((self._terms, self._snapshot, dict(os.environ))))
        with self._lock:
            self._agents.append(agent)
        return agent


def run_batch(plugin: str, batch: bytes) -> bytes:
    """The task that Dask runs."""
    snapshots = get_worker().plugins[plugin]
    assert isinstance(snapshots, Snapshots)
    return snapshots.run(batch)
