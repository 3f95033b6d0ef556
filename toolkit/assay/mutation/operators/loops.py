"""Operators on loops."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from assay.mutation.operators.base import Made, Operator, put
from assay.mutation.tree import Site


def _loop_skipped(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.For)
    literal = isinstance(node.iter, cst.Tuple | cst.List | cst.Set) and not node.iter.elements
    if node.asynchronous is None and not literal:
        yield put(node.iter, cst.Tuple([]))


OPERATORS = (
    Operator(
        "loop_skipped",
        (cst.For,),
        _loop_skipped,
        "A `for` loop goes over nothing. (`async for` is left: only a crash could take its place.)",
        "Loops whose work no test looks at: cosmic-ray's ZeroIterationForLoop.",
        {
            "for x in y: f(x)": ("for x in (): f(x)",),
            "for x in(y): f(x)": ("for x in(): f(x)",),
        },
        ("for x in (): f(x)", "while x: f(x)", "async def f():\n    async for x in y: g(x)"),
    ),
)
