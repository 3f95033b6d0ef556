"""What the records about failing tests and seams come to."""

from __future__ import annotations

from typing import Any

from assay.agents.failures import (
    of_diagnosis,
    of_flakiness,
    of_integration,
    of_isolation,
    of_verification,
)
from assay.agents.readings import Item

MATCH = {
    "cause": "signature-changed",
    "certainty": "complete",
    "sentence": "cart.py:5 calls shipping in the old way",
    "proofs": [{"label": "call", "text": "shipping(3)", "place": "cart.py:5", "side": "head"}],
    "signs": [],
    "sites": [{"path": "cart.py", "line": 5}],
    "fix": "pass a country",
}
VERDICT = {
    "fault": "code",
    "rule": "the sources alone make it fail",
    "signs": [{"fault": "code", "words": "cart.py has the old form", "place": ""}],
}


def failing(test: str, category: str = "new failure") -> dict[str, Any]:
    raised = {"type": "KeyError", "message": "'x'", "frames": [{"path": "a.py", "line": 2}]}
    return {
        "test": test,
        "category": category,
        "words": "",
        "evidence": [{"phase": "call", "chain": [raised]}],
    }


def group(*tests: str, **more: Any) -> dict[str, Any]:
    return {
        "cause": "signature-changed",
        "title": "a title",
        "tests": list(tests),
        "patch": None,
        "matches": [MATCH],
        "verdict": VERDICT,
        **more,
    }


def diagnosis(**more: Any) -> dict[str, Any]:
    return {
        "compared": "a with b",
        "groups": [],
        "failing": [],
        "others": [],
        "notices": [],
        **more,
    }


def test_a_group_of_failures_is_an_item_with_cause_fault_and_rule() -> None:
    record = diagnosis(groups=[group("t1", "t2")], failing=[failing("t1"), failing("t2")])
    read = of_diagnosis(record)
    assert read.headline == (
        "2 failing tests: 2 new failure; 1 group, the one to mend first at the top. "
        "Compared: a with b."
    )
    assert read.items == (
        Item(
            "cart.py:5 calls shipping in the old way",
            "1",
            "signature-changed, fault: code",
            "cart.py:5",
            (
                "2 tests: t1, t2",
                "verdict code: the sources alone make it fail",
                "sign of code: cart.py has the old form",
                "head call cart.py:5: shipping(3)",
            ),
            "pass a country",
        ),
    )


def test_other_causes_are_told_and_only_a_patch_that_holds_is_shown() -> None:
    good = {"words": "w", "text": "--- a\n", "verified": True, "outcome": "passes"}
    other = {**MATCH, "cause": "value-changed", "certainty": "partial", "sentence": "or so"}
    record = diagnosis(
        groups=[
            group("t1", patch=good, matches=[MATCH, other]),
            group("t2", patch={**good, "verified": False}),
        ]
    )
    first, second = of_diagnosis(record).items
    assert (first.patch, first.next) == ("--- a\n", "assay diagnose --patch 1")
    assert first.evidence[-1] == "also value-changed (partial): or so"
    assert (second.patch, second.next) == ("", "")


def test_without_a_cause_the_exception_is_the_evidence_and_nothing_is_decided() -> None:
    unknown = group("t1", cause=None, matches=[], verdict=None)
    (item,) = of_diagnosis(diagnosis(groups=[unknown], failing=[failing("t1")])).items
    assert item.kind == "no known cause, fault: undecided"
    assert item.sentence == "a title"
    assert item.evidence == ("1 test: t1", "KeyError in call at a.py:2: 'x'")


def test_failures_in_no_group_and_other_changes_are_told_too() -> None:
    record = diagnosis(
        failing=[failing("t3", "known failure")],
        others=[failing("t4", "vanished"), failing("t5", "vanished")],
        notices=["slow"],
    )
    read = of_diagnosis(record)
    (item,) = read.items
    assert (item.id, item.kind, item.sentence) == ("t3", "known failure", "known failure")
    assert read.notes == ("2 tests are vanished.", "slow")


def test_a_verification_lists_its_objections() -> None:
    read = of_verification(
        {
            "holds": False,
            "wanted": ["t1", "t2"],
            "fixed": ["t1"],
            "objections": [{"trouble": "not fixed", "test": "t2", "words": "failed"}],
            "ran": 9,
            "orders": ["suite order", "reverse order"],
            "notices": [],
        }
    )
    assert read.headline == (
        "Not verified: 1 of 2 failures mended, 1 objection. "
        "9 tests ran in suite order and reverse order."
    )
    assert read.items == (Item("failed", "t2", "not fixed"),)


def test_an_isolated_test_comes_with_its_polluters_and_what_leaks() -> None:
    place = {"path": "test_a.py", "line": 3}
    leak = {
        "kind": "module global",
        "name": "state.SETTINGS",
        "before": "'USD'",
        "after": "'EUR'",
        "writer": "t1",
        "line": None,
        "test_line": place,
        "fix": "use monkeypatch.setitem",
    }
    read = of_isolation(
        {
            "test": "t9",
            "dependence": "victim",
            "alone": ["passed", "passed"],
            "together": "failed",
            "causes": ["t1"],
            "leaks": [leak],
            "cleaners": ["t2"],
            "command": "pytest t1 t9",
            "failure": {"exception": "AssertionError", "message": "no"},
            "notices": [],
            "interrupted": True,
        }
    )
    assert read.headline == (
        "t9: victim. Alone: passed, passed; together: failed. Caused by 1 test."
    )
    cause, left = read.items
    assert (cause.id, cause.next) == ("t1", "pytest t1 t9")
    assert (left.place, left.evidence) == ("test_a.py:3", ("before: 'USD'; after: 'EUR'",))
    assert read.notes == (
        "It fails by AssertionError: no",
        "Tests that undo it: t2.",
        "Interrupted: not all was tried.",
    )


def test_a_flaky_test_comes_with_its_rate_and_how_it_fails_and_passes() -> None:
    varying = {
        "test": "t1",
        "axes": ["hash seed"],
        "failures": 3,
        "runs": 10,
        "low": 0.11,
        "high": 0.6,
        "failing": ["PYTHONHASHSEED=3 pytest t1", "x"],
        "passing": [],
        "message": "AssertionError",
    }
    read = of_flakiness(
        {
            "tests": 4,
            "seed": 0,
            "varying": [varying],
            "failing": ["t2"],
            "notices": [],
            "interrupted": False,
        }
    )
    assert read.headline == "1 of 4 tests do not always end alike (seed 0); 1 always fail."
    assert read.items == (
        Item(
            "It failed in 3 of 10 runs: AssertionError",
            "t1",
            "hash seed",
            evidence=("rate from 11% to 60%", "fails: PYTHONHASHSEED=3 pytest t1"),
            next="assay isolate t1",
        ),
    )


def test_a_seam_comes_as_its_card() -> None:
    card = {
        "kind": "mocked seam",
        "sentence": "Only mocks go through.",
        "path": "cart.py",
        "line": 5,
        "callee": {"path": "order.py", "unit": "shipping"},
        "evidence": [{"label": "tests", "text": "t1"}],
        "fix": "one test without the mock",
    }
    read = of_integration(
        {
            "modules": 3,
            "counts": {"real": 2, "mocked": 1},
            "seams": [{}, {}, {}],
            "drifts": [],
            "cards": [card],
            "left_out": {"skipped": 1},
            "notices": [],
            "interrupted": False,
        }
    )
    assert read.headline == (
        "3 seams between 3 modules: 2 real, 1 mocked; 0 mocks drifted from the real thing."
    )
    assert read.items[0].place == "cart.py:5"
    assert read.items[0].id == "order.py::shipping"
    assert read.notes == ("Left out: 1 (skipped).",)
