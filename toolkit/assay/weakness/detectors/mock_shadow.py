"""Functions that tests know only by their stand-ins."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from assay.model.finding import Anchor, Confidence, Evidence, Finding, Severity, finding_id
from assay.model.source import Unit
from assay.weakness.detector import Detector, Example
from assay.weakness.facts import SuiteFacts, TextFile, qualified
from assay.weakness.syntax import functions_of

KIND = "mock-shadow"


def mock_shadowed(facts: SuiteFacts) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The functions of the project that no test runs and some test replaces: path and unit, with
    the node ids of the tests that do. Functions that hold nothing to run are left out."""
    return {
        place: tests
        for place, tests in replaced(facts).items()
        if not _ran(facts, *place) and not may_run_unseen(facts, *place)
    }


def replaced(facts: SuiteFacts) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The functions that tests put a stand-in in the place of, with these tests."""
    patched: dict[tuple[str, str], list[str]] = {}
    for test in facts.tests:
        for case in test.cases:
            for patch in case.patches:
                original = patch.original
                if original is None or original.path not in facts.sources or patch.is_spy:
                    continue
                names = [qualified(original.name)]
                if original.kind == "class":
                    names = [f"{original.name}.{method}" for method in patch.methods]
                for name in names:
                    patched.setdefault((original.path, name), []).append(case.node_id)
    return {place: tuple(dict.fromkeys(tests)) for place, tests in sorted(patched.items())}


def _ran(facts: SuiteFacts, path: str, name: str) -> bool:
    """Whether any test runs the unit; unknown counts as yes."""
    file = facts.sources[path]
    unit = file.source.unit(name)
    if unit is None or path in facts.stale or _is_trivial(file, name):
        return True
    return facts.ran_line(path, unit.body_line, unit.last_line)


def _is_trivial(file: TextFile, name: str) -> bool:
    """Nothing to run: a docstring, `...`, `pass`, or a refusal."""
    node = functions_of(file.tree).get(name)
    return node is not None and all(
        isinstance(one, ast.Pass | ast.Raise)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in node.body
    )


def may_run_unseen(facts: SuiteFacts, path: str, name: str) -> bool:
    """Whether a test that was skipped, failed or not seen in full may run it: its file names the
    function or its module."""
    parts = path.removesuffix(".py").split("/")
    stem = parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]
    word = re.compile(rf"\b({re.escape(name.rpartition('.')[2])}|{re.escape(stem)})\b")
    return any(
        word.search(facts.files[file].text) for file in facts.unseen_files if file in facts.files
    )


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    for (path, name), tests in mock_shadowed(facts).items():
        file = facts.sources[path]
        unit = file.source.unit(name)
        if unit is not None:
            yield _finding(file, unit, tests)


def _finding(file: TextFile, unit: Unit, tests: tuple[str, ...]) -> Finding:
    count = len(tests)
    named = "1 test replaces" if count == 1 else f"{count} tests replace"
    shown = tests[:3] if count <= 3 else (*tests[:3], f"and {count - 3} more")
    return Finding(
        id=finding_id(KIND, file.path, unit.name),
        kind=KIND,
        level=0,
        anchor=Anchor(file.path, unit.name, unit.first_line, unit.digest),
        tests=tuple(dict.fromkeys(test.partition("[")[0] for test in tests)),
        sentence=f"`{unit.name}` runs in no test: {named} it, and none runs the real one.",
        evidence=(Evidence("replaced by", "\n".join(shown)),),
        fix=f"write one test that calls the real `{unit.name}`",
        confidence=Confidence.CERTAIN,
        severity=Severity.HIGH,
    )


_SHOP = """\
def fetch(n):
    return n * 3


def price(n):
    return n * 2


def total(n):
    return fetch(n) + price(n)
"""

DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Mock shadow: a function that only stand-ins stand for",
    definition=(
        "At least one test that passes replaces the function, and no line of its body ran in any "
        "test, fixture or import of the recording."
    ),
    why=(
        "Coverage may show the callers as tested; the function itself may do anything. In the "
        "answer to a change such a function is *only mocked*."
    ),
    confidence=Confidence.CERTAIN,
    confidence_because="all tests were recorded, and none that was not seen in full names it.",
    guards=(
        (
            "functions that a test may run which was skipped, failed, or not seen in full: its "
            "file names the function or its module"
        ),
        "stand-ins that pass calls on (`wraps=`)",
        "functions with nothing to run: stubs, abstract methods",
        "files that changed since they were recorded",
    ),
    fix="write one test that calls the real function.",
    find=_find,
    examples=(
        Example(
            "Replaced everywhere; replaced here and run there.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
from unittest import mock

import shop


@mock.patch('shop.price', return_value=4)
@mock.patch('shop.fetch', return_value=6)
def test_total(fetch, price):
    assert shop.total(2) == 10


def test_real_price():
    assert shop.price(2) == 4
""",
            },
            ("shop.py::fetch",),
            ("shop.py::price", "shop.py::total"),
        ),
        Example(
            "A test that is skipped here might run it.",
            {
                "shop.py": _SHOP.replace("fetch", "deliver"),
                "test_shop.py": """\
from unittest import mock

import pytest
import shop


@mock.patch('shop.deliver', return_value=6)
def test_total(deliver):
    assert shop.total(2) == 10


@pytest.mark.skip(reason='needs the network')
def test_real_deliver():
    assert shop.deliver(2) == 6
""",
            },
            (),
            ("shop.py::deliver",),
        ),
    ),
)
