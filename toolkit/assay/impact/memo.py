"""Which tests may have used what an earlier one left behind: caches, lazy values (pure).

A test that finds a value ready does not run the code that made it, and would not be selected when
that code changes. Three signs, none of them proof:

- a cache of functools gave the test a value that was there before it began (`hits`);
- the test ran code that asks for some state (`if _table is None`), and not the line in the same
  function that fills it, while something else did run that line;
- the test ran a line that names a function, and not the function, which only one node ever ran, or
  which keeps what it computed (`cached_property`).

Whoever shows a sign is a suspect: to be run again alone, where everything has to be made anew.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from assay.change.delta import parsed
from assay.change.regions import body_lines, lines_of
from assay.model.impact import TEST_PREFIX

Masks = Mapping[str, int]
"""Lines that ran, by path."""

Function = ast.FunctionDef | ast.AsyncFunctionDef

_KEEPERS = ("cache", "memo", "lazy", "once", "singleton", "reify")
_FILLERS = frozenset({"setdefault", "append", "add", "update", "insert", "extend", "register"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A place that keeps a value for later: who ran `fill` made it, who ran `asks` and not `fill`
    may have found it ready."""

    path: str
    what: str
    asks: int
    fill: int


@dataclass(frozen=True, slots=True)
class FunctionPlace:
    """A function by its last name; `keeps`: a decorator says that it computes only once."""

    path: str
    name: str
    qualname: str
    body: int
    keeps: bool


@dataclass(frozen=True, slots=True)
class KeptIn:
    """What one file holds of these, and which of its lines mention which names."""

    places: tuple[Kept, ...]
    functions: tuple[FunctionPlace, ...]
    mentions: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A sign: what was kept, and the nodes that may have made it."""

    what: str
    makers: frozenset[str]


def suspects(
    ran: Mapping[str, Masks], hits: Mapping[str, Collection[str]], texts: Mapping[str, str]
) -> dict[str, list[Suspicion]]:
    """The signs of each test, by node key.

    `ran` are the lines of every node, `hits` the caches (`PATH::QUALNAME`) that gave a node a value
    from before it, `texts` the files by path.
    """
    files = {path: kept_in(path, text) for path, text in texts.items()}
    runners = _Runners(ran)
    found: dict[str, list[Suspicion]] = {}

    def book(test: str, what: str, makers: Iterable[str]) -> None:
        others = frozenset(makers) - {test}
        if others and test.startswith(TEST_PREFIX):
            found.setdefault(test, []).append(Suspicion(what, others))

    for test, caches in hits.items():
        for cache in caches:
            book(test, cache, _makers_of_cache(cache, files, runners))
    for kept in (kept for file in files.values() for kept in file.places):
        makers = runners.of(kept.path, kept.fill)
        if makers:
            for node in runners.of(kept.path, kept.asks) - makers:
                book(node, kept.what, makers)
    for test, what, makers in _functions_found_ready(files, runners):
        book(test, what, makers)
    return found


class _Runners:
    """Which nodes ran a line, by file."""

    def __init__(self, ran: Mapping[str, Masks]) -> None:
        self._by_path: dict[str, list[tuple[int, str]]] = {}
        for key, masks in ran.items():
            for path, mask in masks.items():
                self._by_path.setdefault(path, []).append((mask, key))

    def of(self, path: str, lines: int) -> set[str]:
        return {key for mask, key in self._by_path.get(path, ()) if mask & lines}


def _makers_of_cache(cache: str, files: Mapping[str, KeptIn], runners: _Runners) -> set[str]:
    path, _, qualname = cache.partition("::")
    found: set[str] = set()
    for function in files[path].functions if path in files else ():
        if function.qualname == qualname:
            found |= runners.of(path, function.body)
    return found


def _functions_found_ready(
    files: Mapping[str, KeptIn], runners: _Runners
) -> Iterator[tuple[str, str, set[str]]]:
    candidates: dict[str, list[tuple[FunctionPlace, set[str]]]] = {}
    for file in files.values():
        for function in file.functions:
            makers = runners.of(function.path, function.body)
            if makers and (function.keeps or len(makers) == 1):
                candidates.setdefault(function.name, []).append((function, makers))
    for path, file in files.items():
        for name in candidates.keys() & file.mentions.keys():
            namers = runners.of(path, file.mentions[name])
            for function, makers in candidates[name]:
                for node in namers - makers:
                    yield node, f"{function.path}::{function.qualname}", makers


# One file


def kept_in(path: str, text: str) -> KeptIn:
    """Take a file apart; empty if it does not parse."""
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return KeptIn((), (), {})
    places: list[Kept] = []
    functions: list[FunctionPlace] = []
    mentions: dict[str, int] = {}
    for qualname, function in _functions(tree):
        body = body_lines(function)
        keeps = any(_says_kept(decorator) for decorator in function.decorator_list)
        functions.append(FunctionPlace(path, function.name, qualname, body, keeps))
        places.extend(_places(path, qualname, function))
        for statement in _statements(function):
            lines = lines_of(statement)
            if any(_inner(statement)):
                first = statement.lineno
                lines = 1 << first
            for node in _own_nodes(statement):
                for name in _named(node):
                    mentions[name] = mentions.get(name, 0) | lines
    return KeptIn(tuple(places), tuple(functions), mentions)


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, prefix = pending.pop()
        for child in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield prefix + child.name, child
                inner = f"{prefix}{child.name}.<locals>."
            elif isinstance(child, ast.ClassDef):
                inner = f"{prefix}{child.name}."
            pending.append((child, inner))


def _says_kept(decorator: ast.expr) -> bool:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = getattr(node, "attr", getattr(node, "id", "")).lower()
    return any(word in name for word in _KEEPERS)


def _statements(function: Function) -> Iterator[ast.stmt]:
    """All statements of a function but those of functions in it."""
    pending = list(function.body)
    while pending:
        statement = pending.pop()
        yield statement
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            pending.extend(_inner(statement))


def _inner(statement: ast.stmt) -> Iterator[ast.stmt]:
    for name in ("body", "orelse", "finalbody"):
        yield from getattr(statement, name, ())
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield from part.body


def _own_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement without those of the statements in it."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(c for c in ast.iter_child_nodes(node) if not isinstance(c, ast.stmt))


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        yield node.attr


def _places(path: str, qualname: str, function: Function) -> Iterator[Kept]:
    """State that the function both asks for and fills, on different lines."""
    asks: dict[str, int] = {}
    fill: dict[str, int] = {}
    outer = {n for s in _statements(function) if isinstance(s, ast.Global) for n in s.names}
    local = _local_names(function) - outer
    for statement in _statements(function):
        compound = any(_inner(statement))
        lines = 1 << statement.lineno if compound else lines_of(statement)
        filled = set() if compound else set(_filled(statement, outer))
        for state in filled:
            fill[state] = fill.get(state, 0) | lines
        for node in _own_nodes(statement):
            for name in _named(node):
                if name not in filled and name not in local:
                    asks[name] = asks.get(name, 0) | lines
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                # hasattr(self, "_table")
                asks[node.value] = asks.get(node.value, 0) | lines
    for state, stored in fill.items():
        if asks.get(state, 0) & ~stored:
            yield Kept(path, f"{path}::{qualname} ({state})", asks[state] & ~stored, stored)


def _local_names(function: Function) -> set[str]:
    arguments = function.args
    names = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    for statement in _statements(function):
        for node in _own_nodes(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return names


def _filled(statement: ast.stmt, outer: Collection[str]) -> Iterator[str]:
    """Names of state that outlives the call, which the statement stores to."""
    for node in _own_nodes(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in outer:
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            yield from _last_name(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _FILLERS:
                yield from _last_name(node.func.value)
            elif node.func.attr == "__setattr__":
                yield from _texts(node)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr":
            yield from _texts(node)


def _texts(call: ast.Call) -> Iterator[str]:
    for argument in call.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def _last_name(node: ast.expr) -> Iterator[str]:
    name = getattr(node, "attr", getattr(node, "id", ""))
    if name:
        yield name
