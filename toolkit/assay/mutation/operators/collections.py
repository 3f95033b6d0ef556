"""Operators on literals of collections, and on slices."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from assay.mutation.operators.base import Made, Operator, put
from assay.mutation.tree import Site

_EMPTY: dict[type, str] = {cst.List: "[]", cst.Dict: "{}", cst.Set: "set()", cst.Tuple: "()"}
_WRITTEN = (
    cst.AssignTarget,
    cst.AnnAssign,
    cst.AugAssign,
    cst.For,
    cst.CompFor,
    cst.AsName,
    cst.Del,
    cst.NamedExpr,
    cst.Index,
    cst.ExceptHandler,
    cst.ExceptStarHandler,
)
"""What a literal directly below is a target of, an index or a set of types; of some, only what
stands in certain fields is."""


def _collection_emptied(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.List | cst.Dict | cst.Set | cst.Tuple)
    if node.elements and not _is_needed(site):
        new = cst.parse_expression(_EMPTY[type(node)])
        yield put(node, new)


def _is_needed(site: Site) -> bool:
    """Whether only a crash could come of emptying it, or another operator does so."""
    node, above = site.node, site.above
    if isinstance(above, cst.For | cst.CompFor):
        # What a `for` goes over is emptied by `loop_skipped`.
        return isinstance(above, cst.For) or node is above.target
    if isinstance(above, cst.AnnAssign | cst.AugAssign | cst.NamedExpr):
        return node is above.target
    if isinstance(above, cst.Assign):
        return any(isinstance(t.target, cst.Tuple | cst.List) for t in above.targets)
    if isinstance(above, cst.BinaryOperation):
        return isinstance(above.operator, cst.Modulo)
    if isinstance(above, cst.Element):
        outer = site.parent.parent if site.parent is not None else None
        return outer is not None and _is_target(outer)
    return isinstance(above, _WRITTEN)


def _is_target(site: Site) -> bool:
    """Whether a collection is one of names to assign to."""
    above = site.above
    if isinstance(above, cst.Element):
        outer = site.parent.parent if site.parent is not None else None
        return outer is not None and _is_target(outer)
    if isinstance(above, cst.For | cst.CompFor):
        return site.node is above.target
    return isinstance(above, cst.AssignTarget | cst.AsName | cst.Del)


def _slice_bound_dropped(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.Slice)
    for bound in ("lower", "upper"):
        if getattr(node, bound) is not None:
            yield node.with_changes(**{bound: None})
    if node.step is not None:
        yield node.with_changes(step=None, second_colon=cst.MaybeSentinel.DEFAULT)


OPERATORS = (
    Operator(
        "collection_emptied",
        tuple(_EMPTY),
        _collection_emptied,
        "A list, dict, set or tuple that is written out becomes an empty one.",
        "Tables, defaults and results that no test looks into: Stryker's literals.",
        {
            "x = [1, y]": ("x = []",),
            "x = {y: 1}": ("x = {}",),
            "x = {y}": ("x = set()",),
            "def f():\n    return x, y": ("def f():\n    return ()",),
            "x = y in (z, w)": ("x = y in ()",),
            "f([[x]])": ("f([])", "f([[]])"),
        },
        (
            "x = []",
            "x, y = z",
            "x, y = y, x",
            "for x, (y, z) in w: f()",
            "x[y, z] = w",
            "x = '%s %s' % (y, z)",
            "try: f()\nexcept (A, B): pass",
            "del (x, y)",
            "x: tuple[int, str]",
        ),
    ),
    Operator(
        "slice_bound_dropped",
        (cst.Slice,),
        _slice_bound_dropped,
        "A bound or the step of a slice is dropped.",
        "Data that has nothing to be cut off.",
        {
            "x = y[1:z]": ("x = y[:z]", "x = y[1:]"),
            "x = y[::-1]": ("x = y[:]",),
        },
        ("x = y[:]", "x = y[1]"),
    ),
)
