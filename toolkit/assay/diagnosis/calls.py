"""Calls as they are written: which one stood on a frame, and whether a signature takes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.diagnosis.sides import Function, Place, Side
from assay.model.evidence import Frame

_TRANSPARENT = frozenset({"staticmethod", "classmethod", "abstractmethod", "override"})
"""Decorators that leave the parameters as they are written."""


def calls_at(side: Side, frame: Frame) -> list[ast.Call]:
    """The calls on the lines of a frame, the one that was under way first."""
    tree = side.tree(frame.path)
    found = [
        node
        for node in ([] if tree is None else ast.walk(tree))
        if isinstance(node, ast.Call)
        and node.lineno <= frame.end_line
        and (node.end_lineno or node.lineno) >= frame.line
    ]
    where = (frame.line, frame.end_line, frame.columns)
    return sorted(found, key=lambda one: _span(one) != where)


def _span(call: ast.Call) -> tuple[int, int, tuple[int, int]]:
    last = call.end_lineno or call.lineno
    return call.lineno, last, (call.col_offset, call.end_col_offset or 0)


def call_under_way(side: Side, frame: Frame) -> ast.Call | None:
    """The call that a frame's columns mark."""
    where = (frame.line, frame.end_line, frame.columns)
    return next((one for one in calls_at(side, frame) if _span(one) == where), None)


def call_of(side: Side, frame: Frame, name: str) -> ast.Call | None:
    """The call on a frame of something with this short name."""
    return next((one for one in calls_at(side, frame) if called_name(one) == name), None)


def called_name(call: ast.Call) -> str:
    """`c` of `a.b.c(...)`; "" for what has no name."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def parameters(place: Place) -> list[str]:
    """The names of a function's parameters in their order, without `*` and `**`."""
    node = place.node
    if not isinstance(node, Function):
        return []
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [one.arg for one in every]


def signature(place: Place) -> str:
    """As it is written: `total(items, *, tax=0) -> int`, `class Cart(Base)`."""
    node = place.node
    if isinstance(node, ast.ClassDef):
        return ast.unparse(node).split("\nclass ", 1)[0].split(":\n", 1)[0][:200]
    if not isinstance(node, Function):
        return place.short
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    return f"{place.short}({ast.unparse(node.args)}){returns}"


def binds(call: ast.Call, place: Place) -> bool | None:
    """Whether a function's parameters take the call; None where the text does not say: `*` and
    `**` at the call, decorators. A method is taken to be called on an instance."""
    node = place.node
    if not isinstance(node, Function) or not _as_written(node):
        return None
    if any(isinstance(one, ast.Starred) for one in call.args):
        return None
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    positional = positional_of(place)
    given = len(call.args)
    if given > len(positional) and node.args.vararg is None:
        return False
    taken = set(positional[:given])
    keywords = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    only_positional = {one.arg for one in node.args.posonlyargs}
    known = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}
    if keywords & taken - only_positional:
        return False
    if keywords - known and node.args.kwarg is None:
        return False
    return not _required(node, positional) - taken - keywords


def positional_of(place: Place) -> list[str]:
    """The parameters that a caller may give by position."""
    node = place.node
    if not isinstance(node, Function):
        return []
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    static = any(_name(one) == "staticmethod" for one in node.decorator_list)
    bound = "." in place.name and names[:1] in (["self"], ["cls"]) and not static
    return names[1:] if bound else names


def _as_written(node: Function) -> bool:
    return all(_name(one) in _TRANSPARENT for one in node.decorator_list)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _required(node: Function, positional: list[str]) -> set[str]:
    optional = len(node.args.defaults)
    every = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    needed = set(every[: len(every) - optional]) & set(positional)
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return needed | {one.arg for one, default in pairs if default is None}


def calls_of(side: Side, name: str) -> Iterator[tuple[str, ast.Call]]:
    """All calls of something with this short name, as (path, call)."""
    for path, text in side.texts.items():
        if name not in text:
            continue
        tree = side.tree(path)
        for node in [] if tree is None else ast.walk(tree):
            if isinstance(node, ast.Call) and called_name(node) == name:
                yield path, node
