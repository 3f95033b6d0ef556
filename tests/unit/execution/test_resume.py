"""When the verdicts of an interrupted run are used again, and when not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assay.execution import resume
from assay.model.mutant import Mutant, PlannedMutant, PlannedTest, Route, Status, Verdict
from assay.model.source import Span

MUTANT = Mutant(
    id="aa11",
    path="tax.py",
    unit="rate",
    scope="rate",
    operator="number",
    span=Span(2, 11, 2, 12),
    original="1",
    replacement="2",
    statement_line=2,
    lines=frozenset({2}),
)
PLAN = PlannedMutant(MUTANT, (PlannedTest("t.py::a", 3.0), PlannedTest("t.py::b", 3.0)), Route.HOT)
VERDICT = Verdict(MUTANT, Status.KILLED, ("t.py::a", "t.py::b"), "t.py::b", True, "no", 2, 0.5)


def test_a_settled_verdict_is_used_again_on_the_same_tree(tmp_path: Path) -> None:
    resume.keep(tmp_path / "kept.json", "key", [VERDICT])
    assert resume.kept(tmp_path / "kept.json", "key", [PLAN]) == {"aa11": VERDICT}


def test_no_verdict_is_used_on_another_tree(tmp_path: Path) -> None:
    resume.keep(tmp_path / "kept.json", "key", [VERDICT])
    assert resume.kept(tmp_path / "kept.json", "other", [PLAN]) == {}


def test_no_verdict_is_used_with_other_covering_tests(tmp_path: Path) -> None:
    resume.keep(tmp_path / "kept.json", "key", [VERDICT])
    fewer = replace(PLAN, tests=PLAN.tests[:1])
    assert resume.kept(tmp_path / "kept.json", "key", [fewer]) == {}
    turned = replace(PLAN, tests=PLAN.tests[::-1])
    assert resume.kept(tmp_path / "kept.json", "key", [turned]) == {}


@pytest.mark.parametrize("status", [Status.RUNTIME_ERROR, Status.PENDING, Status.TIMEOUT])
def test_a_verdict_that_settles_nothing_is_not_kept(tmp_path: Path, status: Status) -> None:
    resume.keep(tmp_path / "kept.json", "key", [replace(VERDICT, status=status)])
    assert not (tmp_path / "kept.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": "key", "verdicts": [{}]}', "\x00"])
def test_a_spoiled_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "kept.json").write_text(text)
    assert resume.kept(tmp_path / "kept.json", "key", [PLAN]) == {}


def test_the_key_tells_facts_apart_that_join_to_the_same_text() -> None:
    assert resume.tree_key(["ab", "c"]) != resume.tree_key(["a", "bc"])


def test_a_finished_run_leaves_nothing_to_resume(tmp_path: Path) -> None:
    resume.keep(tmp_path / "kept.json", "key", [VERDICT])
    resume.forget(tmp_path / "kept.json")
    resume.forget(tmp_path / "kept.json")
    assert list(tmp_path.iterdir()) == []
