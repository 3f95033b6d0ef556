"""A stand-in that allows what the real thing would refuse."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.finding import Confidence, Finding, Severity
from assay.weakness.detector import Detector, Example
from assay.weakness.facts import Patch, SuiteFacts, TestFunction
from assay.weakness.making import about, words

KIND = "misfit-mock"


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    for test in facts.tests:
        seen = set()
        for case in test.cases:
            for patch in case.patches:
                if patch.target not in seen and (patch.misfits or patch.bad_return):
                    seen.add(patch.target)
                    yield _finding(test, patch)


def _finding(test: TestFunction, patch: Patch) -> Finding:
    if patch.misfits:
        sentence = f"`{test.unit}` lets `{patch.target}` be called as the real one cannot be."
        evidence = [words("call", one) for one in patch.misfits]
        fix = "give the stand-in the real signature: `autospec=True`, or `create_autospec`"
        sure = Confidence.CERTAIN
    else:
        sentence = f"`{test.unit}` has `{patch.target}` return what the real one does not."
        evidence = [words("return value", patch.bad_return)]
        fix = "return what the real function returns"
        sure = Confidence.LIKELY
    return about(test, KIND, sentence, evidence, fix, (sure, Severity.HIGH), patch.target)


_SHOP = """\
def rate(n) -> int:
    return n * 3


def price(n):
    return rate(n)


def old_price(n):
    return rate(n, 'old')
"""

DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Misfit mock: a stand-in that allows what the real thing refuses",
    definition=(
        "A mock was called in a way that `inspect.signature` of the original refuses, a name was "
        "called on a stand-in for a module that has no such name, or the mock returned a value of "
        "a built-in type that the original's annotation leaves out."
    ),
    why="The test passes; the same call of the real code is a TypeError.",
    confidence=Confidence.CERTAIN,
    confidence_because=(
        "Python's own binding of arguments decides; likely for return values, since annotations "
        "may be wrong."
    ),
    guards=(
        "tests of which a case was skipped, failed, was expected to fail, or did not run",
        "mocks with a spec or autospec, which refuse by themselves",
        (
            "originals whose signature Python cannot tell; methods, if the call fits with or "
            "without `self`"
        ),
        "annotations that are not built-in types or unions of them",
    ),
    fix="`autospec=True`.",
    find=_find,
    examples=(
        Example(
            "A call with too many arguments, a wrong type; and calls that fit.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
from unittest import mock

import shop


@mock.patch('shop.rate', return_value=6)
def test_too_many(rate):
    assert shop.old_price(2) == 6


@mock.patch('shop.rate', return_value='6')
def test_wrong_type(rate):
    assert shop.price(2) == '6'


@mock.patch('shop.rate', return_value=6)
def test_fits(rate):
    assert shop.price(2) == 6
""",
            },
            ("test_shop.py::test_too_many", "test_shop.py::test_wrong_type"),
            ("test_shop.py::test_fits",),
        ),
    ),
)
