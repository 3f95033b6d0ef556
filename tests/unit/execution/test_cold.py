"""Facts about stages: test files about a module come first, and nothing is left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from conftest import A_MUTANT

from assay.execution.cold import at_stage, groups, joined, stages
from assay.model.mutant import PlannedMutant, PlannedTest, Route
from assay.model.run import ChildEnd, Outcome, TestOutcome, TestResult
from assay.model.source import MODULE_UNIT

MUTANT = replace(A_MUTANT, unit=MODULE_UNIT, scope=MODULE_UNIT)
PATHS = {"all1": "all.py", "all2": "all.py", "tax1": "tax.py", "tax2": "tax.py", "far": "far.py"}
SIZES = Counter({"all.py": 10, "tax.py": 2, "far.py": 5})


def planned(*tests: tuple[str, bool]) -> PlannedMutant:
    return PlannedMutant(MUTANT, tuple(PlannedTest(t, 3.0, n) for t, n in tests), Route.COLD)


NEAR = planned(("all1", True), ("all2", True), ("tax1", True), ("tax2", True), ("far", False))


def names(mutant: PlannedMutant) -> list[str]:
    return [test.node_id for test in mutant.tests]


def test_the_file_whose_tests_all_run_the_module_is_first_and_strangers_are_last() -> None:
    assert stages(NEAR, PATHS, SIZES) == (("tax.py",), ("all.py",), ("far.py",))


def test_the_file_of_a_test_that_runs_the_code_itself_is_first() -> None:
    one = replace(NEAR.tests[0], direct=True)
    assert stages(replace(NEAR, tests=(one, *NEAR.tests[1:])), PATHS, SIZES) == (
        ("all.py",),
        ("tax.py",),
        ("far.py",),
    )


def test_files_that_only_import_the_module_are_one_stage() -> None:
    mutant = planned(("far", False), ("all1", False))
    assert stages(mutant, PATHS, SIZES) == (("all.py", "far.py"),)


def test_the_stages_of_a_mutant_hold_each_of_its_tests_once_in_planned_order() -> None:
    parts = [at_stage(NEAR, files, PATHS) for files in stages(NEAR, PATHS, SIZES)]
    assert [names(part) for part in parts] == [["tax1", "tax2"], ["all1", "all2"], ["far"]]


def test_mutants_with_the_same_stage_are_one_group() -> None:
    second = replace(NEAR, mutant=replace(MUTANT, id="n"))
    later = replace(NEAR, mutant=replace(MUTANT, id="o"))
    given = [(NEAR, ("tax.py",)), (later, ("all.py",)), (second, ("tax.py",))]
    found = [(g.files, [p.mutant.id for p in g.mutants]) for g in groups(given, PATHS)]
    assert found == [(("tax.py",), ["m", "n"]), (("all.py",), ["o"])]


def outcome(*tests: str, entered: bool, seconds: float) -> Outcome:
    results = tuple(TestResult(test, TestOutcome.PASSED, 0.1, None) for test in tests)
    return Outcome(ChildEnd.FINISHED, results, "", entered, "", "", (), "", seconds)


def test_two_stages_are_one_outcome_that_entered_the_code_if_either_did() -> None:
    both = joined(outcome("a", entered=True, seconds=1.0), outcome("b", entered=False, seconds=2.0))
    assert [result.node_id for result in both.results] == ["a", "b"]
    assert (both.entered, both.seconds) == (True, 3.0)


def test_the_first_stage_is_an_outcome_by_itself() -> None:
    only = outcome("a", entered=False, seconds=1.0)
    assert joined(None, only) is only
