"""A test that is content with any exception at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.change.walk import walk
from assay.model.finding import Confidence, Finding, Severity
from assay.weakness.detector import Detector, Example
from assay.weakness.facts import SuiteFacts, TestFunction
from assay.weakness.making import about, code, words
from assay.weakness.syntax import Assertion, last_name, own_expressions, statements

KIND = "broad-raises"

_CALLS = frozenset({"raises", "assertRaises"})
_BROAD = frozenset({"Exception", "BaseException"})


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    for test in facts.tests:
        if test.path in facts.stale:
            continue
        found = [
            (one, call)
            for one in statements(test.node)
            for call in _broad_calls(one.node)
            if facts.ran_line(test.path, one.first, one.last)
            and not _looked_at(test.node, one.node, call)
        ]
        if found:
            yield _finding(test, *found[0], count=len(found))


def _broad_calls(statement: ast.stmt) -> Iterator[ast.Call]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for node in own_expressions(statement):
        if isinstance(node, ast.Call) and last_name(node) in _CALLS and node.args:
            kinds = node.args[0]
            parts = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
            checked = {word.arg for word in node.keywords} & {"match", "check"}
            if _BROAD & {last_name(part) for part in parts} and not checked:
                yield node


def _looked_at(function: ast.AST, statement: ast.stmt, call: ast.Call) -> bool:
    """Whether the test goes on to look at the exception it was given."""
    names = set()
    if isinstance(statement, ast.With | ast.AsyncWith):
        names = {
            node.id
            for item in statement.items
            if item.context_expr is call and item.optional_vars is not None
            for node in walk(item.optional_vars)
            if isinstance(node, ast.Name)
        }
    elif isinstance(statement, ast.Assign):
        names = {node.id for node in walk(*statement.targets) if isinstance(node, ast.Name)}
    return any(
        isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)
        for node in walk(function)
    )


def _finding(test: TestFunction, one: Assertion, call: ast.Call, count: int) -> Finding:
    last = call.end_lineno or call.lineno
    seen = sorted(
        {
            raised.name
            for case in test.cases
            for raised in case.raised
            if raised.at[0] == test.path and one.first <= raised.at[1] <= _end(one)
        }
    )
    more = f", {count} times" if count > 1 else ""
    evidence = [code(test, "", call.lineno, last)]
    fix = "name the exception that is meant, or say what its text must match"
    if seen:
        evidence.append(words("raised when it ran", ", ".join(seen)))
    narrow = [name for name in seen if name not in _BROAD]
    if narrow:
        named = narrow[0] if len(narrow) == 1 else f"({', '.join(narrow)})"
        fix = f"`{ast.unparse(call.func)}({named})`"
    return about(
        test,
        KIND,
        f"`{test.unit}` is content with any exception{more}: a mistyped name passes too.",
        evidence,
        fix,
        (Confidence.CERTAIN, Severity.MEDIUM),
        ast.unparse(call),
    )


def _end(one: Assertion) -> int:
    return one.node.end_lineno or one.last


_SHOP = """\
def price(n):
    if n < 0:
        raise ValueError('less than nothing')
    return n * 3
"""

DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Broad raises: any exception will do",
    definition=(
        "A `pytest.raises` or `assertRaises` that ran names Exception or BaseException, has no "
        "`match` or `check`, and the test does not look at the exception afterwards."
    ),
    why="A misspelled name or a wrong number of arguments raises too, and the test passes.",
    confidence=Confidence.CERTAIN,
    confidence_because="the line says so; whether the breadth is meant, only people know.",
    guards=(
        "tests of which a case was skipped, failed, was expected to fail, or did not run",
        "contexts with `match` or `check`, and tests that use the caught exception afterwards",
    ),
    fix="name the exception; where the run saw one that is narrower, the fix names it.",
    find=_find,
    examples=(
        Example(
            "Broad, broad among others, and three that are not.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
from unittest import TestCase

import pytest

from shop import price


def test_anything():
    with pytest.raises(Exception):
        price(-1)


class TestPrice(TestCase):
    def test_anything(self):
        self.assertRaises((OSError, Exception), price, -1)


def test_narrow():
    with pytest.raises(ValueError):
        price(-1)


def test_matched():
    with pytest.raises(Exception, match='less than'):
        price(-1)


def test_looked_at():
    with pytest.raises(Exception) as caught:
        price(-1)
    assert 'less' in str(caught.value)
""",
            },
            ("test_shop.py::test_anything", "test_shop.py::TestPrice.test_anything"),
            (
                "test_shop.py::test_narrow",
                "test_shop.py::test_matched",
                "test_shop.py::test_looked_at",
            ),
        ),
    ),
)
