"""Walks syntax trees, faster than `ast.walk`: nodes without what says only how they stand (pure).

Left out are expression contexts (`Load`, `Store`) and operators (`Add`, `And`, `In` ...), which
nobody looks for as nodes: a third of all there are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_NO_NODES = frozenset(
    """
    ctx op ops id attr arg module level kind lineno conversion is_async simple asname
    type_comment type_ignores
    """.split()
)
"""Fields that hold no node, or one of those left out."""


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """By class of nodes: the fields that may hold nodes."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        fields = () if kind is ast.Constant else kind._fields
        found = self[kind] = tuple(name for name in fields if name not in _NO_NODES)
        return found


_FIELDS = _Fields()


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below a node, in order."""
    found: list[ast.AST] = []
    for name in _FIELDS[type(node)]:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            found.append(value)
        elif value and isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
    return found


def walk(*roots: ast.AST) -> list[ast.AST]:
    """The nodes and all below them, those nearer to the top first."""
    found = list(roots)
    for node in found:
        found += children(node)
    return found


def own_nodes(statement: ast.stmt) -> list[ast.AST]:
    """The nodes of a statement without those of the statements in it."""
    found: list[ast.AST] = [statement]
    for node in found:
        found += [child for child in children(node) if not isinstance(child, ast.stmt)]
    return found


def inner_lists(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The lists of statements that stand in a statement."""
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, [])
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body
