"""Operators for extreme mutation: all that a function does, gone at once.

Niedermayr, Juergens and Wagner, Will my tests tell me if I break this code? (2016); the constants
are those of Descartes (Vera-Perez, Monperrus and Baudry, 2018). A function whose extreme mutants
all survive is pseudo-tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import libcst as cst

from assay.mutation.operators.base import (
    Made,
    Operator,
    Swap,
    block_of,
    is_name,
    is_text,
    is_trivial,
    last_name,
    statements,
)
from assay.mutation.tree import Site

_BOOL, _INT, _STR, _LIST, _DICT, _NOTHING = "bool", "int", "str", "list", "dict", "None"
_OF_ANNOTATION = {
    "bool": _BOOL, "int": _INT, "float": _INT, "str": _STR, "list": _LIST, "List": _LIST,
    "Sequence": _LIST, "Iterable": _LIST, "tuple": "tuple", "Tuple": "tuple", "dict": _DICT,
    "Dict": _DICT, "Mapping": _DICT, "set": "set", "Set": "set", "frozenset": "set",
    "None": _NOTHING, "Self": "object",
}  # fmt: skip


def _own(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """All nodes of a body but those of functions and classes in it."""
    for child in node.children:
        if not isinstance(child, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            yield child
            yield from _own(child)


def _shape(value: cst.BaseExpression) -> str:
    """The type of an expression as far as its form tells it."""
    if isinstance(value, cst.Comparison) or (
        isinstance(value, cst.UnaryOperation) and isinstance(value.operator, cst.Not)
    ):
        return _BOOL
    if isinstance(value, cst.Name) and value.value in ("True", "False"):
        return _BOOL
    shapes: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (cst.BaseNumber, _INT),
        (cst.BaseString, _STR),
        ((cst.List, cst.ListComp), _LIST),
        ((cst.Dict, cst.DictComp), _DICT),
        ((cst.Set, cst.SetComp), "set"),
        (cst.Tuple, "tuple"),
    )
    return next((shape for kind, shape in shapes if isinstance(value, kind)), "object")


def types_of(function: cst.FunctionDef) -> frozenset[str]:
    """What it may return, by its annotation or by the form of what it returns.

    `generator` for one that yields, `None` for one that returns nothing.
    """
    own = list(_own(function.body))
    if any(isinstance(node, cst.Yield) for node in own):
        return frozenset({"async generator" if function.asynchronous else "generator"})
    values = [node.value for node in own if isinstance(node, cst.Return)]
    given = [value for value in values if value is not None and not is_name(value, "None")]
    if not given:
        return frozenset({_NOTHING})
    if function.returns is not None:
        return frozenset(_annotated(function.returns.annotation))
    shapes = {_shape(value) for value in given}
    return frozenset(shapes | ({_NOTHING} if len(given) < len(values) else set()))


def _annotated(node: cst.BaseExpression) -> Iterator[str]:
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        yield from _annotated(node.left)
        yield from _annotated(node.right)
    elif isinstance(node, cst.Subscript) and last_name(node.value) == "Optional":
        yield "object"
    else:
        named = node.value if isinstance(node, cst.Subscript) else node
        yield _OF_ANNOTATION.get(last_name(named), "object")


def _is_subject(function: cst.FunctionDef) -> bool:
    """Whether there is a body to take away."""
    body = [one for one in statements(function.body) if not is_text(one)]
    raises = len(body) == 1 and isinstance(body[0], cst.Raise)
    return not is_trivial(function.body) and not raises


def _body(
    new: Callable[[], Iterable[cst.BaseSmallStatement]], types: frozenset[str], site: Site
) -> Iterator[Made]:
    node = site.node
    assert isinstance(node, cst.FunctionDef)
    if _is_subject(node) and types_of(node) & types:
        yield Swap(node.body, block_of(node.body, *new()))


def _returns(expression: str) -> Callable[[], Iterable[cst.BaseSmallStatement]]:
    return lambda: [cst.Return(cst.parse_expression(expression))]


def _operator(
    name: str,
    new: Callable[[], Iterable[cst.BaseSmallStatement]],
    types: frozenset[str],
    does: str,
    makes: dict[str, tuple[str, ...]],
    leaves: tuple[str, ...],
) -> Operator:
    why = "A test that runs the function, and would pass if it did nothing."
    kinds = (cst.FunctionDef,)
    return Operator(name, kinds, partial(_body, new, types), does, why, makes, leaves)


def _constant(name: str, expression: str, types: str, text: str, example: str) -> Operator:
    return _operator(
        name,
        _returns(expression),
        frozenset(types.split()),
        text,
        {f"def f(x):{example}": (f"def f(x):\n    return {expression}",)},
        ("def f(x):\n    g()", "def f(x): ..."),
    )


_VALUES = "object bool int str list dict set tuple"

OPERATORS = (
    _operator(
        "extreme_nothing",
        lambda: [cst.Pass()],
        frozenset({_NOTHING}),
        "The body of a function that returns nothing is dropped.",
        {
            "def f(x):\n    g(x)\n    h()": ("def f(x):\n    pass",),
            "async def f(x): await g(x)": ("async def f(x): pass",),
            "def f(x):\n    'Does it.'\n    g(x)": ("def f(x):\n    'Does it.'\n    pass",),
        },
        (
            "def f(x):\n    return x",
            "def f(x):\n    'Does nothing.'",
            "def f(x):\n    raise E",
            "def f(x):\n    yield x",
        ),
    ),
    _operator(
        "extreme_no_items",
        lambda: [cst.Expr(cst.Yield(cst.From(cst.Tuple([]))))],
        frozenset({"generator"}),
        "A generator yields nothing.",
        {"def f(x):\n    g()\n    yield x": ("def f(x):\n    yield from ()",)},
        ("def f(x):\n    return x",),
    ),
    _operator(
        "extreme_no_async_items",
        lambda: [cst.Return(), cst.Expr(cst.Yield())],
        frozenset({"async generator"}),
        "An asynchronous generator yields nothing.",
        {
            "async def f(x):\n    g()\n    yield x": (
                "async def f(x):\n    return\n    yield",
            )
        },
        ("def f(x):\n    yield x",),
    ),
    _constant(
        "extreme_none", "None", _VALUES,
        "A function that returns something does nothing, and returns `None`.",
        "\n    g()\n    return x.y",
    ),
    _constant(
        "extreme_true", "True", _BOOL, "A function that returns a truth value returns `True`.",
        "\n    return x < 1",
    ),
    _constant(
        "extreme_false", "False", _BOOL, "A function that returns a truth value returns `False`.",
        "\n    return not x",
    ),
    _constant(
        "extreme_zero", "0", _INT, "A function that returns a number returns 0.",
        "\n    return 1",
    ),
    _constant(
        "extreme_one", "1", _INT, "A function that returns a number returns 1.",
        "\n    return 2",
    ),
    _constant(
        "extreme_no_text", '""', _STR, "A function that returns a text returns an empty one.",
        "\n    return f'a{x}'",
    ),
    _constant(
        "extreme_text", '"A"', _STR, "A function that returns a text returns another.",
        "\n    return 'a'",
    ),
    _constant(
        "extreme_no_list", "[]", _LIST, "A function that returns a list returns an empty one.",
        "\n    return [x]",
    ),
    _constant(
        "extreme_no_dict", "{}", _DICT, "A function that returns a dict returns an empty one.",
        "\n    return {x: x}",
    ),
    _constant(
        "extreme_no_set", "set()", "set", "A function that returns a set returns an empty one.",
        "\n    return {x}",
    ),
    _constant(
        "extreme_no_tuple", "()", "tuple", "A function that returns a tuple returns an empty one.",
        "\n    return x, x",
    ),
)  # fmt: skip
