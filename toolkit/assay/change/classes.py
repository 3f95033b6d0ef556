"""Which classes take no notice of what they contain when they are made (pure)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.change.digest import digest
from assay.change.inert import (
    PLAIN_BASES,
    PLAIN_CLASS_DECORATORS,
    dotted,
)
from assay.change.statements import bound

_PLAIN_ROOTS = frozenset({"", "typing", "t", "builtins", "unittest", "abc", "enum", "io"})


def plain_bases(node: ast.ClassDef) -> frozenset[str]:
    """The last part of each base's name, but for those that are known to be plain."""
    names = set()
    for base in node.bases:
        value = base.value if isinstance(base, ast.Subscript) else base
        name = dotted(value)
        root, _, last = name.rpartition(".")
        if not name:
            # `make_base(Other)`: who knows what, and perhaps derived from each of these.
            parts = list(ast.walk(value))
            names |= {"?", *(n.id for n in parts if isinstance(n, ast.Name))}
            names |= {n.attr for n in parts if isinstance(n, ast.Attribute)}
        elif last == node.name:
            # `class Field(forms.Field)`: another class, which its last name cannot tell.
            names |= {"?", last}
        elif last not in PLAIN_BASES or root not in _PLAIN_ROOTS:
            names.add(last)
    return frozenset(names)


def classes_in(statement: ast.ClassDef) -> Iterator[ast.ClassDef]:
    """A class and those in its body."""
    yield statement
    for inner in statement.body:
        if isinstance(inner, ast.ClassDef):
            yield from classes_in(inner)


def is_plain_header(node: ast.ClassDef) -> bool:
    """Whether the class is only made: not handed to anybody who may keep it or look further."""
    keywords = all(
        keyword.arg == "metaclass" and dotted(keyword.value).rpartition(".")[2] == "ABCMeta"
        for keyword in node.keywords
    )
    decorators = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    return keywords and all(dotted(d) in PLAIN_CLASS_DECORATORS for d in decorators)


def is_plain_class(node: ast.ClassDef) -> bool:
    """Whether nothing looks at what the class contains when it is made, its bases apart."""
    if not is_plain_header(node):
        return False
    special = {"__init_subclass__", "__class_getitem__", "__slots__", "__set_name__"}
    return not any(name in special for statement in node.body for name in bound(statement))


def class_header(node: ast.ClassDef) -> str:
    parts: list[ast.AST] = [*node.bases, *node.keywords, *node.decorator_list]
    parts.extend(getattr(node, "type_params", ()))
    return f"{len(node.bases)} {len(node.keywords)}" + digest(*parts)
