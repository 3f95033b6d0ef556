"""All that assay asks of Dask's client, with types: nothing else here imports it."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from distributed import Client, KilledWorker

from assay.errors import InconclusiveError, UsageError
from assay.execution.cluster.worker import Snapshots, run_batch

RETRIES = 2
"""Times that a batch is tried again after its agent was lost. (How often it is after a worker was
lost is the scheduler's own setting, `distributed.scheduler.allowed-failures`.)"""

GONE = "the connection is lost to the Dask scheduler"
"""Dask gives up all batches then, and says no more than that they are cancelled."""

MUST_MATCH = ("dask", "distributed")
"""Packages that talk to each other: Dask wants one version of each on all machines."""

# Only in part annotated by Dask, and differently from version to version.
_Client: Any = Client


@dataclass(frozen=True, slots=True)
class Ended:
    """A batch that is done: what its agent replied, or why there is no reply; neither of them if it
    was cancelled by the scheduler."""

    number: int
    reply: bytes | None
    problem: str


OnEnded = Callable[[Ended], None]


class Connection:
    """A connected client."""

    def __init__(self, address: str, client: Any) -> None:
        self._address = address
        self._client = client
        self._futures: dict[int, Any] = {}

    @property
    def is_alive(self) -> bool:
        """Once lost it does not count as alive again: the scheduler forgets its clients' tasks."""
        status: str = self._client.status
        return status == "running"

    def threads(self) -> int:
        """How many batches the workers can run at once."""
        threads: Mapping[str, int] = self._client.nthreads()
        return sum(threads.values())

    def wait_for_worker(self, seconds: float) -> None:
        """Until there is one, or the time is over."""
        with contextlib.suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=seconds)

    def submit(self, plugin: str, number: int, batch: bytes, ended: OnEnded) -> None:
        """Queue a batch; `ended` is called from another thread."""
        # A key of its own: two runs of one plan are not one task.
        key = f"{plugin}-{number}"
        future = self._client.submit(run_batch, plugin, batch, key=key, pure=False, retries=RETRIES)
        self._futures[number] = future
        future.add_done_callback(lambda done: ended(self._end_of(number, done)))

    def _end_of(self, number: int, future: Any) -> Ended:
        if future.status == "finished":
            # Fetched here, in the thread of the callbacks.
            return Ended(number, future.result(), "")
        if future.status == "error":
            return Ended(number, None, failure(future.exception()))
        return Ended(number, None, "")

    def forget(self, number: int) -> None:
        """The reply has been read: the workers need not keep it."""
        self._futures.pop(number).release()

    def cancel(self) -> None:
        """Drop all batches that are not done."""
        with contextlib.suppress(OSError, TimeoutError):
            if self._futures and self.is_alive:
                self._client.cancel(list(self._futures.values()), force=True)

    @contextlib.contextmanager
    def registered(self, name: str, plugin: Snapshots) -> Iterator[None]:
        """The workers know the snapshot meanwhile, also those that join."""
        try:
            self._register(name, plugin)
            yield
        finally:
            # Where a worker could not take it, Dask raises what it raised; nothing is to be done.
            with contextlib.suppress(Exception):
                if self.is_alive:
                    self._client.unregister_worker_plugin(name)

    def _register(self, name: str, plugin: Snapshots) -> None:
        try:
            self._client.register_plugin(plugin, name=name)
        except OSError:
            raise
        except Exception as problem:
            # Of what a worker raises Dask may leave no more than the words.
            raise InconclusiveError(
                f"a worker of {self._address} cannot take the snapshot ({problem}): install "
                "`assay[dask]`, in the version of this machine, for the Python that runs the "
                "workers"
            ) from problem


def failure(problem: BaseException | None) -> str:
    """Why a batch came to nothing, in one sentence."""
    if isinstance(problem, KilledWorker):
        lost = getattr(problem, "allowed_failures", 0) + 1
        return f"{lost} workers were lost, one after the other, while they had its batch"
    lines = str(problem).strip().splitlines() or [type(problem).__name__]
    return f"its batch was tried {RETRIES + 1} times: {lines[-1]}"


@contextlib.contextmanager
def connected(address: str, seconds: float) -> Iterator[Connection]:
    """UsageError if no scheduler answers there in time, InconclusiveError if it or a worker has
    other versions of Dask than this machine, or if the connection is lost."""
    quieten()
    try:
        with warnings.catch_warnings():
            # Versions are compared below, and told of in one line.
            warnings.simplefilter("ignore")
            client = _Client(address, timeout=seconds, set_as_default=False)
    except TypeError as problem:
        # It answers, but to other questions than this version of Dask asks.
        raise InconclusiveError(
            f"the Dask scheduler at {address} and this machine's Dask {version(MUST_MATCH[0])} do "
            f"not understand each other ({problem}): install the same version on all machines"
        ) from problem
    except (OSError, ValueError, AssertionError) as problem:
        # Of addresses that lead nowhere Dask has been seen to trip over an assertion of its own.
        words = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise UsageError(
            f"no Dask scheduler answers at {address} ({words}): start one with `dask scheduler`, "
            "and give the address that it prints"
        ) from problem
    try:
        check_versions(client.get_versions(), address)
        yield Connection(address, client)
    except OSError as problem:  # Dask's CommClosedError is one
        raise InconclusiveError(f"{GONE} {address} ({problem})") from problem
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            client.close(timeout=1.0)


def quieten() -> None:
    """What goes wrong is said once, by us."""
    for name in ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def check_versions(found: Mapping[str, Any], address: str) -> None:
    """InconclusiveError if the scheduler or a worker has another Dask than this machine."""
    here = found["client"]["packages"]
    others = {"the scheduler": found["scheduler"]}
    others |= {f"the worker {name}": facts for name, facts in found["workers"].items()}
    wrong = [
        f"{package} {here[package]} here, {facts['packages'][package]} on {who}"
        for who, facts in others.items()
        if facts is not None
        for package in MUST_MATCH
        if facts["packages"][package] != here[package]
    ]
    if wrong:
        raise InconclusiveError(
            f"the Dask cluster at {address} has other versions than this machine: install the "
            "same on all",
            tuple(wrong[:6]),
        )
