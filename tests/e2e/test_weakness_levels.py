"""`assay weaknesses` at levels 1 to 4: what it finds in a project, and what it says it left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import MappedProject, RunAssay, replace_in, write

pytestmark = pytest.mark.slow

TESTS = """\
import contextlib

import ages


def test_adult_quietly():
    with contextlib.suppress(Exception):
        ages.is_adult(20)
        ages.is_adult(3)


def test_double():
    assert ages.double(3) == 6
"""


@pytest.fixture
def project(mapped_project: MappedProject) -> Path:
    root = mapped_project("well_tested")
    write(root / "test_ages.py", TESTS)
    return root


@pytest.fixture
def look(run_assay: RunAssay, project: Path) -> Any:
    def run(*arguments: str) -> Any:
        done = run_assay("weaknesses", *arguments, "--format", "json", project=project)
        return done.code, done.record

    return run


def kinds(record: Any) -> set[tuple[str, str]]:
    return {(one["kind"], one["unit"]) for one in record["findings"] if one["level"]}


def test_each_level_finds_its_own_and_those_below(look: Any) -> None:
    code, record = look("--level", "3")
    assert code == 0
    assert ("pseudo-tested-function", "is_adult") in kinds(record)
    assert not [one for one in kinds(record) if one[1] in ("double", "test_double")]
    assert any("runs of a test under a mutant" in notice for notice in record["notices"])


def test_level_1_is_about_the_change(look: Any, project: Path) -> None:
    replace_in(project / "ages.py", "age >= 18", "age > 17 and age >= 18")
    code, record = look("--level", "1")
    assert code == 0
    (found,) = [one for one in record["findings"] if one["level"] == 1]
    assert (found["kind"], found["unit"]) == ("touched-not-guarding", "is_adult")
    assert found["evidence"][0]["language"] == "diff"


def test_a_budget_that_is_over_finds_nothing_and_says_so(look: Any) -> None:
    code, record = look("--level", "3", "--budget", "0.001s", "--kind", "zero-kill")
    assert code == 4
    assert kinds(record) == set()
    assert any("the time of --budget was over" in words for words in record["inconclusive"])


def test_of_a_sample_nothing_is_said_that_rests_on_no_kill(look: Any) -> None:
    code, record = look("--matrix", "--sample", "2", "--seed", "1")
    assert code == 0
    assert kinds(record) == set()
    assert any("of a sample of the mutants" in notice for notice in record["notices"])


def test_without_a_change_level_1_says_that_there_is_nothing(
    look: Any, project: Path, run_assay: RunAssay
) -> None:
    code, record = look("--level", "1", "--base", "HEAD")
    assert code == 0
    assert kinds(record) == set()
