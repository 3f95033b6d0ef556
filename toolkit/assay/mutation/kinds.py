"""Of which kind the code of a mutant is: one phrase from a closed list, read off the syntax."""

from __future__ import annotations

from enum import Enum

import libcst as cst

from assay.mutation.operators.base import last_name
from assay.mutation.tree import Site

_ENUMS = frozenset({"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "ReprEnum"})
_PROPERTIES = frozenset(
    {"property", "cached_property", "setter", "getter", "deleter", "abstractproperty"}
)


class Kind(Enum):
    """Where a mutant's text stands; the first that fits, in this order."""

    DECORATOR = "decorator"
    DEFAULT = "default argument"
    LAMBDA = "lambda"
    COMPREHENSION = "comprehension"
    MATCH = "match"
    ENUM_MEMBER = "enum member"
    DATA_FIELD = "dataclass field"
    CLASS_BODY = "class body"
    MODULE = "module level"
    PROPERTY = "property"
    CLASS_METHOD = "classmethod"
    STATIC_METHOD = "staticmethod"
    DECORATED = "decorated function"
    ASYNC_GENERATOR = "async generator"
    ASYNC = "async function"
    GENERATOR = "generator"
    NESTED = "nested function"
    METHOD = "method"
    FUNCTION = "function"


def kind_of(site: Site, generators: frozenset[int]) -> Kind:
    """`generators` are the ids of the nodes of functions that yield."""
    inner = site
    innermost: Site | None = None
    for outer in (site, *site.parents()):
        kind = _on_the_way(inner.node, outer.node)
        if kind is not None:
            return kind
        if isinstance(outer.node, cst.FunctionDef | cst.ClassDef) and inner.node is outer.node.body:
            innermost = outer
            break
        inner = outer
    if innermost is None:
        return Kind.MODULE
    if isinstance(innermost.node, cst.ClassDef):
        return _of_class(innermost.node)
    return _of_function(innermost, generators)


def _on_the_way(inner: cst.CSTNode, outer: cst.CSTNode) -> Kind | None:
    """The kind that stepping from a node to the one around it gives away."""
    if isinstance(outer, cst.Decorator):
        return Kind.DECORATOR
    if isinstance(outer, cst.Param) and inner is outer.default:
        return Kind.DEFAULT
    if isinstance(outer, cst.Lambda):
        return Kind.LAMBDA
    if isinstance(outer, cst.BaseComp):
        return Kind.COMPREHENSION
    if isinstance(outer, cst.MatchCase):
        return Kind.MATCH if inner is not outer.body else None
    is_head = isinstance(outer, cst.Match) and not isinstance(inner, cst.MatchCase)
    return Kind.MATCH if is_head else None


def _of_class(node: cst.ClassDef) -> Kind:
    if any(last_name(base.value) in _ENUMS for base in node.bases):
        return Kind.ENUM_MEMBER
    if any(_makes_fields(decorator.decorator) for decorator in node.decorators):
        return Kind.DATA_FIELD
    return Kind.CLASS_BODY


def _makes_fields(decorator: cst.BaseExpression) -> bool:
    # attrs has had three generations of names.
    names = ("dataclass", "define", "frozen", "mutable", "attrs", "attributes", "s")
    return last_name(decorator) in names


def _of_function(site: Site, generators: frozenset[int]) -> Kind:
    node = site.node
    assert isinstance(node, cst.FunctionDef)
    names = [last_name(decorator.decorator) for decorator in node.decorators]
    if any(one in _PROPERTIES for one in names):
        return Kind.PROPERTY
    if "classmethod" in names:
        return Kind.CLASS_METHOD
    if "staticmethod" in names:
        return Kind.STATIC_METHOD
    if names:
        return Kind.DECORATED
    if node.asynchronous is not None:
        return Kind.ASYNC_GENERATOR if id(node) in generators else Kind.ASYNC
    if id(node) in generators:
        return Kind.GENERATOR
    if site.function() is not None:
        return Kind.NESTED
    around = next(
        (s.node for s in site.parents() if isinstance(s.node, cst.ClassDef | cst.FunctionDef)), None
    )
    return Kind.METHOD if isinstance(around, cst.ClassDef) else Kind.FUNCTION
