"""Every rule leaves exactly what its examples say, and can be turned off."""

from __future__ import annotations

import pytest

from assay.change.semantics import read_source
from assay.mutation.apply import mutated_text
from assay.mutation.find import Found, find
from assay.mutation.names import RULE_NAMES
from assay.mutation.rules import RULES, Rule, rules_without
from assay.mutation.settings import Settings

LEAVES = [(rule, code) for rule in RULES for code in rule.leaves]
KEEPS = [(rule, code) for rule in RULES for code in rule.keeps]
SOME = [(rule, code, left) for rule in RULES for code, left in rule.some.items()]


def found(code: str, rules: tuple[Rule, ...]) -> Found:
    text = f"{code}\n"
    return find(read_source("a.py", text.encode()), text, Settings(rules=rules))


def left_by(rule: Rule, code: str) -> list[str]:
    return sorted(
        mutated_text(f"{code}\n", left.mutant).removesuffix("\n")
        for left in found(code, (rule,)).left
        if left.reason == rule.name
    )


@pytest.mark.parametrize(("rule", "code"), LEAVES, ids=[f"{r.name}:{code}" for r, code in LEAVES])
def test_a_rule_leaves_all_mutants_of(rule: Rule, code: str) -> None:
    assert found(code, ()).mutants
    assert found(code, (rule,)).mutants == ()
    assert left_by(rule, code)


@pytest.mark.parametrize(("rule", "code"), KEEPS, ids=[f"{r.name}:{code}" for r, code in KEEPS])
def test_a_rule_leaves_no_mutant_of(rule: Rule, code: str) -> None:
    assert found(code, (rule,)).mutants == found(code, ()).mutants != ()


@pytest.mark.parametrize(
    ("rule", "code", "left"), SOME, ids=[f"{r.name}:{code}" for r, code, _ in SOME]
)
def test_a_rule_leaves_exactly(rule: Rule, code: str, left: tuple[str, ...]) -> None:
    assert left_by(rule, code) == sorted(left)
    assert len(found(code, ()).mutants) > len(left)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_described_with_examples_of_both_sorts(rule: Rule) -> None:
    assert rule.does.endswith(".")
    assert rule.why.endswith(".")
    assert rule.leaves or rule.some
    assert rule.keeps


def test_settings_know_the_names_of_the_rules() -> None:
    assert tuple(rule.name for rule in RULES) == RULE_NAMES


def test_a_rule_that_is_kept_off_leaves_nothing() -> None:
    code = "def f():\n    'Does it.'\n    log.info(1)"
    assert found(code, RULES).mutants == ()
    kept = found(code, rules_without(["docstring"]))
    assert {mutant.operator for mutant in kept.mutants} == {"string"}
    assert {left.reason for left in kept.left} == {"logging"}


def test_what_is_left_keeps_its_id_when_the_rule_is_turned_off() -> None:
    code = "log.info(1)"
    left = {one.mutant.id for one in found(code, RULES).left}
    assert left == {mutant.id for mutant in found(code, ()).mutants}
