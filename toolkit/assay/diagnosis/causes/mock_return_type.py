"""A mock returns a value of a type that the real function never returns, and the code stumbles.

Facts: `target` is what is patched, dotted; `given` the type that the mock returns, `real` the types
that the real function returns; `patches` is the call, as "path:line".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.patching import Patch, patches_for
from assay.diagnosis.sides import Function, Place, Side
from assay.diagnosis.signs import of_documents
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site

_TYPES = frozenset(
    {"str", "int", "float", "bool", "bytes", "list", "dict", "set", "tuple", "None", "complex"}
)
_DISPLAYS: dict[type[ast.expr], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple",
    ast.JoinedStr: "str",
}
_ALSO = {"float": {"int", "bool"}, "int": {"bool"}, "complex": {"int", "float"}}
"""Types that stand for another by Python's numeric tower."""


def _match(case: Case) -> Match | None:
    error, frame = case.error, case.own_frame
    if not error.is_a("TypeError", "AttributeError", "KeyError", "IndexError") or frame is None:
        return None
    for patch in patches_for(case):
        value = patch.given("return_value")
        place = case.sides.head.defined_as(patch.target)
        given = type_of(value) if value is not None else None
        if place is None or given is None or not _is_named(case, given):
            continue
        real, annotated = returned_types(case.sides.head, place)
        if real and not _allowed(given, real):
            return _told(case, patch, place, (given, sorted(real)), annotated)
    return None


def _told(
    case: Case, patch: Patch, place: Place, types: tuple[str, list[str]], annotated: bool
) -> Match:
    given, real = types
    frame = case.own_frame
    assert frame is not None
    words = f"`{patch.target}` returns {' or '.join(real)}, the test's stand-in {given}"
    return Match(
        cause=CAUSE.name,
        key=f"{patch.target}:{given}",
        certainty=Certainty.COMPLETE if annotated else Certainty.PARTIAL,
        sentence=f"{patch.place}: {words}",
        proofs=(
            Proof("mock", case.sides.head.line(patch.path, patch.node.lineno), patch.place, "head"),
            Proof("real", _head(place), place.shown, "head"),
            *_before(case, place),
            Proof("use", frame.source, frame.place, "head"),
            Proof("error", case.error.first_line),
        ),
        signs=(
            Sign(Fault.TEST, words, patch.place),
            *of_documents(case.sides, place.short),
        ),
        sites=(Site(patch.path, patch.node.lineno),),
        fix=f"let the stand-in return {' or '.join(real)}, as the real one does",
        facts={"target": patch.target, "given": given, "real": real, "patches": [patch.place]},
    )


def _before(case: Case, place: Place) -> Iterator[Proof]:
    old = case.sides.base.definition(place.path, place.name)
    if old is not None and _head(old) != _head(place):
        yield Proof("real", _head(old), old.shown, "base")


def _head(place: Place) -> str:
    return ast.unparse(place.node).split("\n", 1)[0]


def _is_named(case: Case, given: str) -> bool:
    """Whether the error is about a value of that type."""
    text = case.error.first_line
    if given == "None":
        return "NoneType" in text
    return re.search(rf"\b{given}\b", text) is not None


def _allowed(given: str, real: set[str]) -> bool:
    return given in real or any(given in _ALSO.get(one, ()) for one in real)


def type_of(node: ast.expr) -> str | None:
    """The built-in type of what an expression makes, where the text says it."""
    if isinstance(node, ast.Constant):
        return "None" if node.value is None else type(node.value).__name__
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return type_of(node.operand)
    return _DISPLAYS.get(type(node))


def returned_types(side: Side, place: Place) -> tuple[set[str], bool]:
    """The names of the types that a function returns, and whether an annotation says so; empty if
    that is not known."""
    node = place.node
    if (
        not isinstance(node, Function)
        or node.decorator_list
        or isinstance(node, ast.AsyncFunctionDef)
    ):
        return set(), False
    if node.returns is not None:
        return _annotated(side, place.path, node.returns), True
    found: set[str] = set()
    for one in _own_returns(node):
        kind = "None" if one is None else type_of(one) or _made(one)
        if not kind:
            return set(), False
        found.add(kind)
    return found, False


def _annotated(side: Side, path: str, node: ast.expr) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value, mode="eval").body
        except SyntaxError:
            return set()
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = (_annotated(side, path, one) for one in (node.left, node.right))
        return left | right if left and right else set()
    if isinstance(node, ast.Subscript):
        return _annotated(side, path, node.value)
    name = ast.unparse(node)
    if name in _TYPES:
        return {name}
    meant = side.meant(path, node)
    known = meant == "decimal.Decimal" or side.defined_as(meant) is not None
    return {meant.rpartition(".")[2]} if known else set()


def _own_returns(node: Function) -> Iterator[ast.expr | None]:
    pending: list[ast.AST] = list(node.body)
    while pending:
        one = pending.pop()
        if isinstance(one, ast.Return):
            yield one.value
        if isinstance(one, ast.Yield | ast.YieldFrom):
            yield ast.Name("generator")
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending += ast.iter_child_nodes(one)


def _made(node: ast.expr) -> str:
    """The type that a call of a built-in type makes."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TYPES:
        return node.func.id
    return ""


CAUSE = Cause(
    name="mock-return-type",
    title="Mock returns what the real one never does",
    rule=(
        "A patch of the test's own gives a `return_value` of a built-in type; the real function "
        "has an annotation, or nothing but plain `return`s, that leaves that type out; and the "
        "error is a TypeError, AttributeError, KeyError or IndexError that names that type."
    ),
    shows="the patch, the real function at base and at head, and where the value was used.",
    verdict="A sign for test: the stand-in is not what the code is written for.",
    fix="return what the real function returns.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A function came to return text, and the test's stand-in still returns a number.",
            {
                "rates.py": "def fetch(name) -> int:\n    return 2\n\n\n"
                "def load():\n    return 'a'\n",
                "shop.py": "import rates\n\n\ndef price(n):\n"
                "    return n * rates.fetch('EUR')\n\n\n"
                "def text():\n    return rates.load() + 'b'\n",
                "test_shop.py": """\
from unittest.mock import patch

import shop


def test_price():
    with patch("rates.fetch", return_value=2):
        assert shop.price(1) == 2


def test_text():
    with patch("rates.load", return_value="a"):
        assert shop.text() == "ab"
""",
            },
            {
                "rates.py": "def fetch(name) -> str:\n    return '2'\n\n\n"
                "def load():\n    return 'a'\n",
                "shop.py": "import rates\n\n\ndef price(n):\n"
                "    return n * int(rates.fetch('EUR').strip())\n\n\n"
                "def text():\n    return rates.load() + 1\n",
            },
            {"test_shop.py::test_price": Fault.TEST},
            ("test_shop.py::test_text",),
        ),
    ),
    ambiguity="annotations may be wrong, and values of classes are not compared.",
)
