"""Facts about the JSON record: every field of an answer, and a file that is whole or not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.errors import StateError
from assay.model.answer import Answer, ChangedLines, Guard, UnitAnswer
from assay.model.change import UnitStatus
from assay.model.mutant import Mutant, Status, Verdict
from assay.model.run import Failure, TestOutcome, TestResult
from assay.model.selection import Reason, ReasonKind, SelectedTest, Selection
from assay.model.source import Span
from assay.report.as_json import FORMAT, answer_json, mutant_json
from assay.report.write import write_json

MUTANT = Mutant(
    id="m1",
    path="tax.py",
    unit="rate",
    scope="rate",
    operator="number",
    span=Span(3, 11, 3, 12),
    original="1",
    replacement="2",
    statement_line=3,
    lines=frozenset({3}),
)
VERDICT = Verdict(
    MUTANT, Status.KILLED, ("t.py::a",), "t.py::a", True, "AssertionError", 1, 0.12345
)

ANSWER = Answer(
    verb="impact",
    project="/p",
    compared="main",
    versions={"assay": "0.1.0"},
    collected=2,
    selection=Selection(
        (
            SelectedTest(
                "t.py::a",
                (Reason(ReasonKind.CODE_CHANGED, "tax.py::rate changed", ("fixture:::f",)),),
                0.123456,
            ),
        ),
        ("t.py::b",),
    ),
    results={
        "t.py::a": TestResult("t.py::a", TestOutcome.PASSED, 0.5, None),
        "t.py::c": TestResult(
            "t.py::c",
            TestOutcome.FAILED,
            0.5,
            Failure("call", "ValueError", "bad", by_assertion=False, excerpt="E bad"),
        ),
    },
    units=(
        UnitAnswer(
            path="tax.py",
            unit="rate",
            line=3,
            status=UnitStatus.MODIFIED,
            guard=Guard.GUARDED,
            touching=("t.py::a",),
            guarding=("t.py::a",),
            verdicts=(VERDICT,),
        ),
    ),
    verdicts=(VERDICT,),
    diffs={"m1": "the diff"},
    changed_tests=("t.py",),
    notices=("note",),
    inconclusive=(),
    flaky={"t.py::b": "fails"},
    interrupted=False,
    seconds={"collect": 0.123456},
    left={"logging": 2, "equal code": 1},
    changed_lines=(ChangedLines("tax.py", (3, 4), (4,)),),
    digests={("tax.py", "rate"): "d1"},
)

MUTANT_RECORD: dict[str, Any] = {
    "id": "m1",
    "path": "tax.py",
    "unit": "rate",
    "scope": "rate",
    "operator": "number",
    "kind": "function",
    "line": 3,
    "span": [3, 11, 3, 12],
    "original": "1",
    "replacement": "2",
    "diff": "the diff",
}

RECORD: dict[str, Any] = {
    "format": FORMAT,
    "verb": "impact",
    "plan": None,
    "partial": None,
    "reused": 0,
    "project": "/p",
    "compared": "main",
    "exit_code": 3,
    "interrupted": False,
    "versions": {"assay": "0.1.0"},
    "collected": 2,
    "selection": {
        "selected": [
            {
                "test": "t.py::a",
                "rank": 1,
                "because_rank": "code changed, 0.12 s",
                "seconds": 0.1235,
                "reasons": [
                    {
                        "kind": "code_changed",
                        "text": "tax.py::rate changed",
                        "chain": ["fixture:::f"],
                    }
                ],
            }
        ],
        "dropped": ["t.py::b"],
    },
    "tests": [
        {"test": "t.py::a", "outcome": "passed", "seconds": 0.5, "failure": None},
        {
            "test": "t.py::c",
            "outcome": "failed",
            "seconds": 0.5,
            "failure": {
                "phase": "call",
                "exception": "ValueError",
                "message": "bad",
                "excerpt": "E bad",
            },
        },
    ],
    "changed_tests": ["t.py"],
    "units": [
        {
            "path": "tax.py",
            "unit": "rate",
            "line": 3,
            "status": "modified",
            "guard": "guarded",
            "touching": ["t.py::a"],
            "guarding": ["t.py::a"],
            "mocking": [],
            "mutants": ["m1"],
        }
    ],
    "mutants": [
        {
            **MUTANT_RECORD,
            "status": "Killed",
            "covering": ["t.py::a"],
            "killer": "t.py::a",
            "by_assertion": True,
            "reason": "AssertionError",
            "tests_run": 1,
            "seconds": 0.1235,
            "reused": None,
            "digest": "d1",
            "accepted": None,
            "expired": None,
            "explanation": None,
        }
    ],
    "changed_lines": [{"path": "tax.py", "lines": [3, 4], "missed": [4]}],
    "lost": [],
    "left": {"equal code": 1, "logging": 2},
    "notices": ["note"],
    "inconclusive": [],
    "flaky": {"t.py::b": "fails"},
    "seconds": {"collect": 0.123},
}


def test_an_answer_is_recorded_with_every_field() -> None:
    assert answer_json(ANSWER, 3) == RECORD


def test_a_record_is_json() -> None:
    assert json.loads(json.dumps(answer_json(ANSWER, 3))) == RECORD


def test_a_mutant_without_a_verdict_has_its_place_and_its_diff() -> None:
    assert mutant_json(MUTANT, "the diff") == MUTANT_RECORD


# Files


def test_a_record_is_written_with_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "reports" / "impact.json"
    write_json(path, {"é": [1]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"é": [1]}
    assert [p.name for p in path.parent.iterdir()] == ["impact.json"]


def test_a_record_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "impact.json"
    write_json(path, {"long": "x" * 1000})
    write_json(path, {"short": 1})
    assert json.loads(path.read_text(encoding="utf-8")) == {"short": 1}


def test_a_record_that_cannot_be_made_leaves_the_one_before_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "impact.json"
    write_json(path, {"good": 1})
    with pytest.raises(TypeError):
        write_json(path, {"bad": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"good": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["impact.json"]


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(StateError, match="cannot write "):
        write_json(tmp_path / "reports" / "impact.json", {})
