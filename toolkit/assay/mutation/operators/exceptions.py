"""Operators on raising and catching."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from assay.mutation.operators.base import (
    Made,
    Operator,
    Swap,
    block_of,
    bracketed_like,
    is_trivial,
    small_statement,
)
from assay.mutation.tree import Site

_Handler = cst.ExceptHandler | cst.ExceptStarHandler


def _raise_removed(site: Site) -> Iterator[Made]:
    yield Swap(site.node, cst.Pass())


def _handler_emptied(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, _Handler)
    only = small_statement(node.body)
    # A lone `raise` or `continue` is dropped by its own operator.
    if not is_trivial(node.body) and not isinstance(only, cst.Raise | cst.Continue | cst.Break):
        yield Swap(node.body, block_of(node.body, cst.Pass()))


def _handler_reraises(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, _Handler)
    only = small_statement(node.body)
    if not (isinstance(only, cst.Raise) and only.exc is None):
        yield Swap(node.body, block_of(node.body, cst.Raise()))


def _handled_type_dropped(site: Site) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, _Handler)
    types = node.type
    if not isinstance(types, cst.Tuple) or len(types.elements) < 2:
        return
    for index in range(len(types.elements)):
        kept = [*types.elements[:index], *types.elements[index + 1 :]]
        if len(kept) == 1:
            yield Swap(types, bracketed_like(types, kept[0].value))
        else:
            last = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            yield Swap(types, types.with_changes(elements=[*kept[:-1], last]))


_HANDLERS = (cst.ExceptHandler, cst.ExceptStarHandler)

OPERATORS = (
    Operator(
        "raise_removed",
        (cst.Raise,),
        _raise_removed,
        "A `raise` is dropped.",
        "Checks of input that no test trips, and errors that are not passed on.",
        {
            "if x: raise ValueError(x)": ("if x: pass",),
            "try: f()\nexcept E:\n    g()\n    raise": ("try: f()\nexcept E:\n    g()\n    pass",),
        },
        ("assert x",),
    ),
    Operator(
        "handler_emptied",
        _HANDLERS,
        _handler_emptied,
        "What an `except` does is replaced by `pass`.",
        "Recovery of which a test sees that nothing is raised, but not what is done instead.",
        {
            "try: f()\nexcept E:\n    # why\n    g()\n    h()\nz()": (
                "try: f()\nexcept E:\n    # why\n    pass\nz()",
            ),
            "try: f()\nexcept E: g()": ("try: f()\nexcept E: pass",),
        },
        ("try: f()\nexcept E: pass", "try: f()\nexcept E: raise", "try: f()\nexcept E: ..."),
    ),
    Operator(
        "handler_reraises",
        _HANDLERS,
        _handler_reraises,
        "What an `except` does is replaced by `raise`: it catches nothing any more.",
        "Handlers that no test enters, and errors that are to be swallowed or translated.",
        {
            "try: f()\nexcept E: pass": ("try: f()\nexcept E: raise",),
            "try: f()\nexcept E as e:\n    raise X from e": (
                "try: f()\nexcept E as e:\n    raise",
            ),
        },
        ("try: f()\nexcept E: raise", "try: f()\nfinally: g()"),
    ),
    Operator(
        "handled_type_dropped",
        _HANDLERS,
        _handled_type_dropped,
        "One type of a handler of several is dropped.",
        "Errors that are caught in case, and never raised in a test.",
        {
            "try: f()\nexcept (A, B): pass": (
                "try: f()\nexcept (B): pass",
                "try: f()\nexcept (A): pass",
            ),
            "try: f()\nexcept (A, B, C): pass": (
                "try: f()\nexcept (B, C): pass",
                "try: f()\nexcept (A, C): pass",
                "try: f()\nexcept (A, B): pass",
            ),
        },
        ("try: f()\nexcept A: pass", "try: f()\nexcept: pass", "try: f()\nexcept ERRORS: pass"),
    ),
)
