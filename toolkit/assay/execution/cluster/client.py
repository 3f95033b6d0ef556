"""The client's end of a cluster: ships the snapshot, hands out batches, and takes in verdicts."""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from assay.errors import AssayError, InconclusiveError
from assay.execution.cluster.batches import Batch, cut
from assay.execution.cluster.connection import GONE, Connection, Ended, connected
from assay.execution.cluster.snapshot import Snapshot
from assay.execution.cluster.terms import Fault, Terms, decoded, encoded
from assay.execution.cluster.worker import Snapshots
from assay.execution.mutants import Listener, MutantRun
from assay.model.mutant import SETTLED, PlannedMutant, Status, Verdict
from assay.verdict.classify import unsettled

Say = Callable[[str], None]
Connect = Callable[[str, float], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for a scheduler to answer, for a worker to be there, between two looks."""

    scheduler: float = 10.0
    workers: float = 30.0
    look: float = 1.0


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Watch:
    """Where news go: words, and verdicts, which have had their controls when they arrive."""

    say: Say
    listener: Listener


class ClusterRunner:
    """Runs a plan to its verdicts on the workers of a scheduler."""

    def __init__(
        self,
        address: str,
        terms: Terms,
        snapshot: Callable[[], Snapshot],
        watch: Watch,
        patience: Patience = PATIENCE,
        connect: Connect = connected,
    ) -> None:
        self._connect = connect
        self._address = address
        self._terms = terms
        self._snapshot = snapshot
        self._watch = watch
        self._patience = patience
        self._verdicts: dict[str, Verdict] = {}
        self._flaky: dict[str, str] = {}

    def run(self, planned: Sequence[PlannedMutant]) -> MutantRun:
        """Every planned mutant gets a verdict; those not reached before an interrupt, Pending.

        Raises an AssayError if the cluster is lost, or does not run the tests as this machine does;
        what has arrived until then is kept.
        """
        interrupted = False
        try:
            if planned:
                self._run(planned)
        except KeyboardInterrupt:
            interrupted = True
        for mutant in planned:
            if mutant.mutant.id not in self._verdicts:
                pending = unsettled(mutant, Status.PENDING, "interrupted before it was run")
                self._verdicts[mutant.mutant.id] = pending
        return MutantRun(self._verdicts, self._flaky, interrupted)

    def _run(self, planned: Sequence[PlannedMutant]) -> None:
        with self._connect(self._address, self._patience.scheduler) as cluster:
            threads = self._wait_for_workers(cluster)
            snapshot = self._snapshot()
            self._watch.say(
                f"sending {snapshot.files} files ({snapshot.size}) to {self._address}: "
                f"{threads} thread{'' if threads == 1 else 's'}"
            )
            # Two runs at once have each their own, though their files may be the same.
            name = f"assay-{snapshot.digest[:12]}-{uuid.uuid4().hex[:8]}"
            with cluster.registered(name, Snapshots(encoded(self._terms), snapshot.content)):
                self._gather(cluster, name, cut(planned, self._terms.limits.seconds, threads))

    def _wait_for_workers(self, cluster: Connection) -> int:
        """How many threads the workers have together; InconclusiveError if none comes in time."""
        seconds = self._patience.workers
        if not cluster.threads():
            self._watch.say(f"waiting for a worker of {self._address}, for {seconds:g} s at most")
            cluster.wait_for_worker(seconds)
        threads = cluster.threads()
        if not threads:
            raise InconclusiveError(
                f"the Dask scheduler {self._address} has no worker after {seconds:g} s: start "
                f"some with `dask worker {self._address}`"
            )
        return threads

    def _gather(self, cluster: Connection, plugin: str, batches: Sequence[Batch]) -> None:
        """Hand out all batches, and take them in as they come back."""
        ended: queue.Queue[Ended] = queue.Queue()
        under = dict(enumerate(batches))
        try:
            for number, batch in under.items():
                cluster.submit(plugin, number, encoded(batch.mutants), ended.put)
            while under:
                done = self._next(cluster, ended)
                self._take_in(done, under.pop(done.number))
                cluster.forget(done.number)
        finally:
            cluster.cancel()

    def _next(self, cluster: Connection, ended: queue.Queue[Ended]) -> Ended:
        """The next batch that is done; InconclusiveError if none can come any more."""
        alone_since: float | None = None
        while True:
            try:
                return ended.get(timeout=self._patience.look)
            except queue.Empty:
                pass
            if not cluster.is_alive:
                raise self._lost(GONE)
            if cluster.threads():
                alone_since = None
                continue
            alone_since = alone_since or time.monotonic()
            if time.monotonic() - alone_since >= self._patience.workers:
                seconds = self._patience.workers
                raise self._lost(f"since {seconds:g} s no worker is left at the Dask scheduler")

    def _lost(self, words: str) -> InconclusiveError:
        count = sum(verdict.status in SETTLED for verdict in self._verdicts.values())
        return InconclusiveError(
            f"{words} {self._address}: run the same command again to go on; verdicts that have "
            f"arrived and are kept: {count}"
        )

    def _take_in(self, done: Ended, batch: Batch) -> None:
        if done.reply is None:
            if not done.problem:
                raise self._lost(GONE)
            # What could not be run says nothing about its mutants.
            for mutant in batch.mutants:
                self._note(unsettled(mutant, Status.RUNTIME_ERROR, done.problem))
            return
        reply = decoded(done.reply)
        if isinstance(reply, AssayError):
            reply.message = f"on a worker of {self._address}: {reply.message}"
            raise reply
        if isinstance(reply, Fault):
            raise InconclusiveError(
                f"a fault of assay itself on a worker of {self._address}:",
                tuple(reply.text.strip().splitlines()[-8:]),
            )
        self._flaky |= reply.flaky
        for mutant in batch.mutants:
            missing = unsettled(mutant, Status.RUNTIME_ERROR, "the worker sent no verdict on it")
            self._note(reply.verdicts.get(mutant.mutant.id, missing))

    def _note(self, verdict: Verdict) -> None:
        self._verdicts[verdict.mutant.id] = verdict
        self._watch.listener.came(verdict)
        self._watch.listener.settled(verdict)
