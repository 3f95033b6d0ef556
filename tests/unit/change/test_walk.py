"""Facts about walking syntax trees."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import assay
from assay.change.walk import children, own_nodes, walk

FILES = sorted(Path(assay.__file__).parent.rglob("*.py"))
LEFT_OUT = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


def kinds(nodes: list[ast.AST]) -> list[str]:
    return [type(node).__name__ for node in nodes]


@pytest.mark.parametrize("file", FILES[::7], ids=lambda file: file.name)
def test_every_node_but_contexts_and_operators_is_met_once(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    wanted = {id(node) for node in ast.walk(tree) if not isinstance(node, LEFT_OUT)}
    met = [id(node) for node in walk(tree)]
    assert set(met) == wanted
    assert len(met) == len(wanted)


@pytest.mark.parametrize(
    "text",
    [
        "match a:\n    case {'k': [1, *rest], **others} | C(x=2) as whole if b: c\n",
        "async def f(a, /, b: int = 1, *c, d=2, **e) -> int:\n    async with x as y: await z\n",
        "lambda: [a for b in c if d]\nf'{x!r:>{width}}'\n",
        "try:\n    a\nexcept* E as e:\n    b\nelse:\n    c\nfinally:\n    d\n",
        "@a.b(c)\nclass C(D, metaclass=E):\n    x: int = 1\n    del y[1:2:3]\n",
    ],
)
def test_no_field_with_nodes_is_forgotten(text: str) -> None:
    tree = ast.parse(text)
    wanted = {id(node) for node in ast.walk(tree) if not isinstance(node, LEFT_OUT)}
    assert {id(node) for node in walk(tree)} == wanted


def test_several_roots_are_walked_together() -> None:
    first, second = ast.parse("a\nb(c)\n").body
    assert kinds(walk(first, second)) == ["Expr", "Expr", "Name", "Call", "Name", "Name"]


def test_children_are_those_right_below() -> None:
    [statement] = ast.parse("if a: b\nelse: c\n").body
    assert kinds(children(statement)) == ["Name", "Expr", "Expr"]
    assert children(ast.Constant(1)) == []


def test_own_nodes_end_where_another_statement_begins() -> None:
    [statement] = ast.parse("with a(b) as c:\n    d\n").body
    assert kinds(own_nodes(statement)) == ["With", "withitem", "Call", "Name", "Name", "Name"]
