"""A change to tests that takes a guard away is reported; one that keeps it is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import MappedProject, RunAssay, commit_all, replace_in, write

STRONG = """\
def test_double():
    assert double(3) == 6
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def project(mapped_project: MappedProject) -> Path:
    return mapped_project("well_tested")


@pytest.fixture
def known(
    mapped_project: MappedProject,
    mapped_trees: dict[str, Path],
    run_assay: RunAssay,
    tmp_path: Path,
) -> Path:
    """The project once its mutants have verdicts: these are measured once, and copied."""
    name = "well_tested, mutated"
    if name not in mapped_trees:
        root = mapped_project("well_tested")
        assert run_assay("mutate", "ages.py", project=root).code == 0
        mapped_trees[name] = shutil.copytree(root, mapped_trees[""] / name, symlinks=True)
    return shutil.copytree(mapped_trees[name], tmp_path / "known", symlinks=True)


def test_a_deleted_test_leaves_what_only_it_killed_unguarded(
    known: Path, run_assay: RunAssay
) -> None:
    replace_in(known / "test_ages.py", STRONG, "")
    done = run_assay("impact", "--format", "json", project=known)
    lost = done.record["lost"]
    assert lost
    for one in lost:
        assert one["kind"] == "guard-lost"
        assert one["unit"] == "double"
        assert one["tests"] == ["test_ages.py::test_double"]
        assert "is gone" in one["sentence"]
        assert one["evidence"][0]["language"] == "diff"
    again = run_assay("impact", "--format", "json", project=known)
    assert {one["id"] for one in again.record["lost"]} == {one["id"] for one in lost}


def test_a_weakened_assertion_is_told_of_with_the_mutant_and_the_test(
    known: Path, run_assay: RunAssay
) -> None:
    replace_in(known / "test_ages.py", "assert double(3) == 6", "assert double(3) is not None")
    done = run_assay("impact", project=known)
    assert "GUARD LOST in 1 function: " in done.out
    assert "`test_ages.py::test_double` used to notice" in done.out
    assert "-    return number * 2" in done.out
    assert "Fix: assert again what the test used to assert." in done.out


def test_a_guard_lost_can_be_accepted_and_is_said_to_be(known: Path, run_assay: RunAssay) -> None:
    replace_in(known / "test_ages.py", "assert double(3) == 6", "assert double(3) is not None")
    done = run_assay("impact", "--format", "json", project=known)
    for one in done.record["lost"]:
        said = run_assay("accept", one["id"], "--reason", "any number will do", project=known)
        assert said.code == 0
        assert said.lines[0].endswith("is accepted until ages.py::double changes.")
    again = run_assay("impact", project=known)
    assert "[guard-lost]" in again.out
    assert "accepted: any number will do" in again.out
    assert "Fix: assert again" not in again.out


def test_a_test_file_that_is_deleted_loses_all_its_guards(known: Path, run_assay: RunAssay) -> None:
    write(known / "test_double.py", f"from ages import double\n\n\n{STRONG}")
    replace_in(known / "test_ages.py", STRONG, "")
    assert run_assay("mutate", "ages.py", project=known).code == 0
    commit_all(known)
    (known / "test_double.py").unlink()
    done = run_assay("impact", "--format", "json", project=known)
    assert {one["unit"] for one in done.record["lost"]} == {"double"}
    assert {one["tests"][0] for one in done.record["lost"]} == {"test_double.py::test_double"}


def test_tests_that_are_rewritten_and_as_strong_lose_nothing(
    known: Path, run_assay: RunAssay
) -> None:
    replace_in(known / "test_ages.py", "assert double(3) == 6", "assert [double(3)] == [6]")
    replace_in(known / "test_ages.py", "def test_double", "def test_twice")
    done = run_assay("impact", "--format", "json", project=known)
    assert done.record["lost"] == []
    assert not [notice for notice in done.record["notices"] if "guard" in notice]


def test_what_another_test_kills_is_not_lost(known: Path, run_assay: RunAssay) -> None:
    more = "\n\ndef test_double_again():\n    assert double(3) == 6\n"
    text = (known / "test_ages.py").read_text(encoding="utf-8").replace(STRONG, "")
    write(known / "test_ages.py", text + more)
    done = run_assay("impact", "--format", "json", project=known)
    assert done.record["lost"] == []


def test_where_nothing_is_known_that_is_said(project: Path, run_assay: RunAssay) -> None:
    replace_in(project / "test_ages.py", "assert double(3) == 6", "assert double(3)")
    done = run_assay("impact", "--format", "json", project=project)
    assert done.record["lost"] == []
    (notice,) = [one for one in done.record["notices"] if "whether a guard was lost" in one]
    assert "test_ages.py" in notice


def test_a_change_of_code_alone_asks_nothing(known: Path, run_assay: RunAssay) -> None:
    replace_in(known / "ages.py", "return number * 2", "return 2 * number")
    done = run_assay("impact", "--format", "json", project=known)
    assert done.record["lost"] == []
    assert not [notice for notice in done.record["notices"] if "guard" in notice]
