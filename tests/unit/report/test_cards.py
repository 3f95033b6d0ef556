"""Weaknesses for people and for programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from schema_checks import check_sarif

from assay.commands.weaknesses import account_of
from assay.errors import ExitCode
from assay.model.accepted import Acceptance, Stance, Standing
from assay.model.finding import Anchor, Confidence, Evidence, Finding, Severity
from assay.report.cards import Weaknesses, weaknesses_text
from assay.report.outputs import rendered
from assay.report.sarif import sarif_log
from assay.report.weaknesses_json import weaknesses_json

FINDING = Finding(
    id="w1",
    kind="rotten-green",
    level=0,
    anchor=Anchor("test_a.py", "test_a", 3, "d1"),
    tests=("test_a.py::test_a",),
    sentence="`test_a` has an assertion that never ran.",
    evidence=(Evidence("line 5", "if x:\n    assert y", "python"), Evidence("by", "itself")),
    fix="make it run",
    confidence=Confidence.LIKELY,
    severity=Severity.HIGH,
)

FOUND = Weaknesses(
    project="/p",
    level=0,
    paths=("tests",),
    kinds=(),
    findings=(FINDING,),
    collected=9,
    looked_at=6,
    left_out={"failed": 1, "skipped": 2},
    notices=("a notice",),
)


def test_a_card_has_sentence_place_evidence_confidence_and_fix() -> None:
    assert weaknesses_text(FOUND, everything=False) == (
        "1 finding (rotten-green 1); 6 of 9 tests looked at.\n"
        "Nothing is said of 3 tests: failed 1, skipped 2.\n"
        "\n"
        "`test_a` has an assertion that never ran.\n"
        "  test_a.py:3  rotten-green  w1\n"
        "  line 5:\n"
        "      if x:\n"
        "          assert y\n"
        "  by: itself\n"
        "  Confidence: likely. Severity: high.\n"
        "  Fix: make it run.\n"
        "\n"
        "a notice\n"
    )


def test_nothing_found_is_said_with_how_many_tests_were_looked_at() -> None:
    found = replace(FOUND, findings=(), left_out={}, notices=())
    assert weaknesses_text(found, everything=False) == (
        "No weakness found; 6 of 9 tests looked at.\n"
    )


def test_ten_cards_are_shown_and_the_rest_counted() -> None:
    found = replace(FOUND, findings=(FINDING,) * 12)
    shown = weaknesses_text(found, everything=False)
    assert shown.count(FINDING.sentence) == 10
    assert "… and 2 more findings: --all shows them all." in shown
    assert weaknesses_text(found, everything=True).count(FINDING.sentence) == 12


DAY = date(2026, 11, 1)
HINT = replace(FINDING, id="w2", sentence="A hint.", confidence=Confidence.HINT)


def test_hints_are_counted_and_shown_only_if_all_is_asked_for() -> None:
    found = replace(FOUND, findings=(FINDING, HINT), left_out={}, notices=())
    shown = weaknesses_text(found, everything=False)
    assert shown.splitlines()[0] == (
        "1 finding (rotten-green 1) and 1 hint (rotten-green 1); 6 of 9 tests looked at."
    )
    assert "… and 1 hint: --all shows them all." in shown
    assert "A hint." not in shown
    assert "A hint." in weaknesses_text(found, everything=True)


def test_hints_alone_are_no_weakness_found() -> None:
    found = replace(FOUND, findings=(HINT,), left_out={}, notices=())
    assert weaknesses_text(found, everything=False) == (
        "No weakness found, 1 hint (rotten-green 1); 6 of 9 tests looked at.\n\n"
        "… and 1 hint: --all shows them all.\n"
    )


def test_what_is_accepted_is_shown_as_such_and_not_counted() -> None:
    said = Acceptance(
        "w1", "rotten-green", "test_a.py", "test_a", "d1", Stance.ACCEPTED, "it is slow", "", DAY
    )
    standing = Standing({"w1": said}, {})
    found = replace(FOUND, left_out={}, notices=(), accepted=standing)
    assert weaknesses_text(found, everything=False) == (
        "No weakness found; 1 accepted; 6 of 9 tests looked at.\n\n"
        "`test_a` has an assertion that never ran. [rotten-green] w1: accepted: it is slow\n"
    )


def test_a_run_that_was_cut_short_reports_nothing() -> None:
    found = replace(FOUND, findings=(), left_out={}, notices=(), interrupted=True)
    assert weaknesses_text(found, everything=False) == (
        "Interrupted: nothing is reported of a run that was cut short.\n"
    )


def test_the_record_has_every_field() -> None:
    record = weaknesses_json(FOUND, 0)
    assert record["findings"] == [
        {
            "id": "w1",
            "kind": "rotten-green",
            "level": 0,
            "path": "test_a.py",
            "unit": "test_a",
            "line": 3,
            "digest": "d1",
            "tests": ["test_a.py::test_a"],
            "sentence": "`test_a` has an assertion that never ran.",
            "evidence": [
                {"label": "line 5", "text": "if x:\n    assert y", "language": "python"},
                {"label": "by", "text": "itself", "language": ""},
            ],
            "fix": "make it run",
            "patch": "",
            "confidence": "likely",
            "severity": "high",
        }
    ]
    del record["findings"]
    assert record == {
        "format": 1,
        "verb": "weaknesses",
        "project": "/p",
        "level": 0,
        "paths": ["tests"],
        "kinds": [],
        "exit_code": 0,
        "interrupted": False,
        "collected": 9,
        "looked_at": 6,
        "left_out": {"failed": 1, "skipped": 2},
        "notices": ["a notice"],
        "inconclusive": [],
    }


def test_the_formats_of_code_hosts_tell_of_findings_with_their_places() -> None:
    account = account_of(replace(FOUND, findings=(FINDING, HINT)), ExitCode.CLEAN)
    log = sarif_log(account)
    check_sarif(log)
    results = log["runs"][0]["results"]
    assert [(one["ruleId"], one["level"]) for one in results] == [
        ("rotten-green", "warning"),
        ("rotten-green", "note"),
    ]
    assert rendered("markdown", account).splitlines()[2] == (
        "### 1 finding (rotten-green 1) and 1 hint (rotten-green 1); 6 of 9 tests looked at."
    )
    assert "::warning file=test_a.py,line=3," in rendered("annotations", account)
