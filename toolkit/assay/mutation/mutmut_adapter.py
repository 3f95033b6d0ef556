"""How to get mutmut's operators and its pragmas: the only module that imports mutmut."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import PragmaVisitor

from assay.mutation.ignored import Ignored
from assay.mutation.operators.base import Operator
from assay.mutation.operators.of_mutmut import DESCRIPTIONS, Description
from assay.mutation.traverse import RawMutation, raw_mutations
from assay.mutation.tree import CannotMutate, Site

MutmutFunction = Callable[[Any], Iterable[cst.CSTNode]]

_NARROWED: dict[str, tuple[type, ...]] = {
    "swap_op": (
        cst.BinaryOperation,
        cst.UnaryOperation,
        cst.BooleanOperation,
        cst.ComparisonTarget,
        cst.AugAssign,
    ),
    "keywords": (cst.Is, cst.IsNot, cst.In, cst.NotIn, cst.Break, cst.Continue),
}
"""The nodes of which these make anything: mutmut shows them every node there is, and their asking
each what it is took a third of all the time."""


def _operators() -> tuple[Operator, ...]:
    """mutmut's table with a name, our words and our examples for each operator."""
    kinds: dict[str, list[type]] = {}
    functions: dict[str, MutmutFunction] = {}
    for kind, function in mutation_operators:
        name = function.__name__.removeprefix("operator_")
        kinds.setdefault(name, []).append(kind)
        functions[name] = function
    unknown = Description("", "", {})
    return tuple(
        _operator(name, _NARROWED.get(name, tuple(kinds[name])), function, unknown)
        for name, function in functions.items()
    )


def _operator(
    name: str, kinds: tuple[type, ...], function: MutmutFunction, unknown: Description
) -> Operator:
    words = DESCRIPTIONS.get(name, unknown)

    def make(site: Site) -> Iterable[cst.CSTNode]:
        return function(site.node)

    return Operator(
        name, kinds, make, words.does, words.why, words.makes, words.leaves, source="mutmut"
    )


MUTMUT_OPERATORS = _operators()


def pragmas(text: str, filename: str) -> Ignored:
    """The lines that `# pragma: no mutate` in its forms keeps from being mutated.

    Raises CannotMutate for one that is malformed.
    """
    # Few files have a pragma, and the visit costs more than finding the mutants does.
    if "no mutate" not in text:
        return Ignored()
    visitor = PragmaVisitor(filename)
    try:
        MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True).visit(visitor)
    except RecursionError:
        raise CannotMutate(filename, "it is nested too deeply") from None
    except cst.ParserSyntaxError as error:
        raise CannotMutate(filename, f"line {error.raw_line}: {error.message}") from None
    except Exception as error:
        # The type of a malformed pragma is not one of the names we rely on.
        raise CannotMutate(filename, str(error)) from None
    lines, blocks = visitor.no_mutate_lines, visitor.ignore_node_lines
    return Ignored(frozenset(lines), frozenset(blocks))


# --- checking mutmut ----------------------------------------------------------------------------

_REFERENCE = """\
def price(items, rate=1):
    total = None
    for item in items:
        if not item.ok or item.cost is None:
            continue
        total += item.cost * rate if rate > 2 else "free"
    log(id=7)  # pragma: no mutate
    match total:
        case _ if total.split(sep, maxsplit):
            return lambda: dict(sum=total.lower())
        case _:
            return -total
"""

_MADE_OF_REFERENCE = (
    ("number", "1", "2"),
    ("assignment", "total = None", 'total = ""'),
    ("swap_op", "not item.ok or item.cost is None", "not item.ok and item.cost is None"),
    ("remove_unary_ops", "not item.ok", "item.ok"),
    ("keywords", "is", "is not"),
    ("keywords", "continue", "break"),
    (
        "augmented_assignment",
        'total += item.cost * rate if rate > 2 else "free"',
        'total = item.cost * rate if rate > 2 else "free"',
    ),
    (
        "swap_op",
        'total += item.cost * rate if rate > 2 else "free"',
        'total -= item.cost * rate if rate > 2 else "free"',
    ),
    (
        "if_exp",
        'item.cost * rate if rate > 2 else "free"',
        'item.cost * rate if (rate > 2) and False else "free"',
    ),
    (
        "if_exp",
        'item.cost * rate if rate > 2 else "free"',
        'item.cost * rate if (rate > 2) or True else "free"',
    ),
    ("swap_op", "item.cost * rate", "item.cost / rate"),
    ("swap_op", "> 2", ">= 2"),
    ("number", "2", "3"),
    ("string", '"free"', '"XXfreeXX"'),
    ("string", '"free"', '"FREE"'),
    ("match", "match total:", "            return -total"),
    ("match", "match total:", "            return lambda: dict(sum=total.lower())"),
    ("arg_removal", "total.split(sep, maxsplit)", "total.split(None, maxsplit)"),
    ("arg_removal", "total.split(sep, maxsplit)", "total.split(sep, None)"),
    ("arg_removal", "total.split(sep, maxsplit)", "total.split(maxsplit)"),
    ("arg_removal", "total.split(sep, maxsplit)", "total.split(sep, )"),
    (
        "unsymmetrical_string_methods_swap",
        "total.split(sep, maxsplit)",
        "total.rsplit(sep, maxsplit)",
    ),
    ("lambda", "lambda: dict(sum=total.lower())", "lambda: None"),
    ("dict_arguments", "dict(sum=total.lower())", "dict(sumXX=total.lower())"),
    ("arg_removal", "dict(sum=total.lower())", "dict(sum=None)"),
    ("symmetric_string_methods_swap", "total.lower()", "total.upper()"),
    ("swap_op", "-total", "+total"),
)


def mutmut_version() -> str:
    return version("mutmut")


def self_check() -> str | None:
    """None, or one line saying how the installed mutmut differs from the one we know."""
    installed = f"mutmut {mutmut_version()}"
    advice = "install mutmut>=3.8.1,<3.9"
    for known, callable_ in _SIGNATURES:
        if tuple(inspect.signature(callable_).parameters) != known:
            return f"{installed} takes other arguments for {callable_.__name__}: {advice}"
    try:
        ignored = pragmas(_REFERENCE, "reference snippet")
        raws = raw_mutations(_REFERENCE, "reference snippet", MUTMUT_OPERATORS, (), ignored)
    except Exception as error:
        return f"{installed} cannot mutate the reference snippet ({error!r}): {advice}"
    made = sorted(_summary(raw) for raw in raws if not raw.left)
    expected = sorted(_MADE_OF_REFERENCE)
    if len(made) != len(expected):
        return (
            f"{installed} made {len(made)} mutants of the reference snippet "
            f"where {len(expected)} are expected: {advice}"
        )
    for got, known_one in zip(made, expected, strict=True):
        if got != known_one:
            return f"{installed} made {got!r} where {known_one!r} is expected: {advice}"
    return None


def _summary(raw: RawMutation) -> tuple[str, str, str]:
    """The lines of a `match` that tell one removed case from another."""
    return raw.operator, raw.original.partition("\n")[0], raw.replacement.rpartition("\n")[2]


_SIGNATURES: tuple[tuple[tuple[str, ...], type], ...] = ((("filename",), PragmaVisitor),)
