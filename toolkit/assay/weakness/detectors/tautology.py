"""An assertion that cannot fail, or that is none: tuples, constants, bare comparisons."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.change.digest import digest
from assay.change.walk import walk
from assay.model.finding import Confidence, Finding, Severity
from assay.weakness.detector import Detector, Example
from assay.weakness.facts import SuiteFacts, TestFunction
from assay.weakness.making import about, code
from assay.weakness.syntax import CONTEXTS, Assertion, is_false, last_name, statements

KIND = "tautology"

_MOCK_ASSERTIONS = frozenset(
    """
    assert_called assert_called_once assert_called_with assert_called_once_with assert_any_call
    assert_has_calls assert_not_called assert_awaited assert_awaited_once assert_not_awaited
    """.split()
)
_MOCK_SLIPS = frozenset(
    "called_with called_once_with called_once not_called has_calls any_call awaited_once".split()
)
_SAME = "both sides are the same"
_ABOUT_EQUALITY = re.compile(r"eq|same|ident|hash|reflex|nan|compar|order|cmp|is_", re.IGNORECASE)
_NEVER_RAISES = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Load, ast.Tuple)


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    for test in facts.tests:
        if test.path in facts.stale:
            continue
        found = [
            (one, words, sure)
            for one in statements(test.node)
            for words, sure in [_inert(test, one)]
            if words
            and not (words == _SAME and not sure and _compares(test, one.node))
            and facts.ran_line(test.path, one.first, one.last)
        ]
        if found:
            yield _finding(test, found)


def _compares(test: TestFunction, statement: ast.stmt) -> bool:
    """Whether the test compares the same thing with another too: then it is about equality."""
    assert isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Compare)
    mine = digest(statement.test.left)
    return any(
        mine in {digest(side) for side in sides} and len({digest(side) for side in sides}) > 1
        for node in walk(test.node)
        if isinstance(node, ast.Compare)
        for sides in [[node.left, *node.comparators]]
    )


def _inert(test: TestFunction, one: Assertion) -> tuple[str, bool]:
    """Why a statement checks nothing ("": it does), and whether that is certain."""
    if isinstance(one.node, ast.Assert):
        return _always_true(one.node.test, test.node.name)
    if isinstance(one.node, ast.Expr) and not _expects_trouble(one):
        return _statement(one.node.value)
    return "", False


def _always_true(node: ast.expr, name: str) -> tuple[str, bool]:
    if isinstance(node, ast.Tuple) and node.elts:
        return "a tuple that is not empty is always true: the brackets take in the message", True
    if isinstance(node, ast.Constant | ast.JoinedStr) and not is_false(node):
        return "a constant is always true", True
    if isinstance(node, ast.Lambda | ast.GeneratorExp):
        return "a function or generator is always true: it is not called", True
    if isinstance(node, ast.List | ast.Dict | ast.Set) and (
        node.keys if isinstance(node, ast.Dict) else node.elts
    ):
        return "a display that is not empty is always true", True
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and is_false(node.operand):
        return "it is always true", True
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        sure = [value for value in node.values if _always_true(value, name)[1]]
        return (f"`or {ast.unparse(sure[0])}` is always true", True) if sure else ("", False)
    if isinstance(node, ast.Attribute) and node.attr in _MOCK_ASSERTIONS:
        return f"`.{node.attr}` is a method, and is not called", True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in _MOCK_SLIPS:
            return f"`.{node.func.attr}()` asserts nothing: a mock answers with another mock", False
        return "", False
    return _comparison(node, name) if isinstance(node, ast.Compare) else ("", False)


def _comparison(node: ast.Compare, name: str) -> tuple[str, bool]:
    if len(node.ops) != 1:
        return "", False
    left, operator, right = node.left, node.ops[0], node.comparators[0]
    simple = all(isinstance(part, _NEVER_RAISES) for part in walk(left))
    if isinstance(operator, ast.Eq | ast.Is | ast.LtE | ast.GtE) and simple:
        constant = all(isinstance(side, ast.Constant) for side in (left, right))
        if digest(left) == digest(right) and (constant or not _ABOUT_EQUALITY.search(name)):
            return _SAME, constant
    is_length = isinstance(left, ast.Call) and last_name(left) == "len"
    is_zero = isinstance(right, ast.Constant) and right.value == 0
    if is_length and is_zero and isinstance(operator, ast.GtE):
        return "no length is below 0", True
    return "", False


def _statement(value: ast.expr) -> tuple[str, bool]:
    """An expression that stands alone, where an assertion was meant."""
    if isinstance(value, ast.Compare) and isinstance(
        value.ops[0], ast.Eq | ast.NotEq | ast.Is | ast.IsNot | ast.In | ast.NotIn
    ):
        return "a comparison that stands alone is thrown away: `assert` is missing", True
    if isinstance(value, ast.Attribute) and value.attr in _MOCK_ASSERTIONS:
        return f"`.{value.attr}` is a method, and is not called", True
    return "", False


def _expects_trouble(one: Assertion) -> bool:
    """Whether the statement may be there to raise or warn, or for coverage of an operator."""
    for parent in one.parents:
        if isinstance(parent, ast.With | ast.AsyncWith):
            names = {last_name(item.context_expr) for item in parent.items}
            if names & {*CONTEXTS, "suppress", "catch_warnings"} or any(
                name.startswith(("assert", "record", "check", "raise")) for name in names
            ):
                return True
        if isinstance(parent, ast.Try | ast.Lambda):
            return True
        if isinstance(parent, ast.FunctionDef) and parent is not one.parents[0]:
            return True
    return False


def _finding(test: TestFunction, found: list[tuple[Assertion, str, bool]]) -> Finding:
    first, reason, sure = found[0]
    more = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
    return about(
        test,
        KIND,
        f"`{test.unit}` has an assertion that cannot fail{more}: {reason}.",
        [code(test, "", one.first, one.last) for one, _, _ in found[:3]],
        _fix(first.node),
        (Confidence.CERTAIN if sure else Confidence.LIKELY, Severity.HIGH),
        ast.unparse(first.node),
    )


def _fix(node: ast.stmt) -> str:
    if isinstance(node, ast.Assert) and isinstance(node.test, ast.Tuple):
        return f"take the brackets away: `assert {', '.join(map(ast.unparse, node.test.elts))}`"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Compare):
        return f"`assert {ast.unparse(node.value)}`"
    if isinstance(node, ast.Expr):
        return f"call it: `{ast.unparse(node.value)}(…)`"
    return "assert something that the code under test decides"


_SHOP = """\
def price(n):
    return n * 3
"""

DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Tautology: an assertion that cannot fail",
    definition=(
        "A line that ran in a test asserts a tuple, a constant, another literal that is always "
        "true, a function that is not called, something that equals itself; is a mock's assertion "
        "without the call or without `assert_`; or is a comparison that stands alone."
    ),
    why="It reads as a check and is none.",
    confidence=Confidence.CERTAIN,
    confidence_because=(
        "the form decides it; likely for `x == x` with a name, which runs the `__eq__` of `x`, and "
        "for `called_with()`, which might be a method of something that is no mock."
    ),
    guards=(
        "tests of which a case was skipped, failed, was expected to fail, or did not run",
        (
            "`x == x` in tests whose name speaks of equality, identity, hashing, order or NaN, or "
            "that compare `x` with something else too"
        ),
        "comparisons that stand alone in a `try`, or where an exception or warning is expected",
    ),
    fix="assert something that the code under test decides.",
    find=_find,
    examples=(
        Example(
            "Brackets around the message, a constant, a forgotten call, a forgotten `assert`.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
from unittest import mock

import pytest

from shop import price


def test_brackets():
    assert (price(2) == 7, "six")


def test_constant():
    price(2)
    assert True


def test_itself():
    got = price(2)
    assert got == got


def test_not_called():
    seen = mock.Mock()
    seen(price(2))
    seen.assert_called_once


def test_alone():
    price(2) == 7


def test_price():
    assert (price(2) == 6), "six"
""",
            },
            (
                "test_shop.py::test_brackets",
                "test_shop.py::test_constant",
                "test_shop.py::test_itself",
                "test_shop.py::test_not_called",
                "test_shop.py::test_alone",
            ),
            ("test_shop.py::test_price",),
        ),
        Example(
            "Where that is the point, and where it did not run.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
import pytest

from shop import price


def test_equals_itself():
    got = price(2)
    assert got == got


def test_cannot_be_compared():
    with pytest.raises(TypeError):
        price(2) in 3


@pytest.mark.skip
def test_skipped():
    assert True
""",
            },
            (),
            (
                "test_shop.py::test_equals_itself",
                "test_shop.py::test_cannot_be_compared",
                "test_shop.py::test_skipped",
            ),
        ),
    ),
)
