"""What a project can do to mislead or stop assay: it says so and is not green, or is not misled.

Each sabotage is a few lines added to one small project, in which `double` is checked and `half` is
only run. `docs/limits.md` has the same list for readers.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest
from conftest import Result, RunAssay, start_repository, write
from schema_checks import check_record

from assay.gate.decide import decide
from assay.gate.policy import Policy
from assay.report.from_json import answer_of

pytestmark = pytest.mark.slow

LIB = """\
def double(n):
    return n * 2


def half(n):
    return n // 2
"""

TEST = """\
import lib


def test_double():
    assert lib.double(2) == 4


def test_half():
    lib.half(2)
"""

SETTINGS = """\
[tool.assay]
timeout-floor = 1
timeout-unknown = 30
memory-limit = 100
"""

IMPATIENT = {"pyproject.toml": f"{SETTINGS}timeout-collection = 4\n"}
"""For what hangs; longer than pytest takes to start on a machine that has much else to do."""

PROJECT = {
    "lib.py": LIB,
    "test_lib.py": TEST,
    "pytest.ini": "[pytest]\n",
    "pyproject.toml": SETTINGS,
}

TRUTH = {
    "double n / 2": "Killed",
    "double 3": "Killed",
    "half n / 2": "Survived",
    "half 3": "Survived",
}
"""Every verdict on the project without sabotage, by function and replacement."""


class Mutate(Protocol):
    def __call__(
        self, files: Mapping[str, str], path: str = ..., env: Mapping[str, str] | None = ...
    ) -> Result: ...


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "project"


@pytest.fixture
def mutate(project: Path, run_assay: RunAssay) -> Mutate:
    """Writes the project with some of its files replaced, and runs `assay mutate` on it."""

    def run(
        files: Mapping[str, str], path: str = "lib.py", env: Mapping[str, str] | None = None
    ) -> Result:
        for name, text in {**PROJECT, **files}.items():
            write(project / name, text)
        start_repository(project)
        place = str(project / path)
        done = run_assay(
            "mutate", place, "--operators", "mutmut", "--format", "json", project=project, env=env
        )
        assert done.code or not lets_pass(done), "a false green"
        return done

    return run


def lets_pass(done: Result) -> bool:
    """Whether a gate would: none may, for `half` is guarded by no test in all of these projects,
    and what guards `double` is sabotaged."""
    check_record(done.record)
    return decide(ANY_FAULT, answer_of(done.record)).passed


ANY_FAULT = Policy("any fault")


def key(mutant: Mapping[str, str]) -> str:
    return f"{mutant['unit']} {mutant['replacement']}"


def statuses(done: Result) -> dict[str, str]:
    return {key(mutant): mutant["status"] for mutant in done.record["mutants"]}


def reasons(done: Result) -> dict[str, str]:
    return {key(mutant): mutant["reason"] for mutant in done.record["mutants"]}


def outcomes(done: Result) -> dict[str, str]:
    return {test["test"]: test["outcome"] for test in done.record["tests"]}


# -- nothing can be collected: exit code 3 and one line that says where it happened

HANGING_HOOK = """\
import time


def pytest_collection_modifyitems():
    time.sleep(600)
"""

CANNOT_COLLECT = {
    "import hangs": (
        {**IMPATIENT, "test_more.py": "import time\n\ntime.sleep(600)\n"},
        "pytest hung while collecting test_more.py: no sign of life for 4 s",
    ),
    "collection hangs in a hook": (
        {**IMPATIENT, "conftest.py": HANGING_HOOK},
        "pytest hung while collecting (",
    ),
    "conftest hangs": (
        {**IMPATIENT, "conftest.py": "import time\n\ntime.sleep(600)\n"},
        "pytest hung while starting",
    ),
    "import leaves with success": (
        {"test_more.py": "import os\n\nos._exit(0)\n"},
        "pytest ended by itself (exit status 0) while collecting test_more.py",
    ),
    "conftest leaves with success": (
        {"conftest.py": "import sys\n\nsys.exit(0)\n"},
        "pytest ended by itself (exit status 70) while starting",
    ),
    "conftest raises": (
        {"conftest.py": "raise RuntimeError('not today')\n"},
        "pytest cannot load ",
    ),
    "import ends the session": (
        {"test_more.py": "import pytest\n\npytest.exit('enough', 0)\n"},
        "pytest cannot collect test_more.py",
    ),
    "a plug-in empties the collection": (
        {"conftest.py": "def pytest_collection_modifyitems(items):\n    items.clear()\n"},
        "pytest collected no tests",
    ),
    "addopts deselect everything": (
        {"pytest.ini": "[pytest]\naddopts = -k nothing_at_all\n"},
        "pytest collected no tests",
    ),
}


@pytest.mark.parametrize("name", CANNOT_COLLECT)
def test_a_suite_that_cannot_be_collected(name: str, mutate: Mutate) -> None:
    files, problem = CANNOT_COLLECT[name]
    done = mutate(files)
    assert (done.code, done.out) == (3, "")
    assert problem in done.problem


def test_a_process_killed_while_it_collects_proves_nothing_about_the_suite(mutate: Mutate) -> None:
    """The memory killer, or a person: not the suite's fault, so not exit code 3."""
    done = mutate({"test_more.py": "import os\n\nos.kill(os.getpid(), 9)\n"})
    assert (done.code, done.out) == (4, "")
    assert "the test process was killed by SIGKILL" in done.problem


# -- tests that leave instead of failing

LEAVING = """\
import os
import sys

import pytest

import lib


def test_double():
    if lib.double(2) != 4:
        os._exit(0)


def test_half():
    if lib.half(2) != 1:
        os.kill(os.getpid(), 9)


def test_third():
    if lib.third(3) != 1:
        sys.exit(0)


def test_fourth():
    if lib.fourth(4) != 1:
        pytest.exit("enough", 0)


def test_fifth():
    if lib.fifth(5) != 1:
        os._exit(5)
"""


def test_tests_that_leave_the_process_in_place_of_failing(mutate: Mutate) -> None:
    """Killed only where a plain run of pytest would not have ended with success."""
    more = "".join(
        f"\n\ndef {name}(n):\n    return n // {by}\n"
        for name, by in (("third", 3), ("fourth", 4), ("fifth", 5))
    )
    done = mutate({"lib.py": LIB + more, "test_lib.py": LEAVING})
    found, why = statuses(done), reasons(done)
    assert done.code == 4
    assert found["double 3"] == found["double n / 2"] == "RuntimeError"
    assert why["double 3"].startswith("test_lib.py::test_double ended the process")
    assert "exit status 0" in why["double 3"]
    assert found["half 3"] == "RuntimeError"
    assert why["half 3"] == "its process was killed by SIGKILL in test_lib.py::test_half"
    assert (found["third 4"], why["third 4"]) == ("Killed", "SystemExit: 0")
    assert found["fourth 5"] == "RuntimeError"
    assert why["fourth 5"].startswith("test_lib.py::test_fourth broke off the session: ")
    assert (found["fifth 6"], why["fifth 6"]) == ("Killed", "the process left with exit status 5")
    # None of them changes what the others' mutants come to.
    survivors = {"half n / 2", "third n / 3", "fourth n / 4", "fifth n / 5"}
    assert {name for name, status in found.items() if status == "Survived"} == survivors


@pytest.mark.parametrize(
    ("leave", "outcome"),
    [("os._exit(0)", "crashed"), ("sys.exit(0)", "failed"), ("os.kill(os.getpid(), 9)", "crashed")],
)
def test_a_test_that_leaves_without_any_mutant(leave: str, outcome: str, mutate: Mutate) -> None:
    text = f"import os\nimport sys\n\n{TEST}\n\ndef test_leaves():\n    {leave}\n"
    done = mutate({"test_lib.py": text})
    assert done.code == 3
    assert statuses(done) == TRUTH
    assert outcomes(done)["test_lib.py::test_leaves"] == outcome


def test_a_test_that_breaks_off_the_session_without_any_mutant(mutate: Mutate) -> None:
    text = f"import pytest\n\n{TEST}\n\ndef test_leaves():\n    pytest.exit('enough', 0)\n"
    done = mutate({"test_lib.py": text})
    assert (done.code, done.out) == (3, "")
    assert "test_lib.py::test_leaves breaks off pytest" in done.problem


# -- memory, time

FILL = """


def fill(n):
    found = []
    while n > 0:
        found.append(bytes(1_000_000))
        n -= 1
    return len(found)
"""


def test_a_mutant_that_allocates_without_end_stops_at_the_memory_limit(mutate: Mutate) -> None:
    """Neither a kill by the test nor a survivor: as a timeout, it is shown apart."""
    text = f"{TEST}\n\ndef test_fill():\n    assert lib.fill(3) == 3\n"
    done = mutate({"lib.py": LIB + FILL, "test_lib.py": text})
    assert done.code == 0
    found, why = statuses(done), reasons(done)
    assert TRUTH.items() <= found.items()
    assert found["fill n += 1"] == "Timeout"
    assert why["fill n += 1"].startswith("ran out of memory in test_lib.py::test_fill")
    assert found["fill 2"] == "Killed"


def test_a_mutant_whose_import_hangs(mutate: Mutate) -> None:
    wait = f"import signal\n\nN = 3\nif N < 3:\n    signal.pause()\n\n\n{LIB}"
    done = mutate({**IMPATIENT, "lib.py": wait}, "lib.py:4")
    assert done.code == 0
    assert statuses(done) == {"<module> <= 3": "Timeout", "<module> 4": "Timeout"}


SHARED = """\
import time

import pytest


@pytest.fixture(scope="session", autouse=True)
def server():
    time.sleep(BEFORE)
    yield
    time.sleep(AFTER)
"""


@pytest.mark.parametrize(("before", "after"), [("1.2", "0"), ("0", "1.2")])
def test_a_shared_fixture_that_takes_longer_than_a_test_may(
    before: str, after: str, mutate: Mutate
) -> None:
    """Whoever comes first, or last, pays for all: that is not the test's own time."""
    conftest = SHARED.replace("BEFORE", before).replace("AFTER", after)
    done = mutate({"conftest.py": conftest})
    assert (done.code, statuses(done)) == (0, TRUTH)


@pytest.mark.parametrize("scope", ["function", "session"])
def test_a_teardown_that_hangs(scope: str, mutate: Mutate) -> None:
    """Without any mutant: the test counts as hung, and the run is not green."""
    head = "import signal\n\nimport pytest\n\n\n"
    head += f"@pytest.fixture(scope='{scope}')\n"
    fixture = f"{head}def hangs():\n    yield\n    signal.pause()\n\n\n"
    settings = SETTINGS.replace("timeout-unknown = 30", "timeout-unknown = 3")
    text = fixture + TEST.replace("test_half()", "test_half(hangs)")
    done = mutate({"test_lib.py": text, "pyproject.toml": settings}, "lib.py:2")
    assert done.code == 3
    assert list(outcomes(done).values()) == ["passed", "timeout"]
    assert set(statuses(done).values()) == {"Killed"}


# -- plug-ins that keep failures from being seen: nothing may survive

HIDING = {
    "reports are turned into passed ones": """\
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    outcome = yield
    report = outcome.get_result()
    report.outcome, report.longrepr = "passed", None
""",
    "failures become skips": """\
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        report.outcome, report.longrepr = "skipped", ("", 0, "flaky")
""",
    "the call's exception is swallowed": """\
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call():
    outcome = yield
    outcome.force_result(True)
""",
    "the same where nothing can fork": """\
import threading

import pytest

threading.Thread(target=threading.Event().wait, daemon=True).start()


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call():
    outcome = yield
    outcome.force_result(True)
""",
}


@pytest.mark.parametrize("name", HIDING)
def test_a_plug_in_that_hides_failures(name: str, mutate: Mutate) -> None:
    done = mutate({"conftest.py": HIDING[name]})
    assert done.code == 4
    assert set(statuses(done).values()) == {"RuntimeError"}
    (reason,) = set(reasons(done).values())
    assert reason.startswith("test_lib.py::test_double was made to fail, and pytest reports it as ")
    assert "hides failures" in reason


IDLE = {
    "all tests are skipped by a plug-in": (
        (
            "import pytest\n\n\ndef pytest_collection_modifyitems(items):\n"
            "    for item in items:\n        item.add_marker(pytest.mark.skip)\n"
        ),
        "none of the tests passes (2 skipped): nothing can be noticed",
    ),
    "all tests are waved through by a plug-in": (
        (
            "import pytest\n\n\n@pytest.hookimpl(tryfirst=True)\n"
            "def pytest_runtest_protocol():\n    return True\n"
        ),
        "none of the tests passes (2 not run): nothing can be noticed",
    ),
}


@pytest.mark.parametrize("name", IDLE)
def test_a_plug_in_that_lets_no_test_run(name: str, mutate: Mutate) -> None:
    conftest, problem = IDLE[name]
    done = mutate({"conftest.py": conftest})
    assert (done.code, done.record["inconclusive"]) == (4, [problem])


def test_a_test_that_catches_everything_lets_its_mutants_survive(mutate: Mutate) -> None:
    """That is the truth about such a test: pytest would be green too."""
    caught = TEST.replace(
        "    assert lib.double(2) == 4\n",
        "    try:\n        assert lib.double(2) == 4\n    except BaseException:\n        pass\n",
    )
    done = mutate({"test_lib.py": caught})
    assert done.code == 0
    assert set(statuses(done).values()) == {"Survived"}


# -- something else is tested than what is mutated

INSTALLED = {
    "inst/shop/__init__.py": "",
    "src/shop/__init__.py": "",
    "src/shop/lib.py": LIB,
    "test_lib.py": TEST.replace("import lib", "from shop import lib"),
}


def test_an_installed_copy_hides_the_source(mutate: Mutate, tmp_path: Path) -> None:
    """The copy may be of another version: its name is enough."""
    site = tmp_path / "site-packages"
    write(site / "shop" / "__init__.py", "")
    write(site / "shop" / "lib.py", f"VERSION = 1\n\n\n{LIB}")
    done = mutate(INSTALLED, "src/shop/lib.py", {"PYTHONPATH": str(site)})
    assert done.code == 4
    (problem,) = done.record["inconclusive"]
    assert problem.startswith("src/shop/lib.py is not what the tests import: they import shop.lib")


def test_a_copy_within_the_repository_hides_the_source(
    mutate: Mutate, run_assay: RunAssay, project: Path
) -> None:
    ini = {"pytest.ini": "[pytest]\npythonpath = inst\n", "inst/shop/lib.py": LIB}
    done = mutate({**INSTALLED, **ini}, "src/shop/lib.py")
    assert done.code == 4
    (problem,) = done.record["inconclusive"]
    assert problem.startswith("src/shop/lib.py is not what the tests import: they import shop.lib")
    write(project / "src/shop/lib.py", LIB.replace("n * 2", "2 * n"))
    done = run_assay("impact", "--format", "json", project=project)
    assert done.code == 4
    assert [line for line in done.record["inconclusive"] if "not what the tests import" in line]


def test_a_test_that_writes_into_the_source(mutate: Mutate) -> None:
    writes = "\n\ndef test_writes():\n    with open(lib.__file__, 'a') as file:\n"
    writes += "        file.write('# more')\n    lib.double(1)\n"
    done = mutate({"test_lib.py": TEST + writes})
    assert done.code == 4
    (problem,) = done.record["inconclusive"]
    assert problem.startswith("lib.py changed while assay ran")


# -- options in addopts that stop early, spread or repeat tests: neutralised

RERUNS = """\
def pytest_addoption(parser):
    parser.addoption("--reruns", type=int, default=0, dest="reruns")


def pytest_runtest_protocol(item, nextitem):
    if not item.config.option.reruns:
        return None
    raise RuntimeError("repeats tests")
"""


def test_addopts_that_stop_spread_and_repeat_tests_change_no_verdict(mutate: Mutate) -> None:
    options = (
        "-x --maxfail=1 -n auto --cov=. --cov-fail-under=100 --lf --sw --reruns 3 -p no:logging"
    )
    files = {
        "pytest.ini": f"[pytest]\naddopts = {options} -p no:logging -p pytest_cov -p xdist\n",
        "conftest.py": RERUNS,
    }
    done = mutate(files)
    assert done.code == 0
    assert statuses(done) == TRUTH
    assert set(outcomes(done).values()) == {"passed"}


# -- tests that change the state of their process

RUDE = {
    "directory": "import os\nos.chdir('/')",
    "signals": """\
import signal
for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
    signal.signal(number, signal.SIG_IGN)""",
    "imports": "import sys\nsys.path[:] = []\nsys.meta_path[:] = []\nsys.path_hooks[:] = []",
    "recursion": "import sys\nsys.setrecursionlimit(120)",
    "environment": "import os\nos.environ.clear()",
    "random": "import random\nrandom.seed(None)",
    "collector": "import gc\ngc.disable()\ngc.unfreeze()",
    "tracing": "import sys\nsys.settrace(lambda *_: None)\nsys.setprofile(None)",
    "thread": "import threading\nthreading.Thread(target=threading.Event().wait).start()",
    "output": "import sys\nsys.stdout = sys.stderr = sys.__stdout__ = None",
    "umask": "import os\nos.umask(0o777)",
    "temporary": "import shutil, tempfile\nshutil.rmtree(tempfile.gettempdir())",
    "functions": """\
import json, os, select, time
os.write = os.read = os.close = os._exit = os.getpid = json.dumps = select.select = None
time.monotonic = time.sleep = time.perf_counter = None""",
}


def test_tests_that_change_the_state_of_their_process(mutate: Mutate) -> None:
    """Each in the order above, before the good tests: no child is held up, and no verdict moves."""
    files = {}
    for number, (name, code) in enumerate(RUDE.items()):
        body = "".join(f"    {line}\n" for line in code.splitlines())
        head = f"import lib\n\n\ndef test_{name}():\n    lib.double(1)\n    lib.half(1)\n"
        files[f"test_a{number:02}_{name}.py"] = head + body
    done = mutate(files)
    assert done.code == 0, done.record["tests"]
    assert statuses(done) == TRUTH
    assert set(outcomes(done).values()) == {"passed"}


def test_a_test_that_closes_every_file_counts_as_crashed(mutate: Mutate) -> None:
    """The others run in another process."""
    closes = "import os\n\nimport lib\n\n\ndef test_closes():\n    os.closerange(0, 4096)\n"
    done = mutate({"test_closes.py": closes})
    assert done.code == 3
    assert outcomes(done)["test_closes.py::test_closes"] == "crashed"
    assert statuses(done) == TRUTH


@pytest.mark.parametrize("hook", ["pytest_configure(config)", "pytest_collection_modifyitems()"])
def test_a_plug_in_that_changes_directory(hook: str, mutate: Mutate) -> None:
    done = mutate({"conftest.py": f"import os\n\n\ndef {hook}:\n    os.chdir('/')\n"})
    assert (done.code, statuses(done)) == (0, TRUTH)


def test_threads_alive_at_collection(mutate: Mutate) -> None:
    """Nothing is forked from such a process, and it is said."""
    thread = "import threading\n\nthreading.Thread(target=threading.Event().wait).start()\n"
    done = mutate({"conftest.py": thread})
    assert (done.code, statuses(done)) == (0, TRUTH)
    assert [text for text in done.record["notices"] if text.startswith("1 thread(s) were alive")]


def test_a_plug_in_that_cannot_be_stopped_by_signals(mutate: Mutate) -> None:
    text = "import signal\n\nfor number in (1, 2, 13, 14, 15, 17):\n"
    text += "    signal.signal(number, signal.SIG_IGN)\n"
    done = mutate({"conftest.py": text})
    assert (done.code, statuses(done)) == (0, TRUTH)


def test_a_test_module_that_deletes_itself(mutate: Mutate) -> None:
    deletes = "\n\ndef test_deletes():\n    import os\n    lib.double(1)\n"
    deletes += "    if os.path.exists(__file__):\n        os.remove(__file__)\n"
    done = mutate({"test_lib.py": TEST + deletes})
    assert (done.code, statuses(done)) == (0, TRUTH)


def test_tests_that_print_without_end_are_cut_off_by_the_clock(mutate: Mutate) -> None:
    prints = "\n\ndef test_prints():\n    while lib.double(2) != 4:\n        print('x' * 100_000)\n"
    done = mutate({"test_lib.py": TEST.replace("== 4", "> 0") + prints}, "lib.py:2")
    assert done.code == 0
    assert statuses(done) == {"double n / 2": "Timeout", "double 3": "Timeout"}


# -- tests that fail only where the session was forked

FORKED = """\
import os

import lib

PID = os.getpid()
SEEN = []
forks = []
os.register_at_fork(after_in_child=lambda: forks.append(1))


def test_double():
    SEEN.append(1)
    assert lib.double(2) == 4


def test_process():
    assert os.getpid() == PID


def test_hook():
    assert not forks


def test_order():
    assert not SEEN


def test_half():
    assert lib.half(2) == 7
"""

ONLY_FORKED = {"test_lib.py::test_process", "test_lib.py::test_hook"}


def test_tests_that_fail_only_in_a_fork_are_told_from_others(
    mutate: Mutate, run_assay: RunAssay, project: Path
) -> None:
    """With what to do; a test that just fails, and one that depends on another, are not."""
    done = mutate({"test_lib.py": FORKED})
    assert done.code == 3
    failures = {t["test"]: t["failure"] for t in done.record["tests"] if t["outcome"] == "failed"}
    assert failures.keys() == ONLY_FORKED | {"test_lib.py::test_order", "test_lib.py::test_half"}
    told = {test for test, failure in failures.items() if failure["exception"] == "only in a fork"}
    assert told == ONLY_FORKED
    assert "--isolation process" in failures["test_lib.py::test_process"]["message"]
    told_by_map = [line for line in run_assay("map", project=project).lines if "in a fork:" in line]
    assert len(told_by_map) == 2


# -- processes and files

DAEMON = """


def test_daemon():
    import os, pathlib, signal
    if lib.double(2) == 4:
        return
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            pathlib.Path(PLACE, str(os.getpid())).touch()
            signal.pause()
        os._exit(0)
    os.wait()
    signal.pause()
"""

KILLER = """


def test_kills():
    import os, pathlib, signal
    if lib.double(2) == 4:
        return
    pathlib.Path(PLACE, str(os.getpid())).touch()
    os.kill(os.getppid(), signal.SIGKILL)
    signal.pause()
"""


def is_gone(pid: int) -> bool:
    """Whether a process is no more, or soon will be: a killed one may still be in the table."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        os.sched_yield()
    return False


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and prctl")


def processes(place: Path, text: str) -> str:
    """Tests of which each process under a mutant leaves a file of its number."""
    place.mkdir()
    return TEST.replace("== 4", "> 0") + text.replace("PLACE", repr(str(place)))


@linux
def test_a_daemon_that_leaves_the_process_group_ends_with_the_run(
    mutate: Mutate, tmp_path: Path
) -> None:
    place = tmp_path / "daemons"
    done = mutate({"test_lib.py": processes(place, DAEMON)}, "lib.py:2")
    assert done.code == 0
    assert set(statuses(done).values()) == {"Timeout"}
    pids = [int(path.name) for path in place.iterdir()]
    assert pids
    assert all(map(is_gone, pids))


@linux
def test_a_zygote_that_is_killed_ends_the_run_and_its_children(
    mutate: Mutate, tmp_path: Path
) -> None:
    place = tmp_path / "children"
    done = mutate({"test_lib.py": processes(place, KILLER)}, "lib.py:2")
    assert (done.code, done.out) == (4, "")
    assert "the test process was killed by SIGKILL" in done.problem
    pids = [int(path.name) for path in place.iterdir()]
    assert pids
    assert all(map(is_gone, pids))


DELETES = """


def test_deletes():
    import pathlib, shutil
    if CONDITION:
        shutil.rmtree(pathlib.Path(__file__).parent / ".assay", ignore_errors=True)
"""


def test_a_test_that_deletes_the_state(mutate: Mutate) -> None:
    done = mutate({"test_lib.py": TEST + DELETES.replace("CONDITION", "lib.double(1)")})
    assert (done.code, done.out) == (2, "")
    assert "was deleted while assay ran: do tests delete" in done.problem


def test_a_test_that_deletes_the_state_under_a_mutant(mutate: Mutate, project: Path) -> None:
    """What is deleted is made anew; the verdicts do not depend on it."""
    text = TEST.replace("== 4", "> 0") + DELETES.replace("CONDITION", "lib.double(2) != 4")
    done = mutate({"test_lib.py": text})
    assert statuses(done) == dict.fromkeys(TRUTH, "Survived")
    assert done.code == 0
