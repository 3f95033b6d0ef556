"""Operators on conditions.

Which three mutants of a comparison are enough: Kaminski, Ammann and Offutt, Improving logic-based
testing (JSS 2013); what else is redundant: Just and Schweiggert, Higher accuracy and lower run time
(STVR 2015). A negated condition falls to every test that kills both forced ones, so it is not made.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from assay.mutation.operators.base import FALSE, TRUE, Made, Operator, is_name, name, put
from assay.mutation.tree import Site

_Tested = cst.If | cst.While | cst.MatchCase | cst.CompIf


def _condition(node: cst.CSTNode) -> cst.BaseExpression | None:
    """What is tested; None for what is no condition, or is one already forced."""
    test = node.guard if isinstance(node, cst.MatchCase) else getattr(node, "test", None)
    if test is None or is_name(test, TRUE, FALSE) or isinstance(test, cst.BaseNumber):
        return None
    assert isinstance(test, cst.BaseExpression)
    return test


def _only_operator(test: cst.BaseExpression) -> type | None:
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        return type(test.comparisons[0].operator)
    return type(test.operator) if isinstance(test, cst.BooleanOperation) else None


def _condition_true(site: Site) -> Iterator[Made]:
    test = _condition(site.node)
    # `while True` would not end; a filter that lets all pass is `filter_removed`.
    if test is None or isinstance(site.node, cst.While | cst.CompIf):
        return
    if _only_operator(test) not in (cst.LessThan, cst.GreaterThan, cst.And):
        yield put(test, name(TRUE))


def _condition_false(site: Site) -> Iterator[Made]:
    test = _condition(site.node)
    if test is None or isinstance(site.node, cst.CompIf):
        return
    is_loop = isinstance(site.node, cst.While)
    if is_loop or _only_operator(test) not in (cst.LessThanEqual, cst.GreaterThanEqual, cst.Or):
        yield put(test, name(FALSE))


def _filter_removed(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.CompIf)
    if _condition(node) is not None:
        yield put(node.test, name(TRUE))


_WIDER: dict[type, type[cst.BaseCompOp]] = {
    cst.LessThan: cst.NotEqual,
    cst.GreaterThan: cst.NotEqual,
    cst.LessThanEqual: cst.Equal,
    cst.GreaterThanEqual: cst.Equal,
}


def _relational(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.ComparisonTarget)
    other = _WIDER.get(type(node.operator))
    if other is not None:
        yield node.with_changes(operator=other())


def _operand_dropped(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.BooleanOperation)
    yield put(node, node.left)
    is_longer = isinstance(node.left, cst.BooleanOperation) and not node.left.lpar
    # `a and b and c` is `(a and b) and c`: its inside drops a and b, one at a time.
    if not (is_longer and type(node.left.operator) is type(node.operator)):  # type: ignore[attr-defined]
        yield put(node, node.right)


OPERATORS = (
    Operator(
        "condition_true",
        (cst.If, cst.While, cst.MatchCase),
        _condition_true,
        "The condition of an `if`, an `elif` or the guard of a `case` is forced to be true, where "
        "that is not what another mutant of the condition tests already (`<`, `>`, `and`).",
        "Branches of which no test needs the other side: PIT's and Stryker's conditionals.",
        {
            "if x: f()": ("if True: f()",),
            "if x: f()\nelif y == z: g()": (
                "if True: f()\nelif y == z: g()",
                "if x: f()\nelif True: g()",
            ),
            "match x:\n    case y if z: f()\n    case _: g()": (
                "match x:\n    case y if True: f()\n    case _: g()",
            ),
        },
        ("if x < y: f()", "if x and y: f()", "while x: f()", "if True: f()", "assert x"),
    ),
    Operator(
        "condition_false",
        (cst.If, cst.While, cst.MatchCase),
        _condition_false,
        "The condition of an `if`, an `elif`, a `while` or the guard of a `case` is forced to be "
        "false, where that is not what another mutant of the condition tests already (`<=`, `>=`, "
        "`or`).",
        "Branches and loops that tests run, and whose effect they do not look at.",
        {
            "if x: f()": ("if False: f()",),
            "while x: f()": ("while False: f()",),
            "if x < y: f()": ("if False: f()",),
            "match x:\n    case y if z: f()": ("match x:\n    case y if False: f()",),
        },
        ("if x <= y: f()", "if x or y: f()", "if False: f()", "while True: f()"),
    ),
    Operator(
        "filter_removed",
        (cst.CompIf,),
        _filter_removed,
        "The filter of a comprehension lets everything pass.",
        "Tests whose data has nothing to be filtered out.",
        {
            "x = [y for y in z if y.ok]": ("x = [y for y in z if True]",),
            "x = {y for y in z if y if(w)}": (
                "x = {y for y in z if True if(w)}",
                "x = {y for y in z if y if(True)}",
            ),
        },
        ("x = [y for y in z]",),
    ),
    Operator(
        "relational",
        (cst.ComparisonTarget,),
        _relational,
        "`<` and `>` become `!=`; `<=` and `>=` become `==`.",
        "With mutmut's partner and the forced condition these are the three that are enough for an "
        "ordering.",
        {
            "x = y < z": ("x = y != z",),
            "x = y > z": ("x = y != z",),
            "x = y <= z": ("x = y == z",),
            "x = y<z<=w": ("x = y!=z<=w", "x = y<z==w"),
        },
        ("x = y == z", "x = y in z"),
    ),
    Operator(
        "operand_dropped",
        (cst.BooleanOperation,),
        _operand_dropped,
        "One operand of `and` and `or` is dropped.",
        "Parts of a condition that no test needs: the missing condition fault.",
        {
            "x = y and z": ("x = y", "x = z"),
            "x = y or z or w": ("x = y or z", "x = y or w", "x = z or w"),
            "x = (y and z) == w": ("x = (y) == w", "x = (z) == w"),
        },
        ("x = y & z",),
    ),
)
