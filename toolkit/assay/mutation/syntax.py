"""What a piece of text means to Python whatever its layout: its syntax tree as one stable line."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

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
    return "".join(_parts(node))


def _parts(value: object) -> Iterator[str]:
    if isinstance(value, ast.Constant):
        yield _constant(value.value)
    elif isinstance(value, ast.AST):
        yield type(value).__name__
        yield "("
        for field in value._fields:
            part = getattr(value, field, None)
            if field == "values" and isinstance(value, ast.BoolOp):
                part = list(_operands(value))
            if part is None or part == [] or field in _WITHOUT_MEANING:
                continue
            yield f"{field}="
            yield from _parts(part)
            yield ","
        yield ")"
    elif isinstance(value, list):
        yield "["
        for part in value:
            yield from _parts(part)
            yield ","
        yield "]"
    else:
        yield repr(value)


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
