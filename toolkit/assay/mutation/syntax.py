"""What a piece of text means to Python whatever its layout: its syntax tree as one stable line."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator

from assay.mutation.positions import BYTE_ORDER_MARK

_WITHOUT_MEANING = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def parse(text: str) -> ast.Module | None:
    """The tree, or None where this Python cannot read the text."""
    with warnings.catch_warnings():
        # Invalid escapes and the like are the user's affair, and were told when the file was run.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text.removeprefix(BYTE_ORDER_MARK))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def fingerprint(node: ast.AST) -> str:
    """The node without positions, contexts and empty fields.

    Unlike `ast.dump` it is the same on Python versions that differ in which empty fields exist,
    so that ids made from it can be compared between machines.
    """
    out: list[str] = []
    _write(node, out.append)
    return "".join(out)


def _write(value: object, put: Callable[[str], None]) -> None:
    if isinstance(value, ast.AST):
        _write_node(value, put)
    elif isinstance(value, list):
        put("[")
        for part in value:
            _write(part, put)
            put(",")
        put("]")
    else:
        put(repr(value))


def _write_node(node: ast.AST, put: Callable[[str], None]) -> None:
    if isinstance(node, ast.Constant):
        put(_constant(node.value))
        return
    put(type(node).__name__)
    put("(")
    for field in node._fields:
        if field in _WITHOUT_MEANING:
            continue
        part = getattr(node, field, None)
        if part is None or part == []:
            continue
        if field == "values" and isinstance(node, ast.BoolOp):
            part = list(_operands(node))
        put(f"{field}=")
        _write(part, put)
        put(",")
    put(")")


def _operands(node: ast.BoolOp) -> Iterator[ast.expr]:
    """`a or (b or c)` evaluates as `a or b or c` does: such brackets are layout."""
    for value in node.values:
        if isinstance(value, ast.BoolOp) and type(value.op) is type(node.op):
            yield from _operands(value)
        else:
            yield value


def _constant(value: object) -> str:
    # repr() of an int refuses more than 4300 digits.
    shown = hex(value) if isinstance(value, int) else repr(value)
    return f"<{type(value).__name__} {shown}>"
