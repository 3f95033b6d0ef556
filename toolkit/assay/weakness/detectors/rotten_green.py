"""An assertion of a test that no case of it ever reaches."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.model.finding import Confidence, Finding, Severity
from assay.weakness.detector import Detector, Example
from assay.weakness.facts import SuiteFacts, TestFunction, Watched
from assay.weakness.making import about, code
from assay.weakness.syntax import (
    CONTEXTS,
    Assertion,
    asks_environment,
    fails_on_purpose,
    is_false,
    last_name,
    plainly_checks,
    statements,
)

KIND = "rotten-green"

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    for test in facts.tests:
        if test.path in facts.stale:
            continue
        missed = [
            one
            for one in statements(test.node)
            if plainly_checks(one.node)
            and not fails_on_purpose(one.node)
            and not facts.ran_line(test.path, one.first, one.last)
            and not _may_run_elsewhere(test, one)
        ]
        if any(_is_random(case) for case in test.cases):
            missed = [one for one in missed if _why(one)[1]]
        if missed:
            yield _finding(test, missed)


def _is_random(case: Watched) -> bool:
    """Whether a case draws its data anew each time: the next run may reach what this did not."""
    return "hypothesis" in case.markers


def _may_run_elsewhere(test: TestFunction, one: Assertion) -> bool:
    """On another platform, with another version, or in a process that was not watched."""
    nested = any(isinstance(parent, _FUNCTIONS) for parent in one.parents[1:])
    if nested and test.opaque:
        return True
    for parent in one.parents:
        if isinstance(parent, ast.If | ast.While | ast.match_case):
            condition = parent.pattern if isinstance(parent, ast.match_case) else parent.test
            if asks_environment(condition):
                return True
        if isinstance(parent, ast.ExceptHandler | ast.Try) and _imports(one.parents):
            return True
    return any(
        isinstance(other.node, ast.If)
        and other.first < one.first
        and asks_environment(other.node.test)
        and any(isinstance(inner.node, ast.Return) for inner in statements(other.node))
        for other in statements(test.node)
    )


def _imports(parents: tuple[ast.AST, ...]) -> bool:
    tries = [parent for parent in parents if isinstance(parent, ast.Try)]
    return any(
        isinstance(one.node, ast.Import | ast.ImportFrom)
        for parent in tries
        for one in statements(parent)
    )


def _finding(test: TestFunction, missed: list[Assertion]) -> Finding:
    why, sure = _why(missed[0])
    count = len(missed)
    which = "an assertion" if count == 1 else f"{count} assertions"
    cases = len(test.cases)
    ran = "the test passes" if cases == 1 else f"all {cases} cases pass"
    return about(
        test,
        KIND,
        f"`{test.unit}` has {which} that never ran{why}; {ran} without.",
        [code(test, "never ran", one.first, one.last) for one in missed[:3]],
        "make the assertion run, or delete it so that nobody relies on it",
        (Confidence.CERTAIN if sure else Confidence.LIKELY, Severity.HIGH),
        ast.unparse(missed[0].node),
    )


def _why(one: Assertion) -> tuple[str, bool]:
    """In words, and whether it can never run, whatever the code under test does."""
    for parent in reversed(one.parents[1:]):
        if isinstance(parent, ast.If | ast.While) and is_false(parent.test):
            return f" (`{ast.unparse(parent.test)}` is never true)", True
        if isinstance(parent, ast.With | ast.AsyncWith) and any(
            last_name(item.context_expr) in (*CONTEXTS, "assertRaises", "assertRaisesRegex")
            for item in parent.items
        ):
            return " (a line above it in the `with` block raises)", True
        if isinstance(parent, ast.ExceptHandler):
            return " (the exception was never raised)", False
        if isinstance(parent, ast.For | ast.AsyncFor):
            return " (the loop has nothing to go over)", False
        if isinstance(parent, _FUNCTIONS):
            return f" (`{parent.name}` is never called)", False
        if isinstance(parent, ast.If):
            return f" (`{ast.unparse(parent.test)}` decides)", False
    return " (the test returns before)", False


_SHOP = """\
def price(n):
    return n * 3


def prices(names):
    return [len(n) for n in names]
"""

DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Rotten green: an assertion that never ran",
    definition=(
        "An `assert`, or a call of an assertion method, stands in a test function, and no case of "
        "the test ran its line, though all of them passed."
    ),
    why=(
        "The test looks as if it checked something. Of 19,905 tests that Delplanque and others "
        "looked at (Rotten Green Tests, ICSE 2019), 294 were such."
    ),
    confidence=Confidence.CERTAIN,
    confidence_because=(
        "the line did not run in any test, fixture or import of the whole recording; likely where "
        "it depends on a condition, a loop or an exception that may come another time."
    ),
    guards=(
        "tests of which a case was skipped, failed, was expected to fail, or did not run",
        "assertions under a condition on the platform, a version, or what is installed",
        "`assert False`, `pytest.fail()` and the like, which say that a place is never reached",
        "assertions in inner functions of tests that start processes: they may run there",
        "assertions that depend on data which Hypothesis draws anew each time",
        "files that changed since the lines were recorded, and tests that turn tracing off",
    ),
    fix="make the assertion run, or delete it.",
    find=_find,
    examples=(
        Example(
            "A condition that never holds, and a line above that raises.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
import pytest

from shop import price, prices


def test_never_asked():
    got = price(2)
    if False:
        assert got == 6


def test_after_the_raise():
    with pytest.raises(TypeError):
        got = price(None)
        assert got == 6


def test_nothing_to_go_over():
    for got in prices([]):
        assert got == 6


def test_asked():
    got = price(2)
    if got:
        assert got == 6
""",
            },
            (
                "test_shop.py::test_never_asked",
                "test_shop.py::test_after_the_raise",
                "test_shop.py::test_nothing_to_go_over",
            ),
            ("test_shop.py::test_asked",),
        ),
        Example(
            "One case that runs it is enough, and a case that was skipped might have.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
import sys

import pytest

from shop import price


@pytest.mark.parametrize("n", [0, 2])
def test_one_case_asks(n):
    if n:
        assert price(n) == 6


@pytest.mark.parametrize("n", [0, pytest.param(2, marks=pytest.mark.skip)])
def test_other_case_skipped(n):
    if n:
        assert price(n) == 6


def test_elsewhere():
    if sys.platform == "none":
        assert price(2) == 6


def test_never_here():
    if price(2) != 6:
        assert False, "never here"
""",
            },
            (),
            (
                "test_shop.py::test_one_case_asks",
                "test_shop.py::test_other_case_skipped",
                "test_shop.py::test_elsewhere",
                "test_shop.py::test_never_here",
            ),
        ),
    ),
)
