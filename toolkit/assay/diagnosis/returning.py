"""Whether a function returns a value, and whether it can end without."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.diagnosis.sides import Function


def returns_value(node: ast.stmt) -> bool:
    """Whether some `return` of a function gives a value other than None."""
    return any(one.value is not None and not is_none(one.value) for one in returns(node))


def returns(node: ast.stmt) -> Iterator[ast.Return]:
    """The `return` statements of a function, without those of functions within."""
    if isinstance(node, Function):
        for part in node.body:
            yield from _returns(part)


def _returns(node: ast.AST) -> Iterator[ast.Return]:
    if isinstance(node, ast.Return):
        yield node
    if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
        for part in ast.iter_child_nodes(node):
            yield from _returns(part)


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def falls_through(node: ast.stmt) -> bool:
    """Whether a function can reach its end. Generators always may; loops that have no end and
    calls that never return are not known, but `while True` without `break` is."""
    if not isinstance(node, Function) or any(
        isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(node)
    ):
        return False
    return _reaches_end(node.body)


def _reaches_end(body: list[ast.stmt]) -> bool:
    return all(_goes_on(node) for node in body)


def _goes_on(node: ast.stmt) -> bool:
    if isinstance(node, ast.Return | ast.Raise | ast.Continue | ast.Break):
        return False
    if isinstance(node, ast.If):
        return not node.orelse or _reaches_end(node.body) or _reaches_end(node.orelse)
    if isinstance(node, ast.With | ast.AsyncWith):
        return _reaches_end(node.body)
    if isinstance(node, ast.Try):
        return _try_goes_on(node)
    if isinstance(node, ast.While):
        forever = isinstance(node.test, ast.Constant) and bool(node.test.value)
        return not forever or any(isinstance(part, ast.Break) for part in ast.walk(node))
    if isinstance(node, ast.Match):
        closed = any(
            isinstance(c.pattern, ast.MatchAs) and c.pattern.pattern is None and c.guard is None
            for c in node.cases
        )
        return not closed or any(_reaches_end(case.body) for case in node.cases)
    return True


def _try_goes_on(node: ast.Try) -> bool:
    if node.finalbody and not _reaches_end(node.finalbody):
        return False
    tried = _reaches_end([*node.body, *node.orelse])
    return tried or any(_reaches_end(handler.body) for handler in node.handlers)
