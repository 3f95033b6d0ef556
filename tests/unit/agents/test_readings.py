"""What the record of each verb comes to."""

from __future__ import annotations

from typing import Any

from assay.agents.readings import (
    Item,
    of_answer,
    of_any,
    of_gate,
    of_mutant,
    of_mutate,
    of_selection,
    of_weaknesses,
    of_why,
)

PROPOSAL = {
    "path": "test_tax.py",
    "line": 4,
    "code": "assert result == 3",
    "patch": "--- a/t\n",
    "clean_runs": 5,
}
EXPLAINED = {
    "sentence": "Unchecked: it reaches test_rate",
    "given": [["income", "7"]],
    "what": "result",
    "before": "3",
    "after": "4",
    "proposal": PROPOSAL,
    "advice": "",
}


def mutant(identity: str = "m1", status: str = "Survived", **more: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "path": "tax.py",
        "unit": "rate",
        "line": 3,
        "operator": "number",
        "original": "1",
        "replacement": "2",
        "diff": "-1\n+2\n",
        "status": status,
        "covering": ["test_tax.py::test_rate"],
        "killer": "",
        "by_assertion": False,
        "reason": "",
        "accepted": None,
        "explanation": None,
        **more,
    }


def answer(**more: Any) -> dict[str, Any]:
    return {
        "verb": "impact",
        "compared": "a with b",
        "collected": 5,
        "interrupted": False,
        "selection": {"selected": [{}, {}], "dropped": []},
        "tests": [],
        "units": [],
        "mutants": [],
        "lost": [],
        "findings": [],
        "notices": [],
        "inconclusive": [],
        "flaky": {},
        "partial": None,
        **more,
    }


def finding(kind: str = "dead-name", **more: Any) -> dict[str, Any]:
    return {
        "id": "w1",
        "kind": kind,
        "path": "test_tax.py",
        "line": 9,
        "sentence": "It guards nothing.",
        "evidence": [{"label": "code", "text": "pass", "language": "python"}],
        "fix": "assert something",
        "patch": "",
        **more,
    }


def unit(guard: str, **more: Any) -> dict[str, Any]:
    lists: dict[str, list[str]] = {"touching": [], "guarding": [], "mocking": []}
    return {"path": "tax.py", "unit": "rate", "line": 2, "guard": guard, **lists, **more}


def result(outcome: str, failure: dict[str, str] | None = None) -> dict[str, Any]:
    return {"test": "test_tax.py::test_a[x y]", "outcome": outcome, "failure": failure}


def test_the_headline_counts_units_tests_and_mutants() -> None:
    read = of_answer(
        answer(
            units=[unit("guarded"), unit("untouched"), unit("guarded")],
            tests=[result("passed"), result("failed"), result("passed")],
            mutants=[mutant(), mutant(status="Killed")],
        )
    )
    assert read.headline == (
        "3 units changed: 2 guarded, 1 untouched. Compared: a with b. "
        "2 of 5 tests selected: 2 passed, 1 failed. 2 mutants: 1 Survived, 1 Killed."
    )


def test_a_part_and_an_interruption_are_said() -> None:
    partial = {"mutants": 90, "chosen": 20, "not_reached": 5}
    read = of_answer(answer(verb="mutate", partial=partial, interrupted=True))
    assert read.headline == (
        "Compared: a with b. Partial: 15 of 90 mutants. "
        "Interrupted: the same call goes on from here."
    )


def test_failing_tests_come_first_then_lost_guards_survivors_units_and_findings() -> None:
    failure = {
        "exception": "KeyError",
        "phase": "call",
        "message": "'x'",
        "excerpt": "\n".join(str(number) for number in range(50)),
    }
    read = of_answer(
        answer(
            tests=[result("failed", failure), result("passed"), result("crashed")],
            lost=[finding("guard-lost")],
            mutants=[
                mutant("m1"),
                mutant("m2", explanation=EXPLAINED),
                mutant("m3", "NoCoverage", line=8),
                mutant("m4", "NoCoverage", line=7),
                mutant("m5", "Killed"),
            ],
            units=[unit("touched only", touching=["t"]), unit("guarded"), unit("only mocked")],
            findings=[finding()],
        )
    )
    assert [item.kind for item in read.items] == [
        "test failed",
        "test crashed",
        "guard-lost",
        "survivor",
        "survivor",
        "touched only",
        "only mocked",
        "not covered",
        "dead-name",
    ]
    failed = read.items[0]
    assert failed.sentence == "KeyError in call: 'x'"
    assert failed.evidence[0].splitlines()[-1] == "49"
    assert failed.next == "assay diagnose"
    assert [item.id for item in read.items[3:5]] == ["m2", "m1"]
    assert read.items[-2].sentence == "No test runs line 7, 8 of rate."
    assert read.items[-2].place == "tax.py:7"


def test_what_is_accepted_is_left_out() -> None:
    accepted = {"as": "accepted"}
    record = answer(mutants=[mutant(accepted=accepted)], findings=[finding(accepted=accepted)])
    assert of_answer(record).items == ()


def test_a_survivor_comes_with_values_and_the_verified_assertion() -> None:
    (item,) = of_answer(answer(mutants=[mutant(explanation=EXPLAINED)])).items
    assert item == Item(
        "No test notices it when rate has `2` in place of `1`.",
        "m1",
        "survivor",
        "tax.py:3",
        ("Unchecked: it reaches test_rate.", "result: 3; mutated: 4", "given income=7"),
        "Add at test_tax.py:4: assert result == 3 (passed 5 clean runs, fails with the mutant)",
        next="assay show m1",
    )


def test_a_survivor_without_an_assertion_has_the_advice() -> None:
    told = {**EXPLAINED, "proposal": None, "advice": "try 50"}
    (item,) = of_answer(answer(mutants=[mutant(replacement="", explanation=told)])).items
    assert item.fix == "try 50"
    assert item.sentence == "No test notices it when rate has `1` taken away."


def test_a_gate_begins_with_its_refusals() -> None:
    refusal = {"rule": "max-survivors", "sentence": "2 survivors", "items": ["m1"], "next": "mend"}
    gate = {
        "passed": False,
        "policy": {"name": "strict"},
        "refusals": [refusal],
        "remarks": ["no baseline"],
    }
    read = of_gate(answer(verb="gate", gate=gate, mutants=[mutant()], inconclusive=["broken"]))
    assert read.headline.startswith("Gate refused by the policy strict. 0 units changed.")
    assert read.items[0] == Item("2 survivors", kind="max-survivors", evidence=("m1",), fix="mend")
    assert read.items[1].kind == "survivor"
    assert read.notes == ("no baseline", "Not conclusive: broken")


def test_a_list_of_mutants_has_no_verdicts() -> None:
    read = of_mutate({"format": 1, "mutants": [mutant(), mutant("m2")], "left": [{}]})
    assert read.headline == "2 mutants."
    assert read.items[0] == Item("`2` in place of `1`", "m1", "number", "tax.py:3")
    assert read.notes == ("1 are not run.",)


def test_a_shown_mutant_has_its_diff_and_the_patch() -> None:
    (item,) = of_mutant(mutant(explanation=EXPLAINED)).items
    assert item.evidence[0] == "-1\n+2\n"
    assert item.evidence[-1] == "covered by test_tax.py::test_rate"
    assert item.patch == PROPOSAL["patch"]
    read = of_mutant(mutant(status="Killed", killer="test_a", by_assertion=True, reason="1 != 2"))
    assert read.headline == "m1 Killed: tax.py:3 rate."
    assert read.items[0].sentence == "Killed by test_a (an assertion): 1 != 2."


def test_a_selected_test_comes_with_its_first_reason() -> None:
    reason = {"kind": "code_changed", "text": "rate changed", "chain": ["test:a", "module:b"]}
    selected = [{"test": "test_a", "reasons": [reason]}]
    read = of_selection({"compared": "a with b", "selected": selected, "dropped": ["t"]})
    assert read.headline == "1 of 2 tests can be affected. Compared: a with b."
    assert read.items == (
        Item("rate changed", "test_a", "code_changed", evidence=("test:a <- module:b",)),
    )


def test_why_of_a_test_groups_what_it_ran_by_file() -> None:
    read = of_why(
        {
            "test": "test_a",
            "outcome": "passed",
            "units": ["a.py::f", "b.py::g", "a.py::h"],
            "through": {"fixture:x": ["c.py::i"], "collect:y": []},
            "files": ["d.csv"],
            "opaque": ["starts processes"],
            "compared": "a with b",
            "selected": True,
            "reasons": ["f changed"],
        }
    )
    assert read.headline == "test_a is selected (a with b): f changed."
    assert [(item.kind, item.sentence) for item in read.items] == [
        ("code", "ran f, h"),
        ("code", "ran g"),
        ("through", "uses it, and by it c.py::i"),
        ("file", "read while it ran"),
    ]
    assert "It depends on anything: it starts processes." in read.notes


def test_why_of_a_line_lists_the_tests_nearest_first() -> None:
    read = of_why(
        {
            "path": "a.py",
            "line": 3,
            "unit": "f",
            "stale": True,
            "ran_the_line": ["t1"],
            "ran_the_unit": ["t2"],
            "through": {"t3": ["fixture:x", "module:a"]},
        }
    )
    assert [item.id for item in read.items] == ["t1", "t2", "t3"]
    assert read.items[2].sentence == "depends on it through fixture:x <- module:a"
    assert read.notes == ("The file changed since the map was recorded.",)


def test_weaknesses_are_counted_by_kind() -> None:
    read = of_weaknesses(
        {
            "level": 0,
            "looked_at": 4,
            "collected": 5,
            "left_out": {"skipped": 1},
            "findings": [finding(), finding()],
            "notices": [],
            "inconclusive": [],
        }
    )
    assert read.headline == "2 findings at level 0 about 4 of 5 tests: 2 dead-name."
    assert read.items[0].evidence == ("code: pass",)
    assert read.notes == ("Left out: 1 (skipped).",)


def test_any_record_is_read_by_the_names_of_its_fields() -> None:
    read = of_any(
        {
            "format": 1,
            "headline": "2 failures, 1 cause.",
            "failures": [
                {
                    "test": "test_a",
                    "category": "new failure",
                    "message": "KeyError",
                    "path": "a.py",
                    "line": 4,
                    "evidence": ["seen", {"label": "base", "text": "3"}],
                    "advice": "rename it",
                    "patch": "--- a\n",
                }
            ],
            "seams": [{"where": "a -> b"}],
            "numbers": [1, 2],
            "notices": ["slow"],
        }
    )
    assert read.headline == "2 failures, 1 cause."
    assert read.items == (
        Item(
            "KeyError",
            "test_a",
            "new failure",
            "a.py:4",
            ("seen", "base: 3"),
            "rename it",
            "--- a\n",
        ),
        Item("a -> b", kind="seams", place="a -> b"),
    )
    assert read.notes == ("slow",)


def test_a_record_of_nothing_is_one() -> None:
    assert of_any({"format": 1, "failures": []}).headline == "Nothing found."
    assert of_any([{"verb": "gate"}, {"verb": "impact"}]).headline == "2 rows"
    assert of_any(None).items == ()
