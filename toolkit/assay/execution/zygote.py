"""The controller's end of a zygote: starts it, hands it jobs, and reads what they report."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import select
import selectors
import shutil
import signal
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import assay
from assay.errors import BaselineError, InconclusiveError
from assay.execution.interpreter import Interpreter, probe_environment
from assay.execution.process import Connected

Message = dict[str, Any]

CONTROL_FD = 197
"""A number that test suites which close or count low descriptors leave alone."""

LEAVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ZygoteSettings:
    """Where and how the tests run.

    `project` is the directory pytest is started in, `repo` the root that paths are relative to,
    `state` assay's own directory, `excluded` directories whose code is not the project's,
    `memory_limit` the MB a mutant's process may map beyond the collected session (0: no limit,
    None: the default of the probe), `collection_limit` the seconds without a sign of life after
    which pytest counts as hung before it has collected. `stands_for` is the directory that node ids
    name where they hold the path of `repo`: that of which it is a copy.
    """

    interpreter: Interpreter
    project: Path
    repo: Path
    state: Path
    pytest_args: tuple[str, ...]
    excluded: tuple[str, ...]
    memory_limit: int | None
    collection_limit: float
    environ: Mapping[str, str] = field(hash=False)
    stands_for: Path | None = None

    @property
    def test_environ(self) -> dict[str, str]:
        """The environment as the tests see it."""
        return probe_environment(self.environ)


@dataclass(frozen=True, slots=True)
class Job:
    """What one child is to do.

    `limits` are seconds a test; `mutants` are put in place together, in the form that hotswap and
    coldimport read; `batch` are mutants to be tried one after another, as `probe.speculate` reads
    them, or `probe.pairs` with `pairs`; `files` are the test files a cold child collects; `ticks`
    is how often a test may enter mutated code or go round its loops (0: as often as it likes);
    `canary`: each test is made to fail; `shared_limit` are seconds for each set-up or teardown of
    a fixture above function scope;
    `watch`: what each test does with assertions and stand-ins is told too.
    `observe` is what `probe.observe` is to watch (with an empty path: only the lines at which tests
    fail); `seed` is what `random` starts from (0: as usual).
    `watchers` are those of `probe.watchers` by name, each with what it is told; what they tell
    comes as events.
    """

    tests: tuple[str, ...]
    limits: tuple[float, ...]
    collect_limit: float
    record: bool
    stop_at_failure: bool
    quick: bool
    mutants: tuple[Message, ...] = field(hash=False, default=())
    batch: tuple[Message, ...] = field(hash=False, default=())
    pairs: bool = False
    files: tuple[str, ...] = ()
    ticks: int = 0
    canary: bool = False
    shared_limit: float = 0.0
    watch: bool = False
    observe: Message | None = field(hash=False, default=None)
    seed: int = 0
    watchers: Mapping[str, Message] = field(hash=False, default_factory=dict)


class Zygote:
    """A running zygote. Use as a context manager: on leaving, it and its children are gone.

    `mode` is "collected", "cold" or "import" (see `probe.server`), `more` what the last two
    ask for beside the settings: `order`, the node ids of the collected session, and for "import"
    `module`, `files` and `ahead`: the paths of the module, of the test files, and of sources to
    compile first. For "collected", `only` are the test files to collect (all), and `seed` what
    pytest-randomly starts from. `problems` is, once it has greeted, what each collector that failed
    left behind, as `probe.evidence` tells it.
    """

    def __init__(
        self,
        settings: ZygoteSettings,
        mode: str,
        record: bool,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        self._tmp = Path(tempfile.mkdtemp(prefix="assay-"))
        self._log = self._tmp / "output.txt"
        self._next_job = 0
        self._pending: list[Message] = []
        self._buffer = b""
        self.problems: tuple[Message, ...] = ()
        self._patience = settings.collection_limit
        self._watch = {"repo": str(settings.repo), "excluded": list(settings.excluded)}
        try:
            self._connect(settings, mode, record, more or {})
        except BaseException:
            shutil.rmtree(self._tmp, ignore_errors=True)
            raise

    def _connect(
        self, settings: ZygoteSettings, mode: str, record: bool, more: Mapping[str, Any]
    ) -> None:
        bootstrap = install_probe(settings.state) / "bootstrap.py"
        request = {
            "mode": mode,
            "record": record,
            "repo": str(settings.repo),
            "args": list(settings.pytest_args),
            "excluded": list(settings.excluded),
            "cache": str(settings.state / "pytest-cache"),
            "tmp": str(self._tmp),
            "fd": CONTROL_FD,
            "stands_for": None if settings.stands_for is None else str(settings.stands_for),
            **more,
            "memory_limit": settings.memory_limit,
        }
        request_file = self._tmp / "request.json"
        request_file.write_text(json.dumps(request), encoding="utf-8")
        env = probe_environment(settings.environ)
        env["TMPDIR"] = str(self._tmp)
        command = [settings.interpreter.path, str(bootstrap), str(request_file)]
        self._process = Connected(command, settings.project, env, self._log, CONTROL_FD)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.socket, selectors.EVENT_READ)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(InconclusiveError):
            self._send({"type": "quit"})
        self._selector.close()
        self._process.close(LEAVE_SECONDS)
        shutil.rmtree(self._tmp, ignore_errors=True)

    def greeting(self) -> Message:
        """The first message: what was collected, or why nothing could be.

        BaselineError if pytest hangs or ends by itself before that.
        """
        doing = "starting"
        while True:
            try:
                message = self._next_message(self._patience)
            except InconclusiveError as problem:
                if (self._process.exit_code or 0) < 0:
                    raise
                raise BaselineError(
                    f"pytest ended by itself (exit status {self._process.exit_code}) while "
                    f"{doing}: something that is imported there leaves the process",
                    problem.details,
                ) from None
            if message is None:
                self._process.close(0.0)
                raise BaselineError(
                    f"pytest hung while {doing}: no sign of life for {self._patience:g} s "
                    "(the setting timeout-collection)"
                )
            if message["type"] != "collecting":
                self.problems = tuple(message.get("problems", ()))
                return message
            doing = f"collecting {message['where']}"

    def submit(self, job: Job) -> int:
        """Hand over a job; the number that its messages carry."""
        self._next_job += 1
        self._send(
            {
                "type": "run",
                "job": self._next_job,
                "tests": job.tests,
                "limits": job.limits,
                "collect_limit": job.collect_limit,
                "record": job.record,
                "stop_at_failure": job.stop_at_failure,
                "quick": job.quick,
                "mutants": job.mutants,
                "batch": job.batch,
                "pairs": job.pairs,
                "files": job.files,
                "ticks": job.ticks,
                "canary": job.canary,
                "shared_limit": job.shared_limit,
                "watch": self._watch if job.watch else None,
                "observe": job.observe,
                "seed": job.seed,
                "watchers": dict(job.watchers),
            }
        )
        return self._next_job

    def stop(self, job: int) -> None:
        """Ask a job to end after the test it is in, keeping what it has."""
        self._send({"type": "stop", "job": job})

    def receive(self) -> Message:
        """The next event or end of a job; InconclusiveError if the zygote is lost."""
        message = self._next_message(None)
        assert message is not None
        return message

    def output(self, limit: int = 4000) -> str:
        """The end of what the process printed."""
        try:
            return self._log.read_text(encoding="utf-8", errors="replace")[-limit:]
        except OSError:
            return ""

    def _send(self, message: Message) -> None:
        data = json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
        view = memoryview(data)
        stream = self._process.socket
        try:
            while view:
                # Reading meanwhile: the zygote may be writing to us, and not read until it is done.
                readable, writable, _ = select.select([stream], [stream], [])
                if readable:
                    self._receive()
                if writable:
                    with contextlib.suppress(BlockingIOError):
                        view = view[stream.send(view, socket.MSG_DONTWAIT) :]
        except (OSError, ValueError) as problem:  # ValueError: closed after the zygote was lost
            raise self._lost() from problem

    def _next_message(self, seconds: float | None) -> Message | None:
        """The next message; None if there is none within so many seconds."""
        while not self._pending:
            if not self._selector.select(seconds):
                return None
            self._receive()
        return self._pending.pop(0)

    def _receive(self) -> None:
        """Take what has arrived; InconclusiveError if the zygote has hung up."""
        try:
            data = self._process.socket.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            raise self._lost()
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        self._pending.extend(json.loads(line) for line in lines)

    def _lost(self) -> InconclusiveError:
        with contextlib.suppress(Exception):
            self._process.close(1.0)
        tail = self.output().strip().splitlines()[-15:]
        code = self._process.exit_code or 0
        how = f"was killed by {_name(-code)}"
        if code >= 0:
            how = f"ended by itself (exit status {code})"
        return InconclusiveError(f"the test process {how}; its last output follows", tuple(tail))


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def install_probe(state: Path) -> Path:
    """Copy the probe beside the state, under the digest of its content; its directory.

    A copy, so that a project which is assay itself does not measure the probe that measures it,
    and so that editing the probe cannot change a run that is under way. What is compiled already is
    taken along: to compile it would be a sixth of what the start of a small suite takes.
    """
    source = Path(assay.__file__).parent / "probe"
    files = sorted(source.glob("*.py"))
    times = {path: path.stat().st_mtime_ns for path in files}
    contents = {path: path.read_bytes() for path in files}
    digest = hashlib.sha256(b"".join(contents[path] for path in files)).hexdigest()[:16]
    target = state / "probe" / digest
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=target.parent))
        for path, content in contents.items():
            copy = partial / path.name
            copy.write_bytes(content)
            _take_bytecode(path, copy, times[path])
        with contextlib.suppress(OSError):
            # Another run may have been first: its copy is the same.
            partial.rename(target)
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _take_bytecode(source: Path, copy: Path, time: int) -> None:
    """Python trusts bytecode that names the size and the time of its source; the time is that of
    before it was read, so that an edit since then cannot pass."""
    os.utime(copy, ns=(time, time))
    compiled = Path(importlib.util.cache_from_source(str(source)))
    beside = copy.parent / "__pycache__" / compiled.name
    with contextlib.suppress(OSError):
        beside.parent.mkdir(exist_ok=True)
        shutil.copyfile(compiled, beside)
