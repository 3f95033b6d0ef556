"""A test in which nothing is checked, not even in what it calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from assay.change.walk import walk
from assay.model.finding import Confidence, Finding, Severity
from assay.weakness.detector import Detector, Example
from assay.weakness.facts import SuiteFacts, TestFunction, TextFile, lines_mask
from assay.weakness.making import about, code, words
from assay.weakness.syntax import (
    checks,
    functions_of,
    is_asserting_call,
    is_failure,
    last_name,
    may_fail,
    own_expressions,
    statements,
)

KIND = "assertion-free"

SMOKE_MARKERS = frozenset({"smoke", "smoke_test", "no_assert", "benchmark"})
_SMOKE_NAME = re.compile(
    r"smoke|(no|not|never|nt|without)_?(raise|error|crash|fail|exception|warn|throw|leak|hang"
    r"|deadlock|break|explode|die)|does_nothing|noop|no_op|(^|_)(works?|ok|runs?|succeeds?)$",
    re.IGNORECASE,
)
_SMOKE_WORDS = re.compile(
    r"\b((does|do|did|is|are|will|should|must|can)(n't| not)|never|neither|nothing|no|without)\b"
    r"[\w\s`*':.,-]{0,30}\b(rais|crash|fail|throw|blow|happen|error|exception|warning|break"
    r"|fall over)"
    r"|\b(is|are|it's) (accepted|legal|allowed|possible)|\bsilent\b|\bsmoke\b",
    re.IGNORECASE,
)
CHECKING_FIXTURES = frozenset(
    """
    benchmark httpx_mock respx_mock aioresponses snapshot data_regression file_regression
    num_regression image_regression ndarrays_regression dataframe_regression regtest approvals
    """.split()
)
"""Fixtures of well-known plug-ins that check something themselves when the test ends."""


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    checking = {path: checking_lines(file) for path, file in facts.files.items()}
    checking |= {
        path: checking_lines(file)
        for path, file in facts.sources.items()
        if "test" in path.rpartition("/")[2]
    }
    for test in facts.tests:
        if test.path in facts.stale or test.opaque or _by_intent(test):
            continue
        if may_fail(test.node) or any(checks(one.node) for one in statements(test.node)):
            continue
        if any(_expects(one.node) for one in statements(test.node)):
            continue
        if not any(_checked(facts, case.node_id, checking) for case in test.cases) and not any(
            case.assertions for case in test.cases
        ):
            yield _finding(test)


def checking_lines(file: TextFile) -> int:
    """The lines of a file that check something, helpers and fixtures included."""
    mask = 0
    for one in statements(file.tree):
        if checks(one.node):
            mask |= lines_mask(one.first, one.last)
        elif isinstance(one.node, ast.If) and any(map(is_failure, one.node.body)):
            mask |= lines_mask(one.first, one.node.test.end_lineno or one.first)
    for node in walk(file.tree):
        if isinstance(node, ast.Lambda) and any(is_asserting_call(part) for part in walk(node)):
            mask |= lines_mask(node.lineno, node.end_lineno or node.lineno)
    return mask


def _checked(facts: SuiteFacts, node_id: str, checking: Mapping[str, int]) -> bool:
    ran = facts.ran_by.get(node_id, {})
    return any(mask & checking.get(path, 0) for path, mask in ran.items())


def _by_intent(test: TestFunction) -> bool:
    """A smoke test that says so: by a marker, by its name, or by a fixture that checks."""
    if _SMOKE_NAME.search(test.node.name) or _SMOKE_WORDS.search(_said(test)):
        return True
    return any(
        case.markers & SMOKE_MARKERS or case.fixtures & CHECKING_FIXTURES for case in test.cases
    )


def _said(test: TestFunction) -> str:
    """The docstring and the comments of a test."""
    first, last = test.node.lineno, test.node.end_lineno or test.node.lineno
    rows = test.file.text.split("\n")[first - 1 : last]
    comments = [row.partition("#")[2] for row in rows if "#" in row]
    return "\n".join([ast.get_docstring(test.node) or "", *comments])


def _refused_beside(test: TestFunction) -> str:
    """The name of a test in the same class or file that shows the same call being refused; then
    this one shows, by raising nothing, what is accepted."""
    called = _last_call(test.node)
    owner = test.unit.rpartition(".")[0]
    for name, node in functions_of(test.file.tree).items():
        if not called or node is test.node or name.rpartition(".")[0] != owner:
            continue
        for one in statements(node):
            if isinstance(one.node, ast.With) and any(
                last_name(item.context_expr) in ("raises", "assertRaises")
                for item in one.node.items
            ):
                inside = [part for line in one.node.body for part in walk(line)]
                if called in {last_name(part) for part in inside if isinstance(part, ast.Call)}:
                    return name
    return ""


def _last_call(function: ast.AST) -> str:
    calls = [node for node in walk(function) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    outer = [call for call in calls if call.lineno == calls[-1].lineno][:1]
    return last_name(outer[0]) if outer else ""


def _expects(statement: ast.stmt) -> bool:
    """Warnings made errors, and contexts named for what must not happen, check in their way."""
    for node in own_expressions(statement):
        name = last_name(node) if isinstance(node, ast.Call) else ""
        if name in ("simplefilter", "filterwarnings", "does_not_raise", "not_raises"):
            return True
        if name in ("timeout", "fail_after", "settrace", "alarm"):
            return True
    return False


def _finding(test: TestFunction) -> Finding:
    body = test.node.body
    last = body[-1].end_lineno or body[-1].lineno
    evidence = [code(test, "", test.node.lineno, min(last, test.node.lineno + 11))]
    beside = _refused_beside(test)
    if beside:
        evidence.append(words("beside it", f"{beside} shows what is refused"))
    return about(
        test,
        KIND,
        f"`{test.unit}` checks nothing: it can only fail if something raises.",
        evidence,
        "assert what the call should have returned or changed; or mark it `@pytest.mark.smoke` if "
        "that nothing raises is all it is for",
        (Confidence.HINT, Severity.MEDIUM) if beside else (Confidence.LIKELY, Severity.HIGH),
    )


_SHOP = """\
def price(n):
    return n * 3
"""

DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Assertion-free: a test that checks nothing",
    definition=(
        "No case of the test ran an `assert`, a `raises` or `warns` context, an assertion method "
        "of unittest, an assertion of a mock, or a call whose name says that it checks, in the "
        "test itself, its fixtures, or any helper among the test files."
    ),
    why="It passes whatever the code returns; it notices crashes and nothing else.",
    confidence=Confidence.LIKELY,
    confidence_because=(
        "some tests are meant to show only that nothing raises: those that do not say so cannot be "
        "told from those whose assertion was forgotten. A hint where a test beside it shows the "
        "same call being refused: then that nothing raises says something."
    ),
    guards=(
        "tests of which a case was skipped, failed, was expected to fail, or did not run",
        (
            "smoke tests that say so: marked `smoke`, `smoke_test`, `no_assert` or `benchmark`, "
            "named so (`test_…_does_not_raise`, `…_smoke`, `…_works`), or with such words in their "
            'docstring or comments ("nothing happens", "does not crash", "is accepted")'
        ),
        "tests that can fail in another way: `pytest.fail()`, `raise`, warnings turned to errors",
        "tests with an assertion that did not run: these are [rotten green](#rotten-green)",
        "tests that start processes or use fixtures known to check when the test ends",
    ),
    fix="assert what the call returns or changes, or mark the test as a smoke test.",
    find=_find,
    examples=(
        Example(
            "A call and nothing else; helpers, mocks and contexts count as checks.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
from unittest import TestCase, mock

import pytest

from shop import price


def same(got, expected):
    if got != expected:
        raise AssertionError(got)
    assert got == expected


def test_only_calls():
    price(2)


def test_by_helper():
    same(price(2), 6)


def test_by_context():
    with pytest.raises(TypeError):
        price(None)


def test_by_mock():
    seen = mock.Mock()
    seen(price(2))
    seen.assert_called_once_with(6)


class TestPrices(TestCase):
    def test_by_method(self):
        self.assertEqual(price(2), 6)

    def test_method_forgotten(self):
        price(2)
""",
            },
            ("test_shop.py::test_only_calls", "test_shop.py::TestPrices.test_method_forgotten"),
            (
                "test_shop.py::test_by_helper",
                "test_shop.py::test_by_context",
                "test_shop.py::test_by_mock",
                "test_shop.py::TestPrices.test_by_method",
            ),
        ),
        Example(
            "Smoke tests that say so, and tests that were not seen to pass.",
            {
                "shop.py": _SHOP,
                "conftest.py": """\
def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: shows that nothing raises")
""",
                "test_shop.py": """\
import pytest

from shop import price


@pytest.mark.smoke
def test_starts():
    price(2)


def test_price_does_not_raise():
    price(2)


@pytest.mark.skip(reason="not now")
def test_skipped():
    price(2)


@pytest.mark.xfail
def test_expected_to_fail():
    price(None)
""",
            },
            (),
            (
                "test_shop.py::test_starts",
                "test_shop.py::test_price_does_not_raise",
                "test_shop.py::test_skipped",
                "test_shop.py::test_expected_to_fail",
            ),
        ),
    ),
)
