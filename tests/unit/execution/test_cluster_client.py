"""Facts about the client of a cluster: each reply becomes verdicts, each loss one clear error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from assay.errors import AssayError, BaselineError, InconclusiveError, UsageError
from assay.execution.cluster import connection
from assay.execution.cluster.agreement import Facts
from assay.execution.cluster.client import ClusterRunner, Patience, Watch
from assay.execution.cluster.connection import (
    Connection,
    Ended,
    OnEnded,
    check_versions,
    connected,
    failure,
)
from assay.execution.cluster.snapshot import Snapshot
from assay.execution.cluster.terms import Fault, Terms, decoded, encoded
from assay.execution.cluster.worker import Snapshots
from assay.execution.mutants import Listener, MutantRun
from assay.execution.timeouts import Limits
from assay.model.mutant import Mutant, PlannedMutant, PlannedTest, Route, Status, Verdict
from assay.model.source import Span
from assay.verdict.classify import unsettled


def planned(name: str, *tests: str) -> PlannedMutant:
    mutant = Mutant(name, "a.py", "f", "f", "number", Span(1, 0, 1, 1), "1", "2", 1, frozenset())
    return PlannedMutant(mutant, tuple(PlannedTest(test, 3.0) for test in tests), Route.HOT)


FACTS = Facts("0.1.0", "", (), (), {})
LIMITS = Limits({"t.py::slow": 10.0})
TERMS = Terms("p", "/p", ".", (), (), "", (), {}, {}, LIMITS, FACTS, ())
PLAN = [planned("a", "t.py::one"), planned("b", "t.py::one")]

Answer = Callable[[Sequence[PlannedMutant]], Ended | None]


class FakeCluster(Connection):
    """Answers each batch at once, by a function, or not at all; no scheduler is about."""

    def __init__(self, answer: Answer, threads: Sequence[int] = (1,), alive: bool = True):
        self._answer = answer
        self._counts = list(threads)
        self._alive = alive
        self.said: list[str] = []

    @property
    def is_alive(self) -> bool:
        return self._alive

    def threads(self) -> int:
        return self._counts.pop(0) if len(self._counts) > 1 else self._counts[0]

    def wait_for_worker(self, seconds: float) -> None:
        self.said.append("waited")

    def submit(self, plugin: str, number: int, batch: bytes, ended: OnEnded) -> None:
        answer = self._answer(decoded(batch))
        if answer is not None:
            ended(answer)

    def forget(self, number: int) -> None:
        self.said.append(f"forgot {number}")

    def cancel(self) -> None:
        self.said.append("cancelled")

    @contextmanager
    def registered(self, name: str, plugin: Snapshots) -> Iterator[None]:
        yield
        self.said.append("unregistered")


def nobody(mutants: Sequence[PlannedMutant]) -> None:
    """No batch ever comes back."""


@dataclass
class Told:
    """What a run has told."""

    said: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    kept: list[Verdict] = field(default_factory=list)


def run(cluster: FakeCluster, told: Told, plan: Sequence[PlannedMutant] = PLAN) -> MutantRun:
    @contextmanager
    def connect(address: str, seconds: float) -> Iterator[Connection]:
        yield cluster

    runner = ClusterRunner(
        "tcp://x:1",
        TERMS,
        lambda: Snapshot("0" * 64, 3, b"content"),
        Watch(told.said.append, Listener(told.verdicts.append, told.kept.append)),
        Patience(scheduler=0.0, workers=0.0, look=0.001),
        connect,
    )
    return runner.run(plan)


def killed(mutants: Sequence[PlannedMutant]) -> MutantRun:
    verdicts = {m.mutant.id: unsettled(m, Status.KILLED, "") for m in mutants}
    return MutantRun(verdicts, {"t.py::odd": "why"}, interrupted=False)


def test_replies_become_verdicts_and_are_told_of_as_they_come() -> None:
    told = Told()
    cluster = FakeCluster(lambda mutants: Ended(0, encoded(killed(mutants)), ""))
    done = run(cluster, told)
    assert {id_: verdict.status for id_, verdict in done.verdicts.items()} == {
        "a": Status.KILLED,
        "b": Status.KILLED,
    }
    assert (done.flaky, done.interrupted) == ({"t.py::odd": "why"}, False)
    assert told.verdicts == list(done.verdicts.values())
    assert told.said == ["sending 3 files (1 kB) to tcp://x:1: 1 thread"]
    assert cluster.said == ["forgot 0", "cancelled", "unregistered"]


def test_an_empty_plan_needs_no_cluster() -> None:
    assert run(FakeCluster(nobody, threads=(0,)), Told(), []) == MutantRun({}, {}, False)


def test_a_mutant_without_a_verdict_is_never_lost() -> None:
    cluster = FakeCluster(lambda mutants: Ended(0, encoded(killed(mutants[:1])), ""))
    done = run(cluster, Told())
    assert done.verdicts["a"].status is Status.KILLED
    assert done.verdicts["b"].status is Status.RUNTIME_ERROR
    assert done.verdicts["b"].reason == "the worker sent no verdict on it"


def test_a_batch_that_failed_for_good_is_no_kill_and_says_why() -> None:
    done = run(FakeCluster(lambda _: Ended(0, None, "4 workers were lost")), Told())
    assert {v.status for v in done.verdicts.values()} == {Status.RUNTIME_ERROR}
    assert {v.reason for v in done.verdicts.values()} == {"4 workers were lost"}


@pytest.mark.parametrize(
    "cluster",
    [FakeCluster(nobody, alive=False), FakeCluster(lambda _: Ended(0, None, ""))],
    ids=["hung up", "cancelled"],
)
def test_a_lost_scheduler_ends_the_run_inconclusively(cluster: FakeCluster) -> None:
    with pytest.raises(InconclusiveError, match="lost to the Dask scheduler tcp://x:1"):
        run(cluster, Told())
    assert "cancelled" in cluster.said


def test_what_has_arrived_is_kept_when_the_workers_leave() -> None:
    def half(mutants: Sequence[PlannedMutant]) -> Ended | None:
        first = mutants[0].mutant.id == "a"
        return Ended(0, encoded(killed(mutants)), "") if first else None

    plan, told = [planned("a", "t.py::slow"), planned("b", "t.py::slow")], Told()
    with pytest.raises(InconclusiveError, match=r"no worker is left .* kept: 1$"):
        run(FakeCluster(half, threads=(1, 1, 0)), told, plan)
    assert [verdict.mutant.id for verdict in told.kept] == ["a"]


def test_no_worker_in_time_is_a_clear_line() -> None:
    told = Told()
    with pytest.raises(InconclusiveError, match="has no worker after 0 s: start some with `dask"):
        run(FakeCluster(nobody, threads=(0,)), told)
    assert told.said == ["waiting for a worker of tcp://x:1, for 0 s at most"]


def test_a_worker_that_comes_in_time_is_waited_for() -> None:
    cluster = FakeCluster(lambda mutants: Ended(0, encoded(killed(mutants)), ""), threads=(0, 2))
    assert not run(cluster, Told()).interrupted
    assert cluster.said[0] == "waited"


@pytest.mark.parametrize(
    "problem", [InconclusiveError("pytest 9 here, 8 there", ("more",)), BaselineError("no tests")]
)
def test_a_problem_of_a_worker_is_the_problem_of_the_run(problem: AssayError) -> None:
    with pytest.raises(type(problem)) as caught:
        run(FakeCluster(lambda _: Ended(0, encoded(problem), "")), Told())
    assert caught.value.message == f"on a worker of tcp://x:1: {problem.message}"
    assert caught.value.details == problem.details


def test_a_fault_on_a_worker_shows_the_end_of_its_traceback() -> None:
    with pytest.raises(InconclusiveError) as caught:
        run(FakeCluster(lambda _: Ended(0, encoded(Fault("Traceback\nKeyError: 1")), "")), Told())
    assert caught.value.details[-1] == "KeyError: 1"


def test_an_interrupt_leaves_the_rest_pending() -> None:
    def interrupt(_: Sequence[PlannedMutant]) -> Ended:
        raise KeyboardInterrupt

    cluster = FakeCluster(interrupt)
    done = run(cluster, Told())
    assert done.interrupted
    assert {verdict.status for verdict in done.verdicts.values()} == {Status.PENDING}
    assert "cancelled" in cluster.said


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "no address", "ftp://x"])
def test_where_no_scheduler_answers_is_a_usage_error_that_names_the_address(address: str) -> None:
    words = f"no Dask scheduler answers at {address}"
    with pytest.raises(UsageError, match=words), connected(address, 0.1):
        raise AssertionError("connected")


def test_a_scheduler_that_speaks_another_dask_is_told_of_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def client(*_: object, **__: object) -> None:
        raise TypeError("identity() got an unexpected keyword argument")

    monkeypatch.setattr(connection, "_Client", client)
    words = "do not understand each other .* install the same version"
    with pytest.raises(InconclusiveError, match=words), connected("tcp://x:1", 0.1):
        raise AssertionError("connected")


def versions(scheduler: str, worker: str) -> dict[str, object]:
    def packages(version: str) -> dict[str, object]:
        return {"packages": {"dask": version, "distributed": version}}

    return {
        "client": packages("2026.8.0"),
        "scheduler": packages(scheduler),
        "workers": {"tcp://w:1": packages(worker)},
    }


def test_equal_versions_of_dask_go_together() -> None:
    check_versions(versions("2026.8.0", "2026.8.0"), "tcp://x:1")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (versions("2025.1.0", "2026.8.0"), "dask 2026.8.0 here, 2025.1.0 on the scheduler"),
        (versions("2026.8.0", "2025.1.0"), "dask 2026.8.0 here, 2025.1.0 on the worker tcp://w:1"),
    ],
)
def test_another_version_of_dask_is_told_with_both_sides(
    found: dict[str, object], words: str
) -> None:
    with pytest.raises(InconclusiveError, match="other versions than this machine") as caught:
        check_versions(found, "tcp://x:1")
    assert caught.value.details[0] == words


def test_the_reason_of_a_failed_batch_is_one_sentence() -> None:
    assert failure(RuntimeError("first\nlast")) == "its batch was tried 3 times: last"
    assert failure(RuntimeError()) == "its batch was tried 3 times: RuntimeError"
