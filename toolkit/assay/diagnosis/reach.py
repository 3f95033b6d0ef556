"""Which altered definitions of the sources a failing test reaches, read from the code: a lead where
its execution was not compared."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from assay.diagnosis.cause import Case
from assay.diagnosis.sides import Definition, Function, Place, Side, Sides, parsed
from assay.model.evidence import FrameKind

DEPTH = 5
"""So many steps from definition to definition are followed."""

PLACES = 500
"""So many definitions are looked at."""

ONLY = 99
"""The depth of what is not seen to be reached, and is all that was altered."""

_SET_UP = frozenset({"setUp", "setUpClass", "setup_method", "setup_class", "setup", "asyncSetUp"})


@dataclass(frozen=True, slots=True)
class Altered:
    """A definition whose code differs: one side is None where it is new or gone. `depth` is how far
    from the test it lies, 0 if the exception came through it."""

    before: Place | None
    after: Place | None
    depth: int = 0

    @property
    def place(self) -> Place:
        place = self.after or self.before
        assert place is not None
        return place

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def short(self) -> str:
        return self.place.short

    @property
    def key(self) -> str:
        return f"{self.place.path}::{self.place.name}"


# -- what was altered


def altered(sides: Sides) -> tuple[Altered, ...]:
    """Functions, methods, constants and heads of classes of the sources that differ in code, not
    only in comments and docstrings."""
    return tuple(
        one
        for path in sides.changed_sources
        for one in _altered(path, *(text or "" for text in sides.changed[path]))
    )


@lru_cache(maxsize=512)
def _altered(path: str, before: str, after: str) -> tuple[Altered, ...]:
    old = {place.name: place for place in Side({path: before}).defined_in(path)}
    new = {place.name: place for place in Side({path: after}).defined_in(path)}
    found = []
    for name in dict.fromkeys([*new, *old]):
        one, other = old.get(name), new.get(name)
        if one is None or other is None or code_of(one.node) != code_of(other.node):
            found.append(Altered(one, other))
    return tuple(found)


def code_of(node: ast.stmt) -> str:
    """The code without docstrings; of a class, without what is defined in it."""
    if isinstance(node, ast.ClassDef):
        kept = [part for part in node.body if not isinstance(part, Definition | ast.Assign)]
        heads = [*node.decorator_list, *node.bases, *(word.value for word in node.keywords)]
        return "\n".join(ast.unparse(part) for part in [*heads, *_without_docstring(kept)])
    if isinstance(node, Function):
        returns = ast.unparse(node.returns) if node.returns is not None else ""
        head = [*(ast.unparse(one) for one in node.decorator_list), ast.unparse(node.args)]
        body = [ast.unparse(part) for part in _without_docstring(node.body)]
        kind = type(node).__name__
        return "\n".join([kind, returns, *head, *body])
    return ast.unparse(node)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if told else body


# -- what a test reaches


def reached(case: Case) -> tuple[Altered, ...]:
    """The altered definitions that the failure can have to do with, the likeliest first: where the
    executions part, those that the exception came through from the inside out, then by how far from
    the test they are named. Where none is, all that was altered if that is one."""
    every = altered(case.sides)
    if not every:
        return ()
    keyed = {one.key: one for one in every}
    found: dict[str, Altered] = {}
    for key, depth in (*_of_difference(case), *_of_frames(case), *_named(case)):
        if key in keyed and key not in found:
            found[key] = Altered(keyed[key].before, keyed[key].after, depth)
    if not found and len(every) == 1:
        return (Altered(every[0].before, every[0].after, ONLY),)
    return tuple(found.values())


def _of_difference(case: Case) -> Iterator[tuple[str, int]]:
    there = case.difference
    if there is not None:
        for path, function in ((there.path, there.function), *there.candidates):
            yield f"{path}::{function.replace('.<locals>', '')}", 0


def _of_frames(case: Case) -> Iterator[tuple[str, int]]:
    for frame in reversed(case.error.frames):
        if frame.kind is FrameKind.SOURCE:
            yield f"{frame.path}::{frame.function.partition('.<locals>')[0]}", 0


def _named(case: Case) -> Iterator[tuple[str, int]]:
    for place, depth in places_reached(case):
        yield f"{place.path}::{place.name}", depth


def places_reached(case: Case) -> tuple[tuple[Place, int], ...]:
    """Definitions named by the test, by those, and so on, with their distance; what base alone has
    too. The test and its fixtures are at distance 0."""
    return _walked(case.sides.head, case.sides.gone, tuple(_starts(case)))


@lru_cache(maxsize=256)
def _walked(
    head: Side, gone: tuple[Place, ...], starts: tuple[Place, ...]
) -> tuple[tuple[Place, int], ...]:
    known = _index(head)
    lost: dict[str, list[Place]] = {}
    for place in gone:
        lost.setdefault(place.short, []).append(place)
    found = {(place.path, place.name): (place, 0) for place in starts}
    front = list(starts)
    for depth in range(1, DEPTH + 1):
        further: list[Place] = []
        for name in dict.fromkeys(name for place in front for name in mentioned(place)):
            for one in (*known.get(name, ()), *lost.get(name, ())):
                if (one.path, one.name) not in found and len(found) < PLACES:
                    found[one.path, one.name] = (one, depth)
                    further.append(one)
        front = further
    return tuple(found.values())


@lru_cache(maxsize=256)
def reaching(side: Side, path: str, name: str, depth: int = 2) -> frozenset[tuple[str, str]]:
    """The definitions, as (path, name), that name the one at `path` and `name`, or name one that
    does, in at most `depth` steps: the tests among them are those of the same unit."""
    place = side.definition(path, name)
    front = [] if place is None else [place]
    found: set[tuple[str, str]] = set()
    users = _users(side)
    for _ in range(depth):
        further = [user for one in front for user in users.get(one.short, ())]
        front = [one for one in dict.fromkeys(further) if (one.path, one.name) not in found]
        found.update((one.path, one.name) for one in front)
    return frozenset(found)


@lru_cache(maxsize=16)
def _users(side: Side) -> dict[str, tuple[Place, ...]]:
    found: dict[str, list[Place]] = {}
    for place in side.definitions:
        for name in mentioned(place):
            found.setdefault(name, []).append(place)
    return {name: tuple(places) for name, places in found.items()}


def _starts(case: Case) -> Iterator[Place]:
    test = test_function(case)
    if test is None:
        return
    yield test
    owner = test.name.rpartition(".")[0]
    for place in case.sides.head.defined_in(case.path):
        if place.name.rpartition(".")[0] == owner and place.short in _SET_UP:
            yield place
    for name in case.fixtures:
        for place in _index(case.sides.head).get(name, ()):
            if case.sides.is_test(place.path) or place.path.endswith("conftest.py"):
                yield place


def test_function(case: Case) -> Place | None:
    """The definition of the failing test."""
    _, _, inside = case.test.partition("::")
    name = inside.partition("[")[0].replace("::", ".")
    return _definition(case.sides.head, case.path, name)


@lru_cache(maxsize=1024)
def _definition(side: Side, path: str, name: str) -> Place | None:
    return side.definition(path, name)


@lru_cache(maxsize=16)
def _index(side: Side) -> dict[str, tuple[Place, ...]]:
    found: dict[str, tuple[Place, ...]] = {}
    for place in side.definitions:
        if not place.short.startswith("test"):
            found[place.short] = (*found.get(place.short, ()), place)
    return found


@lru_cache(maxsize=8192)
def mentioned(place: Place) -> tuple[str, ...]:
    """The identifiers in a definition, in their order. A class mentions its own special methods,
    which nobody names, and not what its other methods mention."""
    node = place.node
    parts: list[ast.AST] = [node]
    extra: list[str] = []
    if isinstance(node, ast.ClassDef):
        parts = [*node.decorator_list, *node.bases, *node.keywords]
        parts += [part for part in node.body if not isinstance(part, Definition)]
        names = [part.name for part in node.body if isinstance(part, Function)]
        extra = [name for name in names if name.startswith("__")]
    found = [name for part in parts for name in _identifiers(part)]
    return tuple(dict.fromkeys([*found, *extra]))


def _identifiers(part: ast.AST) -> Iterator[str]:
    for node in ast.walk(part):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


# -- what a line of a test says


def statement_at(sides: Sides, path: str, line: int) -> ast.stmt | None:
    """The innermost statement at a line of head."""
    tree = sides.head.tree(path)
    return None if tree is None else _statement(tree, line)


@lru_cache(maxsize=4096)
def _statement(tree: ast.Module, line: int) -> ast.stmt | None:
    around = [
        node
        for node in _statements(tree)
        if node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(around, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None)


@lru_cache(maxsize=256)
def _statements(tree: ast.Module) -> tuple[ast.stmt, ...]:
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.stmt))


def behind(sides: Sides, path: str, line: int, value: ast.expr) -> ast.expr:
    """What a name was last given before the line, in the function around it; else the value."""
    place = sides.head.enclosing(path, line)
    if not isinstance(value, ast.Name) or place is None:
        return value
    given = [
        node
        for node in ast.walk(place.node)
        if isinstance(node, ast.Assign)
        and node.lineno < line
        and any(isinstance(to, ast.Name) and to.id == value.id for to in node.targets)
    ]
    return max(given, key=lambda node: node.lineno).value if given else value


def called_names(value: ast.AST) -> list[str]:
    """The names of the functions that an expression calls, the outermost first."""
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    names = [_name(node.func) for node in calls]
    return [name for name in names if name]


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def expression(text: str) -> ast.expr | None:
    """Text as an expression, if it is one."""
    tree = parsed(text.strip())
    first = tree.body[0] if tree is not None and tree.body else None
    return first.value if isinstance(first, ast.Expr) else None
