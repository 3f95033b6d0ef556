"""A digest of a piece of syntax: equal when, and only when, the piece does the same (pure)."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence

# `ctx` follows from where the expression stands, `kind` is the u of u"text", and the type comments
# are comments.
_FIELDS_WITHOUT_EFFECT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def digest(*nodes: ast.AST) -> str:
    return hashlib.sha256(_dump(nodes).encode()).hexdigest()


def _dump(nodes: Sequence[ast.AST]) -> str:
    """The nodes as text, without positions.

    Not `ast.dump`: that recurses (a sum of a thousand terms is too deep for it), is slower, and its
    text differs between Python versions.
    """
    out: list[str] = []
    pending: list[ast.AST | str] = list(reversed(nodes))
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            out.append(item)
            continue
        out.append(type(item).__name__)
        out.append("(")
        pending.append(")")
        for field in reversed(item._fields):
            value = getattr(item, field, None)
            if value is None or value == [] or field in _FIELDS_WITHOUT_EFFECT:
                continue
            if isinstance(value, list):
                pending.append("]")
                pending.extend(_item(element) for element in reversed(value))
                pending.append(f" {field}=[")
            else:
                pending.append(_item(value))
                pending.append(f" {field}=")
    return "".join(out)


def _item(value: object) -> ast.AST | str:
    if isinstance(value, ast.AST):
        return value
    # repr() refuses integers of more than 4300 digits.
    return f"{hex(value)}," if type(value) is int else f"{value!r},"
