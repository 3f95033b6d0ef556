"""No sabotage makes a gate green: a project that passes is spoilt, and does not pass any more.

`test_sabotage.py` has the sabotages, and holds each of its answers against a policy too. Here a few
go through the whole of `assay gate`, where all but the sabotage is as good as can be.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest
from conftest import Result, RunAssay, clean_environment, commit_all, start_repository, write
from test_sabotage import HIDING, IDLE, LIB, PROJECT, TEST

from assay.cli import main

pytestmark = pytest.mark.slow

BASE_LIB = LIB.replace("n * 2", "n + n").replace("n // 2", "int(n / 2)")

GOOD_TEST = TEST.replace("    lib.half(2)\n", "    assert lib.half(5) == 2\n")
GOOD_TEST = GOOD_TEST.replace("lib.double(2) == 4", "lib.double(3) == 6")


FORKED_HIDING = {name: text for name, text in HIDING.items() if "threading" not in text}
"""Where nothing can fork, pytest starts a dozen times: once, in `test_sabotage.py`, is enough."""


class Gate(Protocol):
    def __call__(
        self, files: Mapping[str, str], *arguments: str, env: Mapping[str, str] | None = ...
    ) -> Result: ...


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The good project with its change, and the map of it."""
    project = tmp_path_factory.mktemp("gate") / "project"
    for name, text in {**PROJECT, "lib.py": BASE_LIB, "test_lib.py": GOOD_TEST}.items():
        write(project / name, text)
    start_repository(project)
    write(project / "lib.py", LIB)
    argv = ["gate", "--quiet", "--preset", "strict", "--project", str(project)]
    assert main([*argv, "--python", sys.executable], clean_environment()) == 0
    return project


@pytest.fixture
def gate(recorded: Path, tmp_path: Path, run_assay: RunAssay) -> Gate:
    """Writes files into a copy of the project, and runs its strictest gate."""

    def run(
        files: Mapping[str, str], *arguments: str, env: Mapping[str, str] | None = None
    ) -> Result:
        project = shutil.copytree(recorded, tmp_path / "project", symlinks=True)
        for name, text in files.items():
            write(project / name, text)
        return run_assay("gate", "--preset", "strict", *arguments, project=project, env=env)

    return run


def test_the_good_project_passes(gate: Gate) -> None:
    """The negative twin of all that follows: here green is the truth."""
    done = gate({})
    assert (done.code, done.lines[0]) == (0, "Gate passed (strict).")


SPOILT = {
    "an assertion is gone": ({"test_lib.py": TEST}, 1, "max-survivors"),
    "a test catches everything": (
        {
            "test_lib.py": GOOD_TEST.replace(
                "    assert lib.half(5) == 2\n",
                "    try:\n        assert lib.half(5) == 2\n    except BaseException:\n"
                "        pass\n",
            )
        },
        4,
        "max-unguarded",
    ),
    "a test is skipped": (
        {
            "test_lib.py": GOOD_TEST.replace(
                "def test_half", "import pytest\n\n\n@pytest.mark.skip\ndef test_half"
            )
        },
        1,
        "max-unguarded",
    ),
    "a test may fail": (
        {
            "test_lib.py": GOOD_TEST.replace(
                "def test_half", "import pytest\n\n\n@pytest.mark.xfail\ndef test_half"
            )
        },
        1,
        "max-unguarded",
    ),
    "a test is gone": ({"test_lib.py": GOOD_TEST.partition("\n\ndef test_half")[0]}, 1, "min-cov"),
    "a test fails": ({"test_lib.py": GOOD_TEST.replace("== 2", "== 3")}, 3, "tests-pass"),
    "a test leaves with success": (
        {
            "test_lib.py": GOOD_TEST.replace(
                "    assert lib.half(5) == 2\n",
                "    if lib.half(5) != 2:\n        import os\n        os._exit(0)\n",
            )
        },
        4,
        "max-inconclusive",
    ),
    **{name: ({"conftest.py": text}, 4, "") for name, text in FORKED_HIDING.items()},
    **{name: ({"conftest.py": text}, 4, "conclusive") for name, (text, _) in IDLE.items()},
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_project_does_not_pass_and_says_why(name: str, gate: Gate) -> None:
    files, code, rule = SPOILT[name]
    done = gate(files)
    assert done.code == code, done.out + done.err
    assert done.lines[0].startswith("Gate failed (strict): ")
    refused = [line for line in done.lines if line.startswith("Refused: ")]
    assert any(rule in line for line in refused)
    assert sum(line.startswith("  Next: ") for line in done.lines) == len(refused)


NOTHING_COLLECTED = {
    "conftest leaves with success": {"conftest.py": "import sys\n\nsys.exit(0)\n"},
    "addopts deselect everything": {"pytest.ini": "[pytest]\naddopts = -k nothing_at_all\n"},
    "import ends the session": {"test_more.py": "import pytest\n\npytest.exit('enough', 0)\n"},
    "a test file does not parse": {"test_more.py": "def ("},
}


@pytest.mark.parametrize("name", NOTHING_COLLECTED)
def test_a_suite_that_cannot_be_collected_does_not_pass(name: str, gate: Gate) -> None:
    done = gate(NOTHING_COLLECTED[name])
    assert done.code == 3, done.out + done.err


def test_a_copy_in_place_of_the_source_does_not_pass(gate: Gate, tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    write(site / "lib.py", LIB)
    done = gate(
        {"pytest.ini": f"[pytest]\npythonpath = {site}\naddopts = --import-mode=importlib\n"}
    )
    assert done.code == 4
    assert "is not what the tests import" in done.out


def test_a_change_that_is_committed_passes_by_its_base_only(
    gate: Gate, run_assay: RunAssay, tmp_path: Path
) -> None:
    """Compared with itself there is nothing, and nothing is not green."""
    gate({})
    project = tmp_path / "project"
    commit_all(project)
    done = run_assay("gate", "--base", "HEAD", project=project)
    assert done.code == 5
    assert "nothing to compare" in done.problem


def test_without_time_for_a_single_mutant_the_gate_is_not_green(gate: Gate) -> None:
    later = LIB.replace("n * 2", "n * 2 + 0 * n")
    done = gate({"lib.py": later}, "--budget", "0.000001")
    assert done.code in (1, 4)
    assert any("partial" in line or "--budget" in line for line in done.lines)
