"""What the code of the tests checks: the assertions that can be reached and can fail, and the hooks
that decide on outcomes."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator

from assay.diagnosis.sides import Function, Place, Side
from assay.model.verification import TestCode

_CHECKS = frozenset({"raises", "warns", "deprecated_call", "fail"})

_SWALLOWING = frozenset({"AssertionError", "Exception", "BaseException"})

_ENDING = frozenset({"skip", "exit", "xfail"})
"""Functions of pytest after which a test does not go on."""

_DECIDING = (
    "pytest_runtest_",
    "pytest_pyfunc_call",
    "pytest_fixture_setup",
    "pytest_collection_",
    "pytest_collect_",
    "pytest_itemcollected",
    "pytest_pycollect_",
    "pytest_ignore_collect",
    "pytest_deselected",
    "pytest_report_",
    "pytest_sessionfinish",
    "pytest_exception_interact",
)
"""Hooks by which an outcome can be decided, by how their names begin."""

TEXT_LENGTH = 160
"""Characters of an assertion that are kept."""


def code_of(side: Side, is_test: Callable[[str], bool], of_tests: Iterable[str]) -> TestCode:
    """What the tests of a tree check; the texts of their assertions only for `of_tests`, node ids
    or files."""
    wanted = {function_of(test) for test in of_tests}
    assertions, texts, hooks = {}, {}, {}
    for path in sorted(filter(is_test, side.texts)):
        for place in side.defined_in(path):
            if isinstance(place.node, Function):
                name = f"{path}::{place.name}"
                found = list(_checks(place.node.body))
                assertions[name] = len(found)
                if name in wanted:
                    texts[name] = _texts(place, found)
                if place.name.startswith(_DECIDING):
                    hooks[name] = _digest(ast.dump(place.node))
    files = {path: _digest(text) for path, text in side.texts.items() if is_test(path)}
    sources = "".join(
        f"{path}\0{text}\0" for path, text in sorted(side.texts.items()) if not is_test(path)
    )
    return TestCode(assertions, texts, hooks, files, _digest(sources))


def function_of(test: str) -> str:
    """The function of a node id, as "path::Class.name"."""
    path, *names = test.partition("[")[0].split("::")
    return f"{path}::{'.'.join(names)}" if names else path


def _texts(place: Place, checks: Iterable[ast.AST]) -> tuple[str, ...]:
    """The checks of a test function as they are written, and its decorators: these hold the values
    that it is called with."""
    decorators = place.node.decorator_list if isinstance(place.node, Function) else []
    written = [f"@{ast.unparse(one)}" for one in decorators]
    return tuple(text[:TEXT_LENGTH] for text in (*written, *map(ast.unparse, checks)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


# -- what can be reached


def _checks(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """The checks in a block, in their order, without those that cannot be reached or whose failure
    is swallowed. What depends on a value counts as reached."""
    for statement in body:
        yield from _of_statement(statement)
        if _ends(statement):
            return


def _of_statement(node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.Assert):
        if not _always(node.test):
            yield node
        return
    for block in _blocks(node):
        yield from _checks(block)
    for part in _expressions(node):
        yield from (one for one in ast.walk(part) if _is_check(one))


def _blocks(node: ast.stmt) -> Iterator[Collection[ast.stmt]]:
    """The blocks of a statement that may run and whose failures come out."""
    if isinstance(node, ast.If | ast.While):
        if not _never(node.test):
            yield node.body
        if not _always(node.test):
            yield node.orelse
    elif isinstance(node, ast.For | ast.AsyncFor):
        if not (isinstance(node.iter, ast.List | ast.Tuple) and not node.iter.elts):
            yield node.body
        yield node.orelse
    elif isinstance(node, ast.Try | ast.TryStar):
        if not any(_swallows(handler) for handler in node.handlers):
            yield node.body
        yield from (handler.body for handler in node.handlers)
        yield node.orelse
        yield node.finalbody
    elif isinstance(node, ast.With | ast.AsyncWith):
        if not any(_suppresses(item.context_expr) for item in node.items):
            yield node.body
    elif isinstance(node, ast.Match):
        yield from (case.body for case in node.cases)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.body


def _expressions(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement itself, without its blocks."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.withitem):
            yield child.context_expr


def _ends(node: ast.stmt) -> bool:
    """Whether the block ends here, whatever the values."""
    if isinstance(node, ast.Return | ast.Raise | ast.Continue | ast.Break):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return _name(node.value.func) in _ENDING
    if isinstance(node, ast.If):
        if _always(node.test):
            return any(map(_ends, node.body))
        return any(map(_ends, node.body)) and any(map(_ends, node.orelse))
    if isinstance(node, ast.With | ast.AsyncWith):
        return any(map(_ends, node.body)) and not any(
            isinstance(item.context_expr, ast.Call) for item in node.items
        )
    return False


def _always(test: ast.expr) -> bool:
    """Whether a condition holds whatever the values are."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple | ast.List):
        return any(not isinstance(one, ast.Starred) for one in test.elts)
    if isinstance(test, ast.BoolOp):
        each = any if isinstance(test.op, ast.Or) else all
        return each(map(_always, test.values))
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _never(test.operand)
    return False


def _never(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant):
        return not test.value
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _always(test.operand)
    return False


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes failed assertions and lets the test go on."""
    told = handler.type
    types = told.elts if isinstance(told, ast.Tuple) else [told]
    if told is not None and not any(_name(one) in _SWALLOWING for one in types if one is not None):
        return False
    inside = [node for statement in handler.body for node in ast.walk(statement)]
    return not any(isinstance(node, ast.Raise | ast.Assert) or _is_check(node) for node in inside)


def _suppresses(context: ast.expr) -> bool:
    return (
        isinstance(context, ast.Call)
        and _name(context.func) == "suppress"
        and any(_name(one) in _SWALLOWING for one in context.args)
    )


def _is_check(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = _name(node.func)
    return name in _CHECKS or name.lower().startswith("assert")


def _name(node: ast.expr | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
