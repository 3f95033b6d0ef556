"""What a project can do to mislead or stop assay: it says so and is not green, or is not misled.

Each sabotage is a few lines added to one small project, in which `double` is checked and `half` is
only run. `docs/limits.md` has the same list for readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest
from conftest import Result, RunAssay, start_repository, write

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
timeout-floor = 0.5
timeout-unknown = 2
timeout-collection = 2
memory-limit = 100
"""

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
        return run_assay("mutate", place, "--format", "json", project=project, env=env)

    return run


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
        {"test_more.py": "import time\n\ntime.sleep(600)\n"},
        "pytest hung while collecting test_more.py: no sign of life for 2 s",
    ),
    "collection hangs in a hook": ({"conftest.py": HANGING_HOOK}, "pytest hung while collecting ("),
    "conftest hangs": (
        {"conftest.py": "import time\n\ntime.sleep(600)\n"},
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
    assert "the test process ended by itself (exit status -9)" in done.problem


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
    done = mutate({"lib.py": f"N = 3\nwhile N > 0:\n    N -= 1\n\n\n{LIB}"}, "lib.py:3")
    assert done.code == 0
    assert statuses(done)["<module> N += 1"] == "Timeout"
