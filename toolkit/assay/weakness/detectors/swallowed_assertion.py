"""An assertion whose failure is caught and dropped by the test itself."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from assay.model.finding import Confidence, Finding, Severity
from assay.weakness.detector import Detector, Example
from assay.weakness.facts import SuiteFacts, TestFunction
from assay.weakness.making import about, code
from assay.weakness.syntax import (
    Assertion,
    handler_names,
    last_name,
    plainly_checks,
    statements,
)

KIND = "swallowed-assertion"

_CATCHING = frozenset({"AssertionError", "Exception", "BaseException"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_TALK = frozenset(
    {"print", "print_exc", "debug", "info", "warning", "warn", "error", "exception", "log", "write"}
)


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    for test in facts.tests:
        if test.path in facts.stale:
            continue
        found = [
            (one, catcher)
            for one in statements(test.node)
            if plainly_checks(one.node) and facts.ran_line(test.path, one.first, one.last)
            for catcher in [_catcher(one)]
            if catcher is not None
        ]
        if found:
            yield _finding(test, *found[0], count=len(found))


def _catcher(one: Assertion) -> ast.AST | None:
    """What drops the assertion's failure: a handler, or `with suppress(...)`; None: nothing does.

    The innermost that catches it decides.
    """
    chain = [*one.parents, one.node]
    for parent, child in reversed(list(itertools.pairwise(chain))):
        if isinstance(parent, ast.Try) and child in parent.body:
            for handler in parent.handlers:
                names = handler_names(handler)
                if not names or _CATCHING & set(names):
                    return handler if _drops(handler) and not _tries_again(parent) else None
        if isinstance(parent, ast.With | ast.AsyncWith):
            for item in parent.items:
                call = item.context_expr
                given = call.args if isinstance(call, ast.Call) else []
                caught = {last_name(argument) for argument in given}
                if last_name(call) == "suppress" and _CATCHING & caught:
                    return parent
                if last_name(call) in ("raises", "assertRaises", "subTest"):
                    return None
        if isinstance(parent, _FUNCTIONS) and parent is not one.parents[0]:
            return None
    return None


def _drops(handler: ast.ExceptHandler) -> bool:
    """Whether the handler does nothing that anybody could notice: talk at most."""
    return all(map(_says_nothing, handler.body))


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass | ast.Continue):
        return True
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    value = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(value, ast.Call):
        return last_name(value) in _TALK
    return isinstance(value, ast.Constant)


def _tries_again(block: ast.Try) -> bool:
    """A block in a loop that is left when the assertion holds: a wait, not a swallow."""
    return any(
        isinstance(one.node, ast.Break | ast.Return)
        for one in statements(ast.Module(body=[*block.body, *block.orelse], type_ignores=[]))
    )


def _finding(test: TestFunction, one: Assertion, catcher: ast.AST, count: int) -> Finding:
    which = "an assertion" if count == 1 else f"{count} assertions"
    first = getattr(catcher, "lineno", one.first)
    last = catcher.body[-1].end_lineno if isinstance(catcher, ast.ExceptHandler) else first
    return about(
        test,
        KIND,
        f"`{test.unit}` catches the failure of {which} itself, and drops it.",
        [
            code(test, "the assertion", one.first, one.last),
            code(test, "what drops its failure", first, last or first),
        ],
        "take the assertion out of the block, or catch only what the code under test may raise",
        (Confidence.CERTAIN, Severity.HIGH),
        ast.unparse(one.node),
    )


_SHOP = """\
def price(n):
    return n * 3
"""

DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Swallowed assertion: a failure that the test drops",
    definition=(
        "An assertion that ran stands in a `try` whose handler catches AssertionError, Exception "
        "or everything, or in `contextlib.suppress` of these, and nothing in the handler fails, "
        "raises, or keeps what happened."
    ),
    why="The assertion runs, may be wrong, and the test passes all the same.",
    confidence=Confidence.CERTAIN,
    confidence_because="no failure of that assertion can reach pytest.",
    guards=(
        "tests of which a case was skipped, failed, was expected to fail, or did not run",
        "handlers that raise, fail, assert, or store anything",
        "blocks left by `break` or `return` once the assertion holds: these wait for it",
    ),
    fix="take the assertion out of the block, or narrow the handler.",
    find=_find,
    examples=(
        Example(
            "Three ways to drop a failure, and handlers that do not.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
import contextlib

import pytest

from shop import price


def test_everything_caught():
    try:
        assert price(2) == 7
    except:
        pass


def test_caught_and_told():
    try:
        assert price(2) == 7
    except Exception as problem:
        print(problem)


def test_suppressed():
    with contextlib.suppress(AssertionError):
        assert price(2) == 7


def test_other_errors_caught():
    try:
        assert price(2) == 6
    except ValueError:
        pass


def test_told_on():
    try:
        assert price(2) == 6
    except AssertionError:
        pytest.fail('wrong')


def test_waits():
    for n in range(5):
        try:
            assert price(n) == 6
            break
        except AssertionError:
            continue
    else:
        pytest.fail('never')
""",
            },
            (
                "test_shop.py::test_everything_caught",
                "test_shop.py::test_caught_and_told",
                "test_shop.py::test_suppressed",
            ),
            (
                "test_shop.py::test_other_errors_caught",
                "test_shop.py::test_told_on",
                "test_shop.py::test_waits",
            ),
        ),
    ),
)
