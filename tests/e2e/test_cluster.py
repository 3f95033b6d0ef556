"""Mutants on a Dask cluster: a scheduler and two workers on loopback, in processes of their own.

The verdicts are those of this machine, whatever happens to a worker on the way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from conftest import (
    NO_PLUGINS,
    CopyProject,
    MappedProject,
    Result,
    RunAssay,
    RunCommand,
    clean_environment,
    commit_all,
    start_repository,
    write,
)

PATIENCE = 120.0
POLL = 0.02
NAMES = ("first", "second")

LOOPBACK = ("--host", "127.0.0.1", "--no-dashboard")


class Cluster:
    """A scheduler and its workers; what has been killed is started again by `fill`."""

    def __init__(self, room: Path, environ: Mapping[str, str]) -> None:
        self._room = room
        self._environ = environ
        self._stack = ExitStack()
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.address = ""

    def fill(self) -> None:
        if not self._runs("scheduler"):
            for name in NAMES:
                self.kill(name)
            said = self._start("scheduler", "dask_scheduler", "--port", "0", until="Scheduler at:")
            self.address = said.split()[-1]
        for name in NAMES:
            if not self._runs(name):
                options = (self.address, "--nthreads", "1", "--no-nanny", "--name", name)
                self._start(name, "dask_worker", *options, until="Registered to:")

    def kill(self, name: str) -> None:
        if self._runs(name):
            self.running[name].kill()
            self.running[name].wait()

    def close(self) -> None:
        for name in (*NAMES, "scheduler"):
            self.kill(name)
        self._stack.close()

    def _runs(self, name: str) -> bool:
        return name in self.running and self.running[name].poll() is None

    def _start(self, name: str, module: str, *options: str, until: str) -> str:
        """Start a process and wait for it to say that it is ready; the line in which it does."""
        # HOSTNAME is a value of the machine's own, which no client's takes the place of.
        env = {**self._environ, "HOSTNAME": name, "TMPDIR": str(self._room)}
        command = [sys.executable, "-m", f"distributed.cli.{module}", *LOOPBACK, *options]
        process = self._stack.enter_context(
            subprocess.Popen(command, env=env, cwd=self._room, stderr=subprocess.PIPE, text=True)
        )
        self.running[name] = process
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if until in line:
                return line
        raise AssertionError(said)

    def rooms(self) -> list[Path]:
        """What its workers have unpacked."""
        return list(self._room.glob("assay-worker-*"))


@pytest.fixture(scope="module")
def the_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    room = tmp_path_factory.mktemp("cluster")
    # As if an older checkout of the project were installed there, in editable mode.
    decoy = room / "installed" / "stock"
    for name in ("__init__", "levels", "names"):
        write(decoy / f"{name}.py", "raise RuntimeError('an installed copy is imported')\n")
    cluster = Cluster(room, clean_environment({"PYTHONPATH": str(decoy.parent)}))
    yield cluster
    cluster.close()


@pytest.fixture
def cluster(the_cluster: Cluster) -> Cluster:
    the_cluster.fill()
    return the_cluster


def on_cluster(
    cluster: Cluster, project: Path, *places: str, env: Mapping[str, str] = NO_PLUGINS
) -> subprocess.Popen[str]:
    """assay, started; its mutants run on the cluster."""
    options = [
        "--fresh",
        "--format",
        "json",
        "--python",
        sys.executable,
        "--scheduler",
        cluster.address,
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "assay", "mutate", *places, *options],
        cwd=project,
        env=clean_environment(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Result:
    out, err = process.communicate(timeout=PATIENCE)
    return Result(process.returncode, out, err)


HAPPENED = frozenset({"seconds", "killer", "by_assertion", "reason", "tests_run"})


def verdicts(result: Result) -> list[dict[str, Any]]:
    """What is said of each mutant, but for how it came about: which test is tried first, and
    so which one notices, depends on what noticed others before."""
    mutants = result.record["mutants"]
    assert mutants
    return [{key: mutant[key] for key in mutant if key not in HAPPENED} for mutant in mutants]


@pytest.mark.slow
def test_verdicts_on_a_cluster_are_those_of_this_machine(
    cluster: Cluster, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    # Has mutants of both routes.
    project = mapped_project("import_time_code")
    local = run_assay("mutate", "tables.py", "--format", "json", project=project)
    with on_cluster(cluster, project, "tables.py") as running:
        remote = ended(running)
    assert remote.code == local.code == 0, remote.err
    assert verdicts(remote) == verdicts(local)
    assert {mutant["status"] for mutant in verdicts(local)} == {"Killed", "Survived"}
    assert f"to {cluster.address}: 2 threads" in remote.err


@pytest.mark.slow
def test_the_snapshot_comes_before_a_copy_that_is_installed_on_the_worker(
    cluster: Cluster, copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("src_layout")
    # Nothing but PYTHONPATH, as by an editable install, says where the package is; and what the
    # build has written is not in git.
    write(project / "pyproject.toml", "")
    write(project / ".gitignore", "levels.py\n")
    commit_all(project)
    env = {**NO_PLUGINS, "PYTHONPATH": str(project / "src")}
    local = run_assay("mutate", "src", "--format", "json", project=project, env=env)
    with on_cluster(cluster, project, "src", env=env) as running:
        remote = ended(running)
    assert remote.code == local.code == 0, remote.err
    assert verdicts(remote) == verdicts(local)
    assert "Killed" in {mutant["status"] for mutant in verdicts(remote)}


HOLDING_TEST = '''\
import os
import signal
from pathlib import Path

import sums


def hold(room):
    """Whoever gets here first once it is armed says where it is, and waits to be killed."""
    if (room / "armed").exists():
        try:
            os.mkdir(room / "taken")
        except FileExistsError:
            return
        (room / "held.part").write_text(f"{os.environ['HOSTNAME']} {os.getpid()}")
        os.rename(room / "held.part", room / "held")
        signal.pause()


def test_sums():
    assert sums.add(2, 3) == 5
    assert sums.take(5, 3) == 2
    hold(Path(ROOM))
    sums.times(1, 1)
'''


class Held:
    """A project on which a worker is at work, and stays so until it is killed."""

    def __init__(self, project: Path, room: Path) -> None:
        self.project = project
        self._room = room
        write(
            project / "sums.py",
            "".join(
                f"def {name}(a, b):\n    return a {sign} b\n\n\n"
                for name, sign in (("add", "+"), ("take", "-"), ("times", "*"))
            ),
        )
        write(project / "test_sums.py", HOLDING_TEST.replace("ROOM", repr(str(room))))
        # Longer than anybody waits here: no limit of a test ends what nobody else has ended.
        write(project / "pyproject.toml", "[tool.assay]\ntimeout-floor = 600\n")
        start_repository(project)

    def arm(self) -> None:
        self._room.mkdir(exist_ok=True)
        (self._room / "armed").touch()

    def wait(self, process: subprocess.Popen[str]) -> tuple[str, int]:
        """The worker that is held, and the process of the test."""
        poll_until(process, (self._room / "held").exists)
        name, pid = (self._room / "held").read_text("utf-8").split()
        return name, int(pid)


def poll_until(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    """Wait for something to happen while a process runs; fails if it ends before."""
    for _ in range(int(PATIENCE / POLL)):
        if happened():
            return
        try:
            process.wait(POLL)
        except subprocess.TimeoutExpired:
            continue
        assert happened(), process.communicate()
        return
    raise AssertionError("it did not happen")


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.slow
def test_what_a_killed_worker_had_is_run_by_another(
    cluster: Cluster, run_assay: RunAssay, tmp_path: Path
) -> None:
    held = Held(tmp_path / "project", tmp_path / "room")
    local = run_assay("mutate", "sums.py", "--format", "json", project=held.project)
    assert {mutant["status"] for mutant in verdicts(local)} == {"Killed", "Survived"}
    held.arm()
    with on_cluster(cluster, held.project, "sums.py") as running:
        name, test = held.wait(running)
        cluster.kill(name)
        remote = ended(running)
    assert remote.code == 0, remote.err
    assert verdicts(remote) == verdicts(local)
    # Nobody is left to wait for what it did, so its processes and files go by themselves.
    survivor = next(process for process in cluster.running.values() if process.poll() is None)
    poll_until(survivor, lambda: is_gone(test) and not cluster.rooms())


@pytest.mark.slow
def test_an_interrupt_stops_the_workers_and_leaves_the_rest_pending(
    cluster: Cluster, run_assay: RunAssay, tmp_path: Path
) -> None:
    held = Held(tmp_path / "project", tmp_path / "room")
    assert run_assay("map", project=held.project).code == 0
    held.arm()
    with on_cluster(cluster, held.project, "sums.py") as running:
        _, test = held.wait(running)
        running.send_signal(signal.SIGINT)
        done = ended(running)
    assert done.code == 130, done.err
    assert "Traceback" not in done.err
    assert "Pending" in {mutant["status"] for mutant in verdicts(done)}
    survivor = cluster.running["scheduler"]
    poll_until(survivor, lambda: is_gone(test) and not cluster.rooms())
    again = run_assay("mutate", "sums.py", "--format", "json", project=held.project)
    assert (again.code, again.record["interrupted"]) == (0, False)


@pytest.mark.slow
def test_a_lost_scheduler_is_one_clear_line(
    cluster: Cluster, run_assay: RunAssay, tmp_path: Path
) -> None:
    held = Held(tmp_path / "project", tmp_path / "room")
    assert run_assay("map", project=held.project).code == 0
    held.arm()
    with on_cluster(cluster, held.project, "sums.py") as running:
        held.wait(running)
        cluster.kill("scheduler")
        done = ended(running)
    assert done.code == 4
    (problem,) = [line for line in done.err.splitlines() if line.startswith("assay: ")]
    assert f"the connection is lost to the Dask scheduler {cluster.address}" in problem
    assert "Traceback" not in done.err


@pytest.mark.slow
def test_without_dask_a_scheduler_is_a_usage_error_that_names_the_extra(
    copy_project: CopyProject, run_command: RunCommand, tmp_path: Path
) -> None:
    project = copy_project("well_tested")
    write(tmp_path / "none" / "distributed.py", "raise ImportError('No module named distributed')")
    command = [sys.executable, "-m", "assay", "mutate", "ages.py", "--scheduler", "tcp://x:1"]
    done = run_command(*command, cwd=project, env={"PYTHONPATH": str(tmp_path / "none")})
    assert done.code == 2
    assert "pip install 'assay[dask]'" in done.problem
