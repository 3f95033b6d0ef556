"""A test that replaces the very code it is about, and then tests the replacement."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.model.finding import Confidence, Finding, Severity
from assay.weakness.detector import Detector, Example
from assay.weakness.facts import Original, Patch, SuiteFacts, TestFunction, Watched
from assay.weakness.making import about, code, words

KIND = "self-mocking"


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    for test in facts.tests:
        found = [
            (patch, lines)
            for case in test.cases
            for patch in case.patches
            for lines in [_calls_of_its_own(facts, test, case, patch)]
            if lines or _is_named_for(facts, test, case, patch)
        ]
        if found:
            patch, lines = found[0]
            yield _called(test, patch, lines[0]) if lines else _named(test, patch)


def _calls_of_its_own(
    facts: SuiteFacts, test: TestFunction, case: Watched, patch: Patch
) -> list[int]:
    """Lines of the test that call the stand-in, if only they do, and the real code never ran."""
    original = patch.original
    if not _replaces_code(facts, patch) or original is None:
        return []
    if runs_real(facts, case.node_id, original):
        return []
    end = test.node.end_lineno or test.node.lineno
    ours = [
        line
        for path, line in patch.called_from
        if path == test.path and test.node.lineno <= line <= end
    ]
    return ours if len(ours) == len(patch.called_from) else []


def _is_named_for(facts: SuiteFacts, test: TestFunction, case: Watched, patch: Patch) -> bool:
    """Whether the test's name is that of what was replaced, and the real code never ran."""
    original = patch.original
    if not _replaces_code(facts, patch) or original is None or not patch.used:
        return False
    unit = original.name.rpartition(".")[2].strip("_").lower()
    name = re.sub(r"^test_*", "", test.node.name).lower()
    if not unit or name != unit or runs_real(facts, case.node_id, original):
        return False
    return _made_here(test, patch)


def _replaces_code(facts: SuiteFacts, patch: Patch) -> bool:
    original = patch.original
    return (
        original is not None
        and original.path in facts.sources
        and original.path not in facts.stale
        and not patch.is_spy
    )


def _made_here(test: TestFunction, patch: Patch) -> bool:
    path, line = patch.made
    first = min([test.node.lineno, *(one.lineno for one in test.node.decorator_list)])
    return path != test.path or first <= line <= (test.node.end_lineno or line)


def runs_real(facts: SuiteFacts, node_id: str, original: Original) -> bool:
    """Whether the test ran the body of the real function, or of a method of the real class;
    unknown counts as yes."""
    file = facts.text_of(original.path)
    if file is None or original.path in facts.stale:
        return True
    units = file.source.units[1:]
    if original.kind == "class":
        units = tuple(one for one in units if one.name.startswith(f"{original.name}."))
    else:
        units = tuple(one for one in units if one.first_line <= original.line <= one.last_line)
    return not units or any(
        facts.ran_in(node_id, original.path, one.body_line, one.last_line) for one in units
    )


def _called(test: TestFunction, patch: Patch, line: int) -> Finding:
    assert patch.original is not None
    return about(
        test,
        KIND,
        f"`{test.unit}` replaces `{patch.original.name}` and then calls the replacement itself.",
        [
            code(test, "calls the stand-in", line, line),
            words("stand-in for", f"{patch.target}, that is {_where(patch)}"),
            words("real code", "did not run in this test"),
        ],
        f"call the real `{patch.original.name}`, and replace at most what it calls",
        (Confidence.CERTAIN, Severity.HIGH),
        patch.original.name,
    )


def _named(test: TestFunction, patch: Patch) -> Finding:
    assert patch.original is not None
    return about(
        test,
        KIND,
        f"`{test.unit}` is named for `{patch.original.name}`, and replaces it.",
        [
            words("stand-in for", f"{patch.target}, that is {_where(patch)}"),
            words("real code", "did not run in this test"),
        ],
        f"test the real `{patch.original.name}`, or name the test for what it does check",
        (Confidence.LIKELY, Severity.HIGH),
        patch.original.name,
    )


def _where(patch: Patch) -> str:
    assert patch.original is not None
    return f"{patch.original.name} in {patch.original.path}"


_SHOP = """\
def price(n):
    return n * 3


def total(n):
    return price(n) + 1
"""

DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Self-mocking: a test of its own stand-in",
    definition=(
        "A test replaces a function or class of the project (with `unittest.mock`, pytest-mock or "
        "`monkeypatch`), the real one does not run in it, and either only lines of the test itself "
        "call the stand-in, or the test's name is that of the function."
    ),
    why="Whatever becomes of the function, the test passes: it checks what it has set up.",
    confidence=Confidence.CERTAIN,
    confidence_because=(
        "the calls of the stand-in were seen, and the real lines did not run; likely where it is "
        "only the name that says what the test is about."
    ),
    guards=(
        "tests of which a case was skipped, failed, was expected to fail, or did not run",
        "stand-ins that pass calls on (`wraps=`), and tests that run the real function too",
        "stand-ins that the project's code calls: these are what mocks are for",
        "functions that are not the project's",
    ),
    fix="call the real function; replace what it calls.",
    find=_find,
    examples=(
        Example(
            "Called by the test itself, named for; and mocks as they are meant.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
from unittest import mock

import shop


def test_of_the_stand_in():
    with mock.patch('shop.price', return_value=6):
        assert shop.price(2) == 6


def test_by_hand(monkeypatch):
    monkeypatch.setattr(shop, 'price', lambda n: 6)
    assert shop.price(2) == 6


@mock.patch('shop.price', return_value=6)
def test_price(price):
    assert shop.total(2) == 7


@mock.patch('shop.price', return_value=6)
def test_total(price):
    assert shop.total(2) == 7


def test_spy():
    with mock.patch('shop.price', wraps=shop.price):
        assert shop.price(2) == 6
""",
            },
            (
                "test_shop.py::test_of_the_stand_in",
                "test_shop.py::test_by_hand",
                "test_shop.py::test_price",
            ),
            ("test_shop.py::test_total", "test_shop.py::test_spy"),
        ),
    ),
)
