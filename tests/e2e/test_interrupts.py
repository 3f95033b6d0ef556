"""Ctrl-C at any time: exit code 130, nothing left running, and the next run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import CopyProject, RunAssay, clean_environment, tree_bytes, write

REPO = Path(__file__).parents[2]

PATIENCE = 60.0
POLL = 0.02


@dataclass(frozen=True, slots=True)
class Running:
    """assay at work on a project whose test waits for the file `go`."""

    process: subprocess.Popen[str]
    started: Path
    go: Path

    def poll_until(self, happened: Callable[[], bool]) -> None:
        """Wait for something to happen while assay runs; fails if it ends before."""
        for _ in range(int(PATIENCE / POLL)):
            if happened():
                return
            try:
                self.process.wait(POLL)
            except subprocess.TimeoutExpired:
                continue
            assert happened(), self.process.communicate()
            return
        raise AssertionError("it did not happen")

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err

    def pids(self) -> list[int]:
        """Of the waiting test's process, and of the one that forked it."""
        return [int(word) for word in self.started.read_text("utf-8").split()]


def is_running(pid: int) -> bool:
    """A dead process that nobody has collected yet does not run."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


@contextmanager
def running(project: Path, room: Path, *arguments: str, **more: str) -> Iterator[Running]:
    started, go = room / "started", room / "go"
    waiting = {
        "SLOW_TEST_STARTED": str(started),
        "SLOW_TEST_GO": str(go),
        "LAST_TEST_STARTED": str(room / "last-started"),
        "LAST_TEST_GO": str(room / "never"),
    }
    env = clean_environment({**waiting, **more})
    command = [sys.executable, "-m", "assay", *arguments, "--python", sys.executable]
    with subprocess.Popen(
        command,
        cwd=project,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            found = Running(process, started, go)
            found.poll_until(lambda: started.exists() and len(started.read_text().split()) == 2)
            yield found
        finally:
            process.kill()


@pytest.mark.slow
def test_interrupted_map_keeps_what_finished_and_goes_on(
    copy_project: CopyProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = copy_project("slow_test")
    with running(project, tmp_path, "map") as run:
        run.interrupt()
        # The test under way may finish; the one after it waits too, so it never does.
        run.go.touch()
        code, out, err = run.end()
        assert code == 130, err
        assert "Interrupted: what was finished is kept" in out
        assert "Traceback" not in err
        assert not [pid for pid in run.pids() if is_running(pid)]
    done = run_assay("map", project=project)
    assert (done.code, done.lines) == (0, ["4 tests: 1 recorded, 3 still valid."])


@pytest.mark.slow
def test_interrupted_twice_ends_at_once_and_keeps_what_finished(
    copy_project: CopyProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = copy_project("slow_test")
    with running(project, tmp_path, "map") as run:
        run.interrupt()
        try:
            run.process.wait(1.0)
        except subprocess.TimeoutExpired:
            run.interrupt()
        code, _, err = run.end()
        assert code == 130, err
        assert "Traceback" not in err
        assert not [pid for pid in run.pids() if is_running(pid)]
    done = run_assay("map", project=project)
    assert (done.code, done.lines) == (0, ["4 tests: 2 recorded, 2 still valid."])


@pytest.mark.slow
def test_interrupted_mutate_leaves_the_rest_pending_and_goes_on(
    copy_project: CopyProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = copy_project("slow_test")
    assert run_assay("map", project=project).code == 0
    with running(project, tmp_path, "mutate", "waits.py", "--format", "json") as run:
        run.interrupt()
        run.go.touch()
        code, out, err = run.end()
        assert code == 130, err
        assert '"Pending"' in out
        assert '"interrupted": true' in out
        assert "Traceback" not in err
        assert not [pid for pid in run.pids() if is_running(pid)]
    mutants = json.loads(out)["mutants"]
    settled = {m["id"] for m in mutants if m["status"] in ("Killed", "Survived")}
    done = run_assay("mutate", "waits.py", "--format", "json", project=project)
    assert done.code == 0
    assert settled <= {m["id"] for m in done.record["mutants"] if m["reused"]}
    assert not [m for m in done.record["mutants"] if m["status"] == "Pending"]


@pytest.mark.slow
def test_interrupted_diagnose_leaves_nothing_and_says_that_it_starts_anew(
    copy_project: CopyProject, tmp_path: Path
) -> None:
    project = copy_project("slow_test")
    write(project / "added.py", "ADDED = 1\n")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = tree_bytes(project)
    with running(project, tmp_path, "diagnose", TMPDIR=str(temporary)) as run:
        assert [one.name for one in temporary.glob("assay-trees-*")]
        run.interrupt()
        run.go.touch()
        code, _, err = run.end()
        assert code == 130, err
        assert err.splitlines()[-1] == "assay: interrupted; the same command starts anew"
        assert not [pid for pid in run.pids() if is_running(pid)]
    assert not list(temporary.iterdir())
    assert tree_bytes(project) == before


BEGINNINGS = (("-m", "assay"), (str(REPO / "toolkit"),))

AT_IMPORT = """\
import os, signal

class Wrapping:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.SIGINT)

class Owner:
    wrapped = Wrapping()
"""


@pytest.mark.parametrize("beginning", BEGINNINGS, ids=["-m assay", "toolkit"])
def test_an_interrupt_while_assay_is_being_imported(
    beginning: tuple[str, ...], tmp_path: Path
) -> None:
    write(tmp_path / "rich" / "__init__.py", AT_IMPORT)
    done = subprocess.run(
        [sys.executable, *beginning, "--version"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "assay: interrupted; run the same command again to go on\n"


def test_the_console_script_begins_where_interrupts_are_caught() -> None:
    scripts = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert scripts["scripts"] == {"assay": "assay.__main__:run"}
