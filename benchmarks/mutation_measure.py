"""What a command costs with all it starts: processor and wall seconds, peak memory of the tree.

A control group of its own where the kernel lets us make one (it misses no process, reaped or not),
else what the kernel says of children that were waited for: then memory is the largest process's.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.05
GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one command, or the sum of several; memory in bytes."""

    cpu: float = 0.0
    wall: float = 0.0
    peak: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cpu + other.cpu, self.wall + other.wall, max(self.peak, other.peak))


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended, or was ended after its time (`code` None)."""

    cost: Cost
    code: int | None
    output: str


def measure(
    command: Sequence[str],
    directory: Path,
    env: Mapping[str, str],
    cores: Sequence[int],
    limit: float,
) -> Finished:
    """Run a command on these cores for at most `limit` seconds; its output is kept as text."""
    with _group() as group:

        def enter() -> None:
            group.enter()
            os.sched_setaffinity(0, cores)

        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.monotonic()
        process = subprocess.Popen(
            list(command),
            cwd=directory,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=enter,  # noqa: PLW1509 - no thread is alive yet
        )
        code: int | None = None
        with group.watching():
            try:
                output, _ = process.communicate(timeout=limit)
                code = process.returncode
            except subprocess.TimeoutExpired:
                group.kill()
                with contextlib.suppress(OSError):
                    os.killpg(process.pid, 9)
                output, _ = process.communicate()
        wall = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        used, peak = group.used()
        return Finished(Cost(cpu if used is None else used, wall, peak), code, output)


class _Waited:
    """Without a control group: what the kernel adds up for children."""

    def enter(self) -> None:
        """Nothing to enter."""

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        yield

    def kill(self) -> None:
        """The caller ends the process group."""

    def used(self) -> tuple[float | None, int]:
        return None, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024

    def close(self) -> None:
        """Nothing was made."""


class _Control:
    """One control group in each of the two hierarchies of version 1."""

    def __init__(self, cpu: Path, memory: Path) -> None:
        self._cpu = cpu
        self._memory = memory
        self._peak = 0

    def enter(self) -> None:
        for group in (self._cpu, self._memory):
            (group / "cgroup.procs").write_text(str(os.getpid()))

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Anonymous memory, counted once however many processes share a page."""
        ended = threading.Event()

        def sample() -> None:
            while not ended.wait(SAMPLE_SECONDS):
                for line in (self._memory / "memory.stat").read_text().splitlines():
                    if line.startswith("total_rss "):
                        self._peak = max(self._peak, int(line.split()[1]))

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def kill(self) -> None:
        for _ in range(20):
            members = (self._cpu / "cgroup.procs").read_text().split()
            if not members:
                return
            for member in members:
                with contextlib.suppress(OSError):
                    os.kill(int(member), 9)
            time.sleep(0.05)

    def used(self) -> tuple[float | None, int]:
        return int((self._cpu / "cpuacct.usage").read_text()) / 1e9, self._peak

    def close(self) -> None:
        # What a tool leaves running would be counted in nobody's favour.
        self.kill()
        for group in (self._cpu, self._memory):
            with contextlib.suppress(OSError):
                group.rmdir()


@contextlib.contextmanager
def _group() -> Iterator[_Control | _Waited]:
    group: _Control | _Waited = _Waited()
    name = f"assay-bench-{os.getpid()}-{time.monotonic_ns()}"
    try:
        mine = dict(_memberships())
        paths = [GROUPS / one / mine[one].lstrip("/") / name for one in ("cpuacct", "memory")]
        for path in paths:
            path.mkdir()
        group = _Control(*paths)
    except (OSError, KeyError):
        pass
    try:
        yield group
    finally:
        group.close()


def _memberships() -> Iterator[tuple[str, str]]:
    """The control group of this process in each hierarchy of version 1."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        for name in filter(None, names.split(",")):
            yield name, path
