"""Runs batches of mutants beside a Dask worker: `python -m assay.execution.cluster.agent ROOM`.

A process of its own, because the worker has threads and forks are made here. It unpacks the
snapshot and collects once, answers batches until its input ends or stays silent for long, and
removes its directory: so it leaves nothing behind even when the worker is killed.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import IO

from assay.errors import AssayError, InconclusiveError
from assay.execution.cluster.agreement import differences, facts_of, plain_name, renamed
from assay.execution.cluster.snapshot import unpack
from assay.execution.cluster.terms import Fault, Reply, Terms, decoded, encoded, receive, send
from assay.execution.interpreter import check_interpreter, choose_interpreter
from assay.execution.mutants import Listener, MutantRunner
from assay.execution.suite import collected_from
from assay.execution.wire import Bench, JobMaker
from assay.execution.zygote import Zygote, ZygoteSettings
from assay.model.mutant import PlannedMutant, Verdict

IDLE = 600.0
"""Seconds without a batch after which the client is taken to be gone for good."""

GRACE = 2.0
"""Seconds for the test under way, when nobody waits for it any more."""


class Inbox:
    """Messages of a stream, read by a thread, so that its end is noticed during a batch too."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._queue: queue.Queue[bytes | None] = queue.Queue()
        self._left = threading.Event()
        self._lock = threading.Lock()
        self._busy = False
        threading.Thread(target=self._listen, daemon=True).start()

    def next(self) -> bytes | None:
        """The next message; None at the end, and after a long silence."""
        try:
            return self._queue.get(timeout=IDLE)
        except queue.Empty:
            return None

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """What runs meanwhile is interrupted when the stream ends; nothing else is."""
        with self._lock:
            self._busy = True
        try:
            yield
        finally:
            with self._lock:
                self._busy = False

    def leave(self) -> None:
        """The end of the stream is no news any more."""
        self._left.set()

    def _listen(self) -> None:
        while (message := receive(self._stream)) is not None:
            self._queue.put(message)
        self._queue.put(None)
        # As Ctrl-C does: the first lets the test under way finish, the second does not.
        pause, main = 0.0, threading.main_thread().ident or 0
        while not self._left.wait(pause):
            with self._lock:
                if self._busy:
                    # A real signal: the main thread may be waiting in a call of the system.
                    signal.pthread_kill(main, signal.SIGINT)
            pause = GRACE


class Agent:
    """A snapshot, unpacked and collected."""

    def __init__(self, terms: Terms, snapshot: bytes, environ: Mapping[str, str], room: Path):
        self._terms = terms
        repo = room / "snapshot" / terms.name
        unpack(snapshot, repo)
        self._settings = settings_for(terms, environ, repo, room / "state")
        self._zygote = Zygote(self._settings, "collected", record=False)
        try:
            self._collected = collected_from(self._zygote, repo)
            self._compare()
            there = [item.node_id for item in self._collected.items]
            self._names = renamed(terms.expected.tests, there)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._zygote.close()

    def run(self, planned: tuple[PlannedMutant, ...]) -> Reply:
        """One at a time: the worker starts an agent for each of its threads."""
        terms = self._terms
        maker = JobMaker(self._settings.repo, self._collected, terms.limits, terms.sources)
        bench = Bench(self._settings, self._zygote, maker, workers=1)
        runner = MutantRunner(bench, Listener(_nobody_watches, _nobody_watches))
        run = runner.run([in_words_of(self._names, mutant) for mutant in planned])
        back = {there: here for here, there in self._names.items()}
        verdicts = {id_: told_in(back, verdict) for id_, verdict in run.verdicts.items()}
        flaky = {back.get(test, test): reason for test, reason in run.flaky.items()}
        return replace(run, verdicts=verdicts, flaky=flaky)

    def _compare(self) -> None:
        there = facts_of(self._collected, self._settings.repo, self._settings.excluded)
        project = {plain_name(name) for name in self._terms.distributions}
        found = differences(self._terms.expected, there, project, needed_by_workers())
        if found:
            raise InconclusiveError(
                "the tests do not run there as they do here: make them equal, or name the "
                "interpreter with --python",
                (f"there: {self._settings.interpreter.path}", *found),
            )


def in_words_of(names: Mapping[str, str], planned: PlannedMutant) -> PlannedMutant:
    """The plan with the ids that its tests have on this machine."""
    tests = tuple(
        replace(test, node_id=names.get(test.node_id, test.node_id)) for test in planned.tests
    )
    return replace(planned, tests=tests)


def told_in(names: Mapping[str, str], verdict: Verdict) -> Verdict:
    """The verdict with the ids that its tests have for the client."""
    covering = tuple(names.get(test, test) for test in verdict.covering)
    return replace(verdict, covering=covering, killer=names.get(verdict.killer, verdict.killer))


def _nobody_watches(_: Verdict) -> None:
    """Verdicts are seen when their batch has come back."""


def settings_for(
    terms: Terms, environ: Mapping[str, str], repo: Path, state: Path
) -> ZygoteSettings:
    """How to start the tests in a snapshot; UsageError if the interpreter will not do."""
    project = repo / terms.project
    env = environ_in(terms, environ, repo)
    path, how = choose_interpreter(project, terms.python or sys.executable, env)
    if not terms.python:
        how = "the Dask worker's own interpreter"
    interpreter = check_interpreter(path, how, project, env)
    excluded = [*(str(repo / directory) for directory in terms.excluded), interpreter.prefix]
    return ZygoteSettings(
        interpreter=interpreter,
        project=project,
        repo=repo,
        state=state,
        pytest_args=tuple(
            argument.replace(terms.client, str(repo)) for argument in terms.pytest_args
        ),
        excluded=(*excluded, str(state)),
        environ=env,
        memory_limit=terms.memory_limit,
        collection_limit=terms.collection_limit,
    )


def environ_in(terms: Terms, environ: Mapping[str, str], repo: Path) -> dict[str, str]:
    """The worker's environment, with the client's values of what the tests depend on.

    The snapshot's import roots stand on PYTHONPATH: they come before an editable install of the
    project that the worker's machine may have.
    """
    env = {name: value for name, value in environ.items() if not name.startswith("DASK_")}
    for name, value in terms.variables.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    roots = [str(repo / root) for root in terms.roots]
    path = os.pathsep.join([*roots, *filter(None, [env.get("PYTHONPATH")])])
    return {**env, "PYTHONPATH": path} if path else env


def needed_by_workers() -> frozenset[str]:
    """The distributions that assay and Dask need here: more than the client's tests may have."""
    found: set[str] = set()
    waiting = ["assay", "distributed"]
    while waiting:
        name = plain_name(waiting.pop())
        if name in found:
            continue
        found.add(name)
        with contextlib.suppress(metadata.PackageNotFoundError):
            for line in metadata.requires(name) or ():
                match = re.match(r"[A-Za-z0-9._-]+", line)
                if match is not None and "extra ==" not in line:
                    waiting.append(match[0])
    return frozenset(found)


# -- the process


def serve(inbox: Inbox, answers: IO[bytes], room: Path) -> None:
    """Answer each batch until there are no more; the first message holds what is told once."""
    first = inbox.next()
    if first is None:
        return
    told, snapshot, environ = decoded(first)
    terms: Terms = decoded(told)
    agent: Agent | None = None
    try:
        while (batch := inbox.next()) is not None:
            try:
                with inbox.watched():
                    if agent is None:
                        agent = Agent(terms, snapshot, environ, room)
                    reply = agent.run(decoded(batch))
            except AssayError as problem:
                reply = problem
            except Exception:
                reply = Fault(traceback.format_exc())
            send(answers, encoded(reply))
    finally:
        if agent is not None:
            agent.close()


def main(room: Path) -> None:
    # What the process prints by accident must not end up among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # A worker may have been started with interrupts ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    inbox = Inbox(sys.stdin.buffer)
    try:
        with contextlib.suppress(KeyboardInterrupt, OSError):
            serve(inbox, answers, room)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        inbox.leave()
        shutil.rmtree(room, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
