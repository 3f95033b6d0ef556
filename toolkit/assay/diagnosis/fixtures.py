"""The functions of tests: which one a node id names, the fixtures there are, and their code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from assay.diagnosis.cause import Case
from assay.diagnosis.sides import Function, Place, Side

_SETTING_UP = frozenset(
    {"setUp", "setUpClass", "setup_method", "setup_class", "setup_function", "setup_module"}
)


@dataclass(frozen=True, slots=True)
class Fixture:
    """A fixture by the name that tests ask for."""

    name: str
    scope: str
    autouse: bool
    place: Place


def fixtures_of(side: Side, path: str | None = None) -> Iterator[Fixture]:
    """All in the project, or in a file."""
    for where in side.texts if path is None else (path,):
        if "fixture" in side.texts.get(where, ""):
            for place in side.defined_in(where):
                yield from _fixture(place)


def _fixture(place: Place) -> Iterator[Fixture]:
    if not isinstance(place.node, Function):
        return
    for decorator in place.node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        named = call.func if call is not None else decorator
        if _last(named) not in ("fixture", "async_fixture"):
            continue
        given = {k.arg: _constant(k.value) for k in (call.keywords if call is not None else [])}
        name, scope = given.get("name"), given.get("scope")
        yield Fixture(
            name if isinstance(name, str) else place.short,
            scope if isinstance(scope, str) else "function",
            given.get("autouse") is True,
            place,
        )


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _constant(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def test_function(case: Case, side: Side) -> Place | None:
    """The function of the case's node id."""
    inside = case.test.partition("[")[0].split("::")[1:]
    return side.definition(case.path, ".".join(inside)) if inside else None


test_function.__test__ = False  # type: ignore[attr-defined]


def code_of(case: Case) -> list[Place]:
    """The functions of the tests at head that the case's test runs by itself: its own, what sets
    it up, and the fixtures that it asks for."""
    side = case.sides.head
    own = test_function(case, side)
    found = [] if own is None else [own]
    owner = "" if own is None else own.name.rpartition(".")[0]
    for place in side.defined_in(case.path):
        sets_up = place.short in _SETTING_UP and place.name.rpartition(".")[0] in ("", owner)
        if sets_up or place.name == owner:
            found.append(place)
    for one in fixtures_of(side):
        if one.name in case.fixtures and case.sides.is_test(one.place.path):
            found.append(one.place)
    return found
