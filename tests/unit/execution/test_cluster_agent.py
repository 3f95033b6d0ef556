"""Facts about the process beside a worker: its tests' environment and names, its messages."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from assay.errors import UsageError
from assay.execution.cluster.agent import environ_in, in_words_of, settings_for, told_in
from assay.execution.cluster.agreement import Facts
from assay.execution.cluster.terms import Terms, decoded, encoded, receive, send
from assay.execution.timeouts import Limits
from assay.model.mutant import Mutant, PlannedMutant, PlannedTest, Route, Status, Verdict
from assay.model.source import Span

TERMS = Terms(
    name="shop",
    client="/home/ada/shop",
    project=".",
    excluded=("vendor",),
    roots=("src", ""),
    python="",
    pytest_args=("-c", "/home/ada/shop/ci.ini"),
    variables={"TZ": "UTC", "CI": None},
    sources={},
    limits=Limits({}),
    expected=Facts("", "", (), (), {}),
    distributions=(),
)
MUTANT = Mutant("id", "a.py", "f", "f", "number", Span(1, 0, 1, 1), "1", "2", 1, frozenset({1}))


def test_the_snapshots_roots_come_before_what_the_worker_has() -> None:
    env = environ_in(TERMS, {"PYTHONPATH": "/opt/shop/src"}, Path("/room/shop"))
    assert env["PYTHONPATH"].split(os.pathsep) == ["/room/shop/src", "/room/shop", "/opt/shop/src"]


def test_without_roots_nothing_is_put_before() -> None:
    assert "PYTHONPATH" not in environ_in(replace(TERMS, roots=()), {}, Path("/room/shop"))


def test_what_the_client_has_set_or_not_set_is_so_for_the_tests() -> None:
    there = {"TZ": "CET", "CI": "true", "HOME": "/home/worker", "DASK_LOGGING": "debug"}
    env = environ_in(replace(TERMS, roots=()), there, Path("/room/shop"))
    assert env == {"TZ": "UTC", "HOME": "/home/worker"}


def test_paths_of_the_client_become_those_of_the_snapshot(tmp_path: Path) -> None:
    settings = settings_for(TERMS, dict(os.environ), tmp_path, tmp_path / "state")
    assert settings.pytest_args == ("-c", f"{tmp_path}/ci.ini")
    assert f"{tmp_path}/vendor" in settings.excluded
    assert settings.interpreter.path == sys.executable
    assert settings.interpreter.how == "the Dask worker's own interpreter"


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    terms = replace(TERMS, python="/opt/none/bin/python")
    with pytest.raises(UsageError, match="no interpreter at '/opt/none/bin/python'"):
        settings_for(terms, {}, tmp_path, tmp_path / "state")


def test_tests_are_run_and_told_of_by_the_names_of_each_side() -> None:
    names = {"t.py::f[10:00]": "t.py::f[10:01]"}
    tests = (PlannedTest("t.py::f[10:00]", 3.0), PlannedTest("t.py::g", 3.0))
    there = in_words_of(names, PlannedMutant(MUTANT, tests, Route.HOT))
    assert [test.node_id for test in there.tests] == ["t.py::f[10:01]", "t.py::g"]
    covering = ("t.py::f[10:01]", "t.py::g")
    verdict = Verdict(MUTANT, Status.KILLED, covering, "t.py::f[10:01]", True, "", 1, 0.1)
    here = told_in({"t.py::f[10:01]": "t.py::f[10:00]"}, verdict)
    assert (here.covering, here.killer) == (("t.py::f[10:00]", "t.py::g"), "t.py::f[10:00]")


def test_messages_come_out_as_they_went_in_one_after_the_other() -> None:
    stream = io.BytesIO()
    for message in (b"", b"one\n", encoded(TERMS)):
        send(stream, message)
    stream.seek(0)
    assert receive(stream) == b""
    assert receive(stream) == b"one\n"
    assert decoded(receive(stream) or b"") == TERMS
    assert receive(stream) is None


@pytest.mark.parametrize("cut", [1, 8, 9])
def test_a_message_that_breaks_off_is_none(cut: int) -> None:
    stream = io.BytesIO()
    send(stream, b"message")
    assert receive(io.BytesIO(stream.getvalue()[:cut])) is None


def test_an_agent_that_is_hung_up_on_leaves_nothing_behind(tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    command = [sys.executable, "-m", "assay.execution.cluster.agent", str(room)]
    done = subprocess.run(
        command,
        input=b"",
        capture_output=True,
        check=False,
        # A worker may have been started by a shell that ignores interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert not room.exists()
