"""Assertions as they are written: which statements check something, and which say "never here"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from assay.change.walk import walk

Statement = ast.stmt | ast.expr

_ASSERTING = re.compile(r"_*(assert|expect|should|verif|check|ensure)", re.IGNORECASE)
"""Beginnings of names of functions that check something, by custom."""

_FAILING = frozenset({"fail", "xfail", "skip", "skipTest"})
CONTEXTS = frozenset({"raises", "warns", "deprecated_call"})
_CHECKING = CONTEXTS | frozenset({"fnmatch_lines", "re_match_lines", "no_fnmatch_line"})

_ENVIRONMENT = re.compile(
    r"\b(sys|platform|os|environ|getenv|TYPE_CHECKING|importlib|find_spec|which|hasattr|version"
    r"|__version__|version_info|CI)\b|PY_?\d|PYPY|pypy|WINDOWS|LINUX|MACOS|win32|darwin"
    r"|\b(HAS|HAVE|IS|NO|WITH)_|\bhas_|\bhave_|_available|_installed|supports?_",
)


@dataclass(frozen=True, slots=True)
class Assertion:
    """One statement of a test that checks something; `parents` are those it stands in, from the
    function inwards."""

    node: ast.stmt
    parents: tuple[ast.AST, ...] = field(hash=False)

    @property
    def first(self) -> int:
        return self.node.lineno

    @property
    def last(self) -> int:
        """Of a block, the line its head ends on."""
        if isinstance(self.node, ast.With | ast.AsyncWith):
            return max(item.context_expr.end_lineno or 0 for item in self.node.items)
        return self.node.end_lineno or self.node.lineno


def last_name(node: ast.AST) -> str:
    """`c` of `a.b.c`, of `a.b.c(...)` and of `c`; empty for what has no name."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def statements(node: ast.AST, parents: tuple[ast.AST, ...] = ()) -> Iterator[Assertion]:
    """Every statement below a node, with what it stands in."""
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        for child in getattr(node, name, ()) if not isinstance(node, ast.expr) else ():
            if isinstance(child, ast.stmt):
                yield Assertion(child, (*parents, node))
            yield from statements(child, (*parents, node))


def own_expressions(statement: ast.stmt) -> list[ast.AST]:
    """The nodes of a statement without those of statements in it, lambdas and all."""
    found: list[ast.AST] = []
    for name, value in ast.iter_fields(statement):
        if name in ("body", "handlers", "orelse", "finalbody", "cases"):
            continue
        parts = value if isinstance(value, list) else [value]
        found += walk(*(part for part in parts if isinstance(part, ast.AST)))
    return found


def is_asserting_call(node: ast.AST) -> bool:
    name = last_name(node) if isinstance(node, ast.Call) else ""
    return bool(name) and (name in _CHECKING or _ASSERTING.match(name) is not None)


def checks(statement: ast.stmt) -> bool:
    """Whether the statement checks something: `assert`, a call by such a name, `with raises`."""
    if isinstance(statement, ast.Assert):
        return True
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return any(is_asserting_call(node) for node in own_expressions(statement))


def plainly_checks(statement: ast.stmt) -> bool:
    """Nothing but a check: `assert`, or a call `assertSomething(...)` standing alone."""
    if isinstance(statement, ast.Assert):
        return True
    value = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(value, ast.Await):
        value = value.value
    return isinstance(value, ast.Call) and last_name(value).lstrip("_").startswith("assert")


def fails_on_purpose(statement: ast.stmt) -> bool:
    """A statement that is there to say "never here", or to stop: it never runs in a good test."""
    if isinstance(statement, ast.Raise):
        return True
    if isinstance(statement, ast.Assert):
        return is_false(statement.test)
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Call) and last_name(value) in _FAILING


def is_false(node: ast.expr) -> bool:
    """A constant that is false: `False`, `0`, `not "reached"`."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return isinstance(node.operand, ast.Constant) and bool(node.operand.value)
    return isinstance(node, ast.Constant) and not node.value


def is_failure(statement: ast.stmt) -> bool:
    """A statement by which a test says that it has failed, wherever it stands."""
    if isinstance(statement, ast.Raise):
        return statement.exc is not None and last_name(statement.exc) == "AssertionError"
    return fails_on_purpose(statement)


def may_fail(function: ast.AST) -> bool:
    """Whether the function says anywhere that it fails: that is a check of its own kind. What
    functions within it raise is what they are made for."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(
        is_failure(one.node)
        or (
            isinstance(one.node, ast.Raise)
            and not any(isinstance(parent, functions) for parent in one.parents[1:])
        )
        for one in statements(function)
    )


def asks_environment(node: ast.AST) -> bool:
    """Whether a condition may be about the platform, versions, or what is installed."""
    return _ENVIRONMENT.search(ast.unparse(node)) is not None


def handler_names(handler: ast.ExceptHandler) -> tuple[str, ...]:
    """The names of what a handler catches; empty: everything."""
    kind = handler.type
    if kind is None:
        return ()
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return tuple(last_name(part) for part in parts)


def functions_of(tree: ast.Module) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a file that are in no other, by qualified name; of two of one name the later
    one, which is the one that counts."""
    found: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, prefix = pending.pop(0)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                found[prefix + child.name] = child
            elif isinstance(child, ast.ClassDef):
                pending.append((child, f"{prefix}{child.name}."))
            elif isinstance(child, ast.stmt | ast.ExceptHandler):
                pending.append((child, prefix))
    return found


def shown(text: str, first: int, last: int) -> str:
    """Lines of a text, their common indentation taken away."""
    lines = text.split("\n")[first - 1 : last]
    margin = min((len(row) - len(row.lstrip()) for row in lines if row.strip()), default=0)
    return "\n".join(line[margin:] for line in lines)
