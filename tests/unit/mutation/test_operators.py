"""Every operator makes exactly what its examples say, and the table holds together."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from assay.change.semantics import read_source
from assay.errors import UsageError
from assay.mutation.apply import mutated_text
from assay.mutation.document import operators_page
from assay.mutation.find import find
from assay.mutation.mutmut_adapter import MUTMUT_OPERATORS
from assay.mutation.operators import table
from assay.mutation.operators.base import Operator
from assay.mutation.operators.table import ALL, ASSAY, EXTREME, chosen, operators_version
from assay.mutation.settings import Settings

EVERY = (*ALL, *EXTREME)
MAKES = [(one, before, after) for one in EVERY for before, after in one.makes.items()]
LEAVES = [(one, before) for one in EVERY for before in one.leaves]


def made_by(operator: Operator, code: str) -> list[str]:
    """All that one operator makes of a piece of code, without rules."""
    text = f"{code}\n"
    settings = Settings(operators=(operator,), rules=())
    mutants = find(read_source("a.py", text.encode()), text, settings).mutants
    return sorted(mutated_text(text, mutant).removesuffix("\n") for mutant in mutants)


@pytest.mark.parametrize(
    ("operator", "before", "after"), MAKES, ids=[f"{one.name}:{code}" for one, code, _ in MAKES]
)
def test_an_operator_makes_exactly(operator: Operator, before: str, after: tuple[str, ...]) -> None:
    assert made_by(operator, before) == sorted(after)


@pytest.mark.parametrize(
    ("operator", "code"), LEAVES, ids=[f"{one.name}:{code}" for one, code in LEAVES]
)
def test_an_operator_makes_nothing_of(operator: Operator, code: str) -> None:
    ast.parse(code)
    assert made_by(operator, code) == []


@pytest.mark.parametrize("operator", EVERY, ids=lambda operator: operator.name)
def test_an_operator_is_described_with_examples_of_both_sorts(operator: Operator) -> None:
    assert operator.does.endswith((".", ".)"))
    assert operator.why.endswith(".")
    assert operator.makes
    assert all(operator.makes.values())
    assert operator.leaves


def test_no_two_operators_have_one_name() -> None:
    names = [one.name for one in EVERY]
    assert len(set(names)) == len(names)
    assert not set(names) & set(table.GROUPS)


def test_operators_are_chosen_by_group_and_by_name_in_the_order_of_the_table() -> None:
    assert chosen("all") == ALL
    assert chosen("mutmut") == MUTMUT_OPERATORS
    assert chosen("assay") == ASSAY
    assert [one.name for one in chosen("call_removed, number,number")] == ["number", "call_removed"]
    assert [one.name for one in chosen("extreme_none")] == ["extreme_none"]
    assert chosen("all", only_extreme=True) == EXTREME


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ("numbers", "there is no operator numbers"),
        ("number,calls,ALL", "there is no operator calls or ALL"),
        (" , ", "no operator is named"),
    ],
)
def test_unknown_operators_are_told_with_those_that_are_known(asked: str, wrong: str) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(asked)
    assert caught.value.message.startswith(f"{wrong}: known are mutmut, assay, all, number, ")


def test_the_version_of_the_table_is_a_digest_of_its_sources(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = operators_version()
    assert len(before) == 12
    assert operators_version.__wrapped__() == before
    monkeypatch.setattr(table, "mutmut_version", lambda: "3.8.99")
    assert operators_version.__wrapped__() != before
    monkeypatch.undo()
    monkeypatch.setattr(table, "_PARTS", table._PARTS[1:])
    assert operators_version.__wrapped__() != before


def test_every_module_with_operators_is_in_the_version() -> None:
    room = Path(table.__file__).parent
    modules = {path.stem for path in room.glob("*.py")} - {"__init__", "table", "of_mutmut"}
    parts = {part.rpartition(".")[2] for part in table._PARTS if ".operators." in part}
    assert parts == modules


def test_the_page_of_operators_is_what_the_table_says() -> None:
    page = Path(__file__).parents[3] / "docs" / "operators.md"
    assert page.read_text(encoding="utf-8") == operators_page(), (
        "docs/operators.md is behind: run `make operators`"
    )
