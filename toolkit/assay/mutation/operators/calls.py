"""Operators on what is called."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from assay.mutation.operators.base import Made, Operator, Swap, name
from assay.mutation.tree import Site

_BUILTINS = {"min": "max", "max": "min", "any": "all", "all": "any"}
_METHODS = {"startswith": "endswith", "endswith": "startswith"}


def _call_swapped(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Call)
    func = node.func
    if isinstance(func, cst.Name) and func.value in _BUILTINS and node.args:
        yield Swap(func, func.with_changes(value=_BUILTINS[func.value]))
    elif isinstance(func, cst.Attribute) and func.attr.value in _METHODS:
        yield Swap(func.attr, name(_METHODS[func.attr.value]))


def _sort_removed(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Call)
    if isinstance(node.func, cst.Name) and node.func.value == "sorted" and node.args:
        first = node.args[0]
        if not first.star and first.keyword is None:
            last = first.with_changes(comma=cst.MaybeSentinel.DEFAULT)
            yield node.with_changes(func=name("list"), args=[last])


OPERATORS = (
    Operator(
        "call_swapped",
        (cst.Call,),
        _call_swapped,
        "`min` and `max`, `any` and `all`, `startswith` and `endswith` change places.",
        "Data with one element, or with elements that are all alike: Stryker's method expressions.",
        {
            "x = min(y, z)": ("x = max(y, z)",),
            "x = any(y)": ("x = all(y)",),
            "x = y.startswith(z)": ("x = y.endswith(z)",),
        },
        ("x = y.min()", "x = min", "x = sum(y)"),
    ),
    Operator(
        "sort_removed",
        (cst.Call,),
        _sort_removed,
        "`sorted(...)` becomes a list in the order given.",
        "Data that is in order to begin with.",
        {
            "x = sorted(y, key=f)": ("x = list(y)",),
            "for x in sorted(y): f()": ("for x in list(y): f()",),
        },
        ("x.sort()", "x = sorted(*y)"),
    ),
)
