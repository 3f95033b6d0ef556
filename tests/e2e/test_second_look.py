"""Tests that may have used what an earlier one left behind: when they run again, alone."""

from __future__ import annotations

from pathlib import Path

from conftest import CopyProject, RunAssay, commit_all, replace_in

FIRST = "tests/test_rates.py::test_first_user_fills_the_table_and_does_not_look_at_it"
OTHERS = {f"tests/test_rates.py::test_tea[{number}]" for number in range(21)}


def selected_after_an_edit(project: Path, run_assay: RunAssay) -> set[str]:
    """What a change selects that only the first user of the cache has run."""
    replace_in(project / "extra.py", "return 3", "return 4")
    return set(run_assay("select", "--format", "ids", project=project).lines)


def test_many_suspects_depend_on_all_that_the_maker_used(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("kept_for_many")
    run_assay("map", project=project)
    assert selected_after_an_edit(project, run_assay) == {FIRST, *OTHERS}


def test_a_second_look_frees_them_of_it(copy_project: CopyProject, run_assay: RunAssay) -> None:
    project = copy_project("kept_for_many")
    run_assay("map", "--second-look", project=project)
    assert selected_after_an_edit(project, run_assay) == {FIRST}


def test_after_a_second_look_each_depends_on_what_the_cache_is_filled_by(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("kept_for_many")
    run_assay("map", "--second-look", project=project)
    replace_in(project / "rates.py", "2 + 5", "2 + 6")
    assert set(run_assay("select", "--format", "ids", project=project).lines) == {FIRST, *OTHERS}


def test_a_few_suspects_always_get_one(copy_project: CopyProject, run_assay: RunAssay) -> None:
    project = copy_project("kept_for_many")
    replace_in(project / "tests" / "test_rates.py", "range(21)", "range(20)")
    commit_all(project)
    run_assay("map", project=project)
    assert selected_after_an_edit(project, run_assay) == {FIRST}


def test_mutants_of_a_file_meet_every_test_that_uses_what_it_keeps(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("kept_for_many")
    run_assay("map", project=project)
    done = run_assay("mutate", "rates.py", "--format", "json", project=project)
    mutants = done.record["mutants"]
    assert mutants
    for mutant in mutants:
        assert mutant["status"] == "Killed"
        assert mutant["killer"] in OTHERS
        assert set(mutant["covering"]) == {FIRST, *OTHERS}


def test_a_change_of_a_file_has_its_suspects_run_again(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("kept_for_many")
    replace_in(project / "rates.py", "2 + 5", "3 + 4")
    done = run_assay("impact", "--format", "json", project=project)
    mutants = done.record["mutants"]
    assert mutants
    assert {mutant["status"] for mutant in mutants} == {"Killed"}
