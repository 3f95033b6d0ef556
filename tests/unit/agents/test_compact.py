"""Answers for agents stay within their bounds, and say what they leave out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from assay.agents.compact import (
    NOTES,
    PATCH,
    PIECE,
    PIECES,
    SCHEMA,
    SHORT,
    WHOLE,
    agent_text,
    as_text,
    bounded,
    meaning,
    problem_of,
    refusal,
)
from assay.agents.readings import Item, Reading
from assay.agents.tools import ITEMS, MOST_ITEMS
from assay.errors import ExitCode

SMALL = Item("It is so.", "w1", "kind", "a.py:3")


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_what_is_empty_is_left_out() -> None:
    assert bounded("show", 0, Reading("One.", (SMALL,)), ITEMS) == {
        "verb": "show",
        "exit_code": 0,
        "meaning": meaning(0),
        "headline": "One.",
        "items": [{"id": "w1", "kind": "kind", "place": "a.py:3", "sentence": "It is so."}],
    }
    assert bounded("show", 0, Reading("None."), ITEMS)["items"] == []


def test_the_text_is_the_answer_as_json_with_an_item_a_line() -> None:
    told = bounded("show", 0, Reading("Two.", (SMALL, SMALL), ("note",)), ITEMS)
    assert json.loads(as_text(told)) == told
    assert sum(line.startswith("  {") for line in as_text(told).splitlines()) == 2


def test_items_over_the_limit_are_counted_and_the_way_to_them_is_told() -> None:
    told = bounded("impact", 0, Reading("Many.", (SMALL,) * 30), 4)
    assert len(told["items"]) == 4
    (cut,) = told["cut"]
    assert cut.startswith(f"26 of 30 items: a higher limit (at most {MOST_ITEMS}) shows more")
    assert len(bounded("impact", 0, Reading("Many.", (SMALL,) * 90), 90)["items"]) == MOST_ITEMS


def test_long_texts_are_shortened_and_said_to_be() -> None:
    item = Item("s" * 900, "i" * 900, evidence=("e" * 900,) * 12, fix="f" * 900)
    told = bounded("impact", 0, Reading("h" * 900, (item,), ("n",) * 20), ITEMS)
    (shown,) = told["items"]
    assert shown["sentence"] == "s" * (SHORT - 1) + "…"
    assert len(shown["evidence"]) == PIECES + 1
    assert len(shown["evidence"][0]) == PIECE
    assert shown["evidence"][-1] == f"and {12 - PIECES} more"
    assert len(told["notes"]) == NOTES
    assert told["cut"] == [
        f"{20 - NOTES} of 20 notes",
        "12 texts are shortened where they end in …",
    ]


def test_a_patch_is_shown_whole_or_not_at_all() -> None:
    whole = replace(SMALL, patch="+" * PATCH)
    (shown,) = bounded("show", 0, Reading("", (whole,)), ITEMS)["items"]
    assert shown["patch"] == whole.patch
    (shown,) = bounded("show", 0, Reading("", (replace(whole, patch="+" * 9000),)), ITEMS)["items"]
    assert "patch" not in shown
    assert shown["evidence"] == ["a patch of 9000 characters, too long for this answer"]


@pytest.mark.parametrize("character", ["x", "\0", "é", '"'])
def test_the_whole_answer_is_bounded_whatever_is_in_it(character: str) -> None:
    text = character * 5000
    item = Item(text, text, text, text, (text,) * 20, text, text[:PATCH], text)
    told = bounded("impact", 0, Reading(text, (item,) * 90, (text,) * 90), 90)
    assert len(as_text(told)) <= WHOLE
    assert "items: a higher limit" in told["cut"][0]
    Draft202012Validator(SCHEMA).validate(told)


def test_a_name_that_is_no_text_can_be_sent() -> None:
    told = bounded("impact", 0, Reading("", (Item("\udcff.py", patch="\udcff"),)), ITEMS)
    assert as_text(told).encode("utf-8")


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_has_a_meaning(code: ExitCode) -> None:
    assert meaning(code)


def test_other_exit_codes_are_said_to_be_such() -> None:
    assert meaning(-9) == "ended by signal 9"
    assert meaning(77) == "exit code 77"


def test_a_refusal_is_an_answer_without_items() -> None:
    told = refusal("impact", ExitCode.NOTHING, "nothing changed", ("detail",))
    Draft202012Validator(SCHEMA).validate(told)
    assert (told["headline"], told["items"], told["notes"]) == ("nothing changed", [], ["detail"])


def test_what_a_verb_prints_that_is_no_json_stays() -> None:
    assert agent_text("show", "--- a/x\n+++ b/x\n", 0, False) == "--- a/x\n+++ b/x\n"


def test_all_shows_as_many_items_as_there_may_be() -> None:
    rows = json.dumps({"rows": [{"sentence": "x"}] * 80})
    assert len(json.loads(agent_text("new", rows, 0, False))["items"]) == ITEMS
    assert len(json.loads(agent_text("new", rows, 0, True))["items"]) == MOST_ITEMS


def test_the_problem_is_the_line_of_assay_and_what_is_indented_beneath() -> None:
    errors = "running tests: 3\nassay: it fails\n    test_a.py\nmore\n"
    assert problem_of(errors) == ("it fails", ("test_a.py",))
    assert problem_of("Segmentation fault\n") == ("", ())
