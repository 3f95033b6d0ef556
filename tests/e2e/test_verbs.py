"""`assay map`, `select`, `impact` and `mutate`, each as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import (
    CopyProject,
    MappedProject,
    RunAssay,
    commit_all,
    git,
    replace_in,
    tree_bytes,
    write,
)

ADULT = "test_ages.py::test_adult_from_eighteen"
NOT_ADULT = "test_ages.py::test_not_adult_below_eighteen"
DOUBLE = "test_ages.py::test_double"


def change_is_adult(project: Path) -> None:
    replace_in(project / "ages.py", "age >= 18", "age > 17")


# -- map


def test_map_records_every_test_once(copy_project: CopyProject, run_assay: RunAssay) -> None:
    project = copy_project("well_tested")
    first = run_assay("map", project=project)
    assert (first.code, first.lines) == (0, ["3 tests: 3 recorded, 0 still valid."])
    second = run_assay("map", project=project)
    assert (second.code, second.lines) == (0, ["3 tests: nothing to record, 3 still valid."])


def test_map_after_a_change_records_only_affected_tests(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    assert run_assay("map", project=project).lines == ["3 tests: 2 recorded, 1 still valid."]


def test_map_fresh_records_everything_again(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    done = run_assay("map", "--fresh", project=project)
    assert done.lines == ["3 tests: 3 recorded, 0 still valid."]


def test_map_is_valid_again_after_switching_back(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    git(project, "checkout", "--quiet", ".")
    assert run_assay("map", project=project).lines == ["3 tests: nothing to record, 3 still valid."]


# -- select


def test_select_ids_prints_only_node_ids(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    done = run_assay("select", "--format", "ids", project=project)
    assert (done.code, done.err) == (0, "")
    assert sorted(done.lines) == [ADULT, NOT_ADULT]


def test_select_ids_prints_nothing_for_a_comment(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "age >= 18", "age >= 18  # inclusive")
    done = run_assay("select", "--format", "ids", project=project)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_select_text_gives_the_reason(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    done = run_assay("select", project=project)
    assert done.lines[0] == "2 of 3 tests can be affected."
    assert "2 because: ages.py::is_adult changed" in done.lines
    assert f"  {ADULT}" in done.lines
    assert DOUBLE not in done.out


def test_select_json_has_reasons_and_dropped_tests(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    record = run_assay("select", "--format", "json", project=project).record
    assert {test["test"] for test in record["selected"]} == {ADULT, NOT_ADULT}
    assert all(test["reasons"][0]["text"] for test in record["selected"])
    assert record["dropped"] == [DOUBLE]
    assert record["format"] == 1


def test_select_without_a_map_selects_every_test(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("well_tested")
    change_is_adult(project)
    done = run_assay("select", "--format", "ids", project=project)
    assert sorted(done.lines) == [ADULT, DOUBLE, NOT_ADULT]


def test_select_without_a_map_creates_no_state(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("well_tested")
    change_is_adult(project)
    before = tree_bytes(project, skip=())
    assert run_assay("select", project=project).code == 0
    assert tree_bytes(project, skip=()) == before


@pytest.mark.parametrize("form", ["text", "ids", "json"])
def test_select_changes_neither_map_nor_tree(
    form: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    before = tree_bytes(project, skip=())
    stamp = (project / ".assay" / "map.sqlite").stat().st_mtime_ns
    assert run_assay("select", "--format", form, project=project).code == 0
    assert tree_bytes(project, skip=()) == before
    assert (project / ".assay" / "map.sqlite").stat().st_mtime_ns == stamp


def test_select_base_compares_with_that_commit(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    commit_all(project, "second")
    replace_in(project / "ages.py", "number * 2", "number + number")
    commit_all(project, "third")
    assert run_assay("map", project=project).code == 0
    last = run_assay("select", "--format", "ids", project=project)
    assert last.lines == [DOUBLE]
    both = run_assay("select", "--base", "HEAD~2", "--format", "ids", project=project)
    assert sorted(both.lines) == [ADULT, DOUBLE, NOT_ADULT]


def test_select_on_a_branch_compares_with_the_merge_base(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    git(project, "checkout", "--quiet", "-b", "feature")
    change_is_adult(project)
    commit_all(project)
    record = run_assay("select", "--format", "json", project=project).record
    assert "merge base" in record["compared"]
    assert "main" in record["compared"]
    assert record["dropped"] == [DOUBLE]


def test_select_counts_untracked_and_staged_files(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    write(project / "test_more.py", "def test_more():\n    assert True\n")
    change_is_adult(project)
    git(project, "add", "ages.py")
    done = run_assay("select", "--format", "ids", project=project)
    assert sorted(done.lines) == [ADULT, NOT_ADULT, "test_more.py::test_more"]


def test_select_diff_reads_the_change_from_a_file(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    diff = tmp_path / "change.diff"
    diff.write_text(git(project, "diff"), encoding="utf-8")
    commit_all(project)
    done = run_assay("select", "--diff", str(diff), "--format", "ids", project=project)
    assert (done.code, done.err) == (0, "")
    assert sorted(done.lines) == [ADULT, NOT_ADULT]


def test_select_diff_works_without_git(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    diff = tmp_path / "change.diff"
    diff.write_text(git(project, "diff"), encoding="utf-8")
    (project / ".git").rename(tmp_path / "set-aside")
    done = run_assay("select", "--diff", str(diff), "--format", "ids", project=project)
    assert sorted(done.lines) == [ADULT, NOT_ADULT]


# -- impact


def test_impact_begins_with_what_is_guarded(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    done = run_assay("impact", project=project)
    assert done.code == 0
    assert done.lines[0] == "1 function changed: 1 guarded."
    assert "2 of 3 tests can be affected; 2 ran, all well." in done.lines
    assert "Survived" not in done.out


def test_impact_begins_with_what_is_only_touched(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("asserts_nothing")
    change_is_adult(project)
    done = run_assay("impact", project=project)
    assert done.code == 0
    expected = "1 function changed: 0 guarded, 1 touched by 1 test but guarded by none."
    assert done.lines[0] == expected


def test_impact_begins_with_what_no_test_runs(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("asserts_nothing")
    replace_in(project / "ages.py", "number - 1", "number - 2")
    done = run_assay("impact", project=project)
    assert done.lines[0] == "1 function changed: 0 guarded, 1 untouched."
    assert "Without coverage" in done.out


def test_impact_shows_survivors_as_diffs_with_their_tests(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("asserts_nothing")
    change_is_adult(project)
    done = run_assay("impact", project=project)
    shown = [line.strip() for line in done.lines]
    assert "-    return age > 17" in shown
    assert "+    return age >= 17" in shown
    assert "ran it and noticed nothing: test_ages.py::test_runs_is_adult" in shown


def test_impact_leaves_a_json_record(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("asserts_nothing")
    change_is_adult(project)
    printed = run_assay("impact", "--format", "json", project=project).record
    kept = json.loads((project / ".assay" / "reports" / "impact.json").read_text("utf-8"))
    assert kept == printed
    assert {mutant["status"] for mutant in kept["mutants"]} == {"Survived"}
    assert [unit["guard"] for unit in kept["units"]] == ["touched only"]
    assert kept["exit_code"] == 0


def test_impact_reports_leaves_a_copy_there(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    room = tmp_path / "far" / "away"
    assert run_assay("impact", "--reports", str(room), project=project).code == 0
    copy = room / "well_tested-impact.json"
    own = project / ".assay" / "reports" / "impact.json"
    assert [path.name for path in room.iterdir()] == [copy.name]
    assert copy.read_bytes() == own.read_bytes()


def test_impact_without_a_map_records_one_first(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("well_tested")
    change_is_adult(project)
    done = run_assay("impact", project=project)
    assert (done.code, done.lines[0]) == (0, "1 function changed: 1 guarded.")
    assert run_assay("map", project=project).lines == ["3 tests: nothing to record, 3 still valid."]


def test_impact_diff_reads_the_change_from_a_file(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    diff = tmp_path / "change.diff"
    diff.write_text(git(project, "diff"), encoding="utf-8")
    commit_all(project)
    done = run_assay("impact", "--diff", str(diff), project=project)
    assert (done.code, done.lines[0]) == (0, "1 function changed: 1 guarded.")


def test_impact_of_tests_alone_has_nothing_to_guard(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "test_ages.py", "double(3) == 6", "double(4) == 8")
    record = run_assay("impact", "--format", "json", project=project).record
    assert [test["test"] for test in record["selection"]["selected"]] == [DOUBLE]
    assert record["changed_tests"] == ["test_ages.py"]
    assert record["mutants"] == []


def test_impact_with_a_hanging_mutant_says_timed_out(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("hangs_when_mutated")
    replace_in(project / "loops.py", "count -= 1", "count = count - 1")
    record = run_assay("impact", "--format", "json", project=project).record
    hangs = [m for m in record["mutants"] if m["replacement"] == "count + 1"]
    assert [mutant["status"] for mutant in hangs] == ["Timeout"]
    assert [mutant["reason"] for mutant in hangs] == [
        "went round more than 500,000 times in test_loops.py::test_drain, where 4 are usual"
    ]


# -- mutate


def test_mutate_path_runs_all_its_mutants(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    done = run_assay("mutate", "ages.py", project=mapped_project("well_tested"))
    assert done.code == 0
    assert done.lines[0] == "10 mutants: 10 killed; mutation score 100 %."


def test_mutate_operators_runs_only_mutants_of_these(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    done = run_assay("mutate", "ages.py", "--operators", "mutmut", project=project)
    assert done.lines[0] == "4 mutants: 4 killed; mutation score 100 %."
    arguments = ("ages.py", "--operators", "relational,number", "--format", "json")
    record = run_assay("mutate", *arguments, project=project).record
    assert {mutant["operator"] for mutant in record["mutants"]} == {"relational", "number"}


def test_mutate_extreme_takes_bodies_away_and_show_repeats_it(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    record = run_assay("mutate", "ages.py", "--extreme", "--format", "json", project=project).record
    assert [(m["scope"], m["operator"], m["status"]) for m in record["mutants"]] == [
        ("is_adult", "extreme_false", "Killed"),
        ("is_adult", "extreme_none", "Killed"),
        ("is_adult", "extreme_true", "Killed"),
        ("double", "extreme_none", "Killed"),
    ]
    identity = record["mutants"][0]["id"]
    done = run_assay("show", identity, project=project)
    assert f"--only {identity} --extreme " in f"{done.lines[-1]} "


def test_mutate_says_what_is_not_run_and_lists_it_when_asked(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    code = "import logging\n\nlog = logging.getLogger('x')\n\n\ndef tell(x):\n    log.info(x)\n"
    (project / "tell.py").write_text(code, encoding="utf-8")
    listed = run_assay("mutate", "tell.py", "--list", "--all", "--format", "json", project=project)
    assert listed.record["mutants"] == []
    left = listed.record["left"]
    assert {(one["scope"], one["reason"]) for one in left} == {
        ("<module>", "logging"), ("tell", "logging"),
    }  # fmt: skip
    done = run_assay("mutate", "tell.py", project=project)
    assert done.code == 2
    assert (
        f"{len(left)} mutants not run: {len(left)} by rules (logging {len(left)})" in done.problem
    )
    (project / "pyproject.toml").write_text("[tool.assay]\nkeep = ['logging']\n", encoding="utf-8")
    kept = run_assay("mutate", "tell.py", "--list", "--format", "json", project=project).record
    assert {m["id"] for m in kept["mutants"]} == {one["id"] for one in left}


def test_mutate_honours_the_table_of_mutmut(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    table = "[tool.mutmut]\ndo_not_mutate_patterns = ['18']\n"
    (project / "pyproject.toml").write_text(table, encoding="utf-8")
    record = run_assay("mutate", "ages.py", "--list", "--format", "json", project=project).record
    assert {mutant["scope"] for mutant in record["mutants"]} == {"double"}
    table = "[tool.mutmut]\ndo_not_mutate_patterns = ['(']\n"
    (project / "pyproject.toml").write_text(table, encoding="utf-8")
    done = run_assay("mutate", "ages.py", "--list", project=project)
    assert (done.code, done.out) == (2, "")
    assert "do_not_mutate_patterns has '(', which is no pattern" in done.problem


def test_mutate_directory_leaves_tests_alone(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("src_layout")
    done = run_assay("mutate", str(project), "--list", "--format", "json", project=project)
    paths = {mutant["path"] for mutant in done.record["mutants"]}
    assert "src/stock/levels.py" in paths
    assert not [path for path in paths if path.startswith("tests/")]


@pytest.mark.parametrize(("lines", "expected"), [("5", {5}), ("9", {9}), ("5-9", {5, 9})])
def test_mutate_path_lines_runs_only_mutants_there(
    lines: str, expected: set[int], mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    record = run_assay("mutate", f"ages.py:{lines}", "--format", "json", project=project).record
    assert {mutant["span"][0] for mutant in record["mutants"]} == expected


def test_mutate_changed_runs_only_the_changed_lines(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    record = run_assay("mutate", "--changed", "--format", "json", project=project).record
    assert {mutant["scope"] for mutant in record["mutants"]} == {"is_adult"}
    assert {mutant["status"] for mutant in record["mutants"]} == {"Killed"}


def test_mutate_changed_base_compares_with_that_commit(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    change_is_adult(project)
    commit_all(project)
    replace_in(project / "ages.py", "number * 2", "number + number")
    arguments = ("--changed", "--base", "HEAD~1", "--list", "--format", "json")
    record = run_assay("mutate", *arguments, project=project).record
    assert {mutant["scope"] for mutant in record["mutants"]} == {"is_adult", "double"}


def test_mutate_list_runs_nothing_and_writes_nothing(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("fails_already")
    before = tree_bytes(project, skip=())
    done = run_assay("mutate", "ages.py", "--list", "--operators", "mutmut", project=project)
    assert (done.code, done.err) == (0, "")
    assert done.lines[-1] == "4 mutants."
    assert "swap_op" in done.out
    assert tree_bytes(project, skip=()) == before


def test_mutate_only_runs_that_mutant(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("well_tested")
    listed = run_assay("mutate", "ages.py", "--list", "--format", "json", project=project).record
    wanted = listed["mutants"][2]["id"]
    arguments = ("ages.py", "--only", wanted, "--format", "json")
    record = run_assay("mutate", *arguments, project=project).record
    assert [mutant["id"] for mutant in record["mutants"]] == [wanted]


def test_mutate_ids_survive_moves_and_reformatting(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    arguments = ("ages.py", "--list", "--format", "json")
    before = run_assay("mutate", *arguments, project=project).record
    replace_in(project / "ages.py", "    return age >= 18", "    # Why.\n    return (age\n  >= 18)")
    after = run_assay("mutate", *arguments, project=project).record
    assert [m["id"] for m in before["mutants"]] == [m["id"] for m in after["mutants"]]


def test_mutate_with_a_failing_suite_uses_only_sound_tests(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("fails_already")
    done = run_assay("mutate", "ages.py", "--format", "json", project=project)
    assert done.code == 3
    killers = {mutant["killer"] for mutant in done.record["mutants"]}
    assert killers == {"", "test_ages.py::test_good"}


def test_mutate_does_not_believe_a_test_that_needs_another(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("order_dependent")
    record = run_assay("mutate", "state.py", "--format", "json", project=project).record
    killers = {m["killer"] for m in record["mutants"] if m["status"] == "Killed"}
    assert killers == {"test_state.py::test_a_sees"}
    assert "test_state.py::test_b_needs_a" in record["flaky"]
