"""Operators on what functions give back."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from assay.mutation.operators.base import (
    FALSE,
    NONE,
    TRUE,
    Made,
    Operator,
    Swap,
    is_name,
    name,
    put,
)
from assay.mutation.tree import Site

_COVERED = (cst.BaseNumber, cst.BaseString, cst.Lambda, cst.List, cst.Dict, cst.Set, cst.Tuple)
"""What other operators change where it stands: numbers, texts, literals of collections."""


def _return_value(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Return)
    value = node.value
    if value is None or is_name(value, NONE, TRUE, FALSE) or isinstance(value, _COVERED):
        return
    if isinstance(value, cst.Comparison) or _is_not(value):
        yield put(value, name(TRUE))
        yield put(value, name(FALSE))
    else:
        yield put(value, name(NONE))


def _is_not(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not)


def _yield_value(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Yield)
    if isinstance(node.value, cst.From):
        item = node.value.item
        if not (isinstance(item, cst.Tuple) and not item.elements):
            yield put(item, cst.Tuple([]))
    elif node.value is not None and not is_name(node.value, NONE):
        yield put(node.value, name(NONE))


def _return_removed(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Return)
    if node.value is None or is_name(node.value, NONE):
        yield Swap(node, cst.Pass())


OPERATORS = (
    Operator(
        "return_value",
        (cst.Return,),
        _return_value,
        "What is returned becomes `None`; a comparison or a `not` becomes `True` and `False`. "
        "Numbers, texts and literals of collections are left to the operators that change these "
        "anywhere.",
        "Tests that call and do not look at the result: PIT's return operators. mutmut makes "
        "nothing of almost half of all `return` statements.",
        {
            "def f():\n    return x.y": ("def f():\n    return None",),
            "def f():\n    return(x)": ("def f():\n    return(None)",),
            "def f():\n    return[x for x in y]": ("def f():\n    return None",),
            "def f():\n    return x < y": (
                "def f():\n    return True",
                "def f():\n    return False",
            ),
            "def f():\n    return not x": (
                "def f():\n    return True",
                "def f():\n    return False",
            ),
        },
        (
            "def f():\n    return",
            "def f():\n    return None",
            "def f():\n    return True",
            "def f():\n    return 1",
            "def f():\n    return [x]",
        ),
    ),
    Operator(
        "return_removed",
        (cst.Return,),
        _return_removed,
        "A `return` without a value is dropped.",
        "Guards at the head of a function that no test needs. At the end of a function the code is "
        "the same, and so no mutant.",
        {"def f():\n    if x: return\n    g()": ("def f():\n    if x: pass\n    g()",)},
        ("def f():\n    g()\n    return", "def f():\n    if x: return y\n    g()"),
    ),
    Operator(
        "yield_value",
        (cst.Yield,),
        _yield_value,
        "What is yielded becomes `None`; `yield from` yields nothing.",
        "Tests that count what a generator gives, or only exhaust it.",
        {
            "def f():\n    yield x": ("def f():\n    yield None",),
            "def f():\n    yield from x": ("def f():\n    yield from ()",),
        },
        ("def f():\n    yield", "def f():\n    yield None", "def f():\n    yield from ()"),
    ),
)
