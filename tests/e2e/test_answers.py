"""`assay show` and `assay why`: questions after a run."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from conftest import (
    CopyProject,
    MappedProject,
    RunAssay,
    RunCommand,
    replace_in,
    tree_bytes,
)


def mutants_after_mutate(
    project: Path, path: str, run_assay: RunAssay
) -> dict[str, dict[str, object]]:
    record = run_assay("mutate", path, "--format", "json", project=project).record
    return {mutant["id"]: mutant for mutant in record["mutants"]}


@pytest.mark.parametrize("name", ["well_tested", "asserts_nothing"])
def test_show_tells_diff_tests_and_verdict(
    name: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project(name)
    mutants = mutants_after_mutate(project, "ages.py", run_assay)
    for identity, mutant in mutants.items():
        done = run_assay("show", identity, project=project)
        assert done.code == 0
        words = {"Killed": "killed", "Survived": "survived", "NoCoverage": "without coverage"}
        assert done.lines[0].startswith(f"{identity} {words[str(mutant['status'])]}: ages.py:")
        assert "+++ b/ages.py" in done.lines
        covering = mutant["covering"]
        assert isinstance(covering, list)
        assert all(f"  {test}" in done.lines for test in covering)


def test_show_json_is_the_record_of_the_mutant(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    mutants = mutants_after_mutate(project, "ages.py", run_assay)
    for identity, mutant in mutants.items():
        shown = run_assay("show", identity, "--format", "json", project=project).record
        assert shown == {"format": 1, **mutant}


def test_show_takes_the_beginning_of_an_id(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    mutants = mutants_after_mutate(project, "ages.py:5", run_assay)
    identity = min(mutants)
    done = run_assay("show", identity[:6], project=project)
    assert done.lines[0].startswith(identity)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "path"), [("asserts_nothing", "ages.py"), ("below_git_root", "service.py")]
)
def test_show_prints_a_command_that_repeats_the_verdict(
    name: str,
    path: str,
    mapped_project: MappedProject,
    run_assay: RunAssay,
    run_command: RunCommand,
) -> None:
    project = mapped_project(name)
    mutants = mutants_after_mutate(project, path, run_assay)
    identity = min(mutants)
    shown = run_assay("show", identity, project=project)
    (repeat,) = [line for line in shown.lines if line.startswith("Repeat it: assay ")]
    words = shlex.split(repeat.removeprefix("Repeat it: assay "))
    command = [sys.executable, "-m", "assay", *words, "--python", sys.executable]
    again = run_command(*command, "--format", "json", cwd=project)
    assert again.code == 0, again.err
    (repeated,) = again.record["mutants"]
    for fact in ("id", "status", "killer", "covering", "diff"):
        assert repeated[fact] == mutants[identity][fact]


def test_show_is_read_only(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("well_tested")
    mutants = mutants_after_mutate(project, "ages.py:5", run_assay)
    before = tree_bytes(project, skip=())
    assert run_assay("show", min(mutants), project=project).code == 0
    assert tree_bytes(project, skip=()) == before


def test_show_with_unknown_id_is_a_usage_problem(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    mutants_after_mutate(project, "ages.py:5", run_assay)
    done = run_assay("show", "zzz", project=project)
    assert done.code == 2
    assert "no mutant 'zzz'" in done.problem


def test_show_before_any_run_says_what_to_do(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    done = run_assay("show", "abc", project=mapped_project("well_tested"))
    assert done.code == 2
    assert "run `assay impact` first" in done.problem


def test_show_with_an_ambiguous_beginning_lists_the_mutants(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    mutants = mutants_after_mutate(project, "ages.py:9", run_assay)
    done = run_assay("show", "", project=project)
    assert done.code == 2
    assert all(identity in done.problem for identity in mutants)


def test_why_node_id_tells_what_it_depends_on(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("higher_scope_fixtures")
    done = run_assay("why", "test_things.py::test_second_of_session", project=project)
    assert done.code == 0
    assert "fixture session_thing" in done.out
    assert "makers.py::make_session" in done.out
    assert "makers.py::other" not in done.out


def test_why_file_line_tells_which_tests_ran_it(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    record = run_assay("why", "ages.py:5", "--format", "json", project=project).record
    assert record["unit"] == "is_adult"
    assert sorted(record["ran_the_line"]) == [
        "test_ages.py::test_adult_from_eighteen",
        "test_ages.py::test_not_adult_below_eighteen",
    ]
    assert not record["stale"]


def test_why_file_line_tells_who_depends_through_a_fixture(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("higher_scope_fixtures")
    record = run_assay("why", "makers.py:9", "--format", "json", project=project).record
    users = set(record["ran_the_line"]) | set(record["through"])
    assert record["unit"] == "make_module"
    assert {
        "test_things.py::test_first_of_module",
        "test_things.py::test_second_of_module",
        "test_things.py::TestClass::test_first",
    } <= users
    assert "test_things.py::test_other" not in users


def test_why_file_line_says_when_the_map_is_behind(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "age >= 18", "age >= 21")
    done = run_assay("why", "ages.py:5", project=project)
    assert done.code == 0
    assert "run `assay map`" in done.out


def test_why_node_id_with_odd_letters(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("odd_ids")
    done = run_assay("why", "test_words.py::test_shout[a::b]", project=project)
    assert done.code == 0
    assert "words.py::shout" in done.out


@pytest.mark.parametrize("subject", ["test_ages.py::no_such", "ages.py:999", "no_file.py:1"])
def test_why_unknown_is_a_usage_problem(
    subject: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    done = run_assay("why", subject, project=mapped_project("well_tested"))
    assert done.code == 2
    assert subject.rpartition(":")[0].split("::")[0] in done.problem


def test_why_without_a_map_says_what_to_do(copy_project: CopyProject, run_assay: RunAssay) -> None:
    done = run_assay("why", "ages.py:5", project=copy_project("well_tested"))
    assert done.code == 2
    assert "run `assay map` first" in done.problem


def test_why_is_read_only(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("well_tested")
    before = tree_bytes(project, skip=())
    assert run_assay("why", "ages.py:5", project=project).code == 0
    assert tree_bytes(project, skip=()) == before
