"""A stand-in in a place where nobody looks."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator

from assay.model.finding import Confidence, Finding, Severity
from assay.weakness.detector import Detector, Example
from assay.weakness.detectors.self_mocking import runs_real
from assay.weakness.facts import Patch, SuiteFacts, TestFunction, Watched
from assay.weakness.making import about, words

KIND = "stale-mock"


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    for test in facts.tests:
        places = dict.fromkeys(patch.target for case in test.cases for patch in case.patches)
        for target in places:
            every = [
                (case, patch)
                for case in test.cases
                for patch in case.patches
                if patch.target == target
            ]
            found = [_stale(facts, test, case, patch) for case, patch in every]
            if found and all(found):
                sentence, sure, fix = found[0] or ("", False, "")
                yield about(
                    test,
                    KIND,
                    f"`{test.unit}` {sentence}",
                    [words("stand-in for", target)],
                    fix,
                    (Confidence.CERTAIN if sure else Confidence.LIKELY, Severity.MEDIUM),
                    target,
                )


def _stale(
    facts: SuiteFacts, test: TestFunction, case: Watched, patch: Patch
) -> tuple[str, bool, str] | None:
    """What is wrong with the place, whether that is certain, and what to do; None: nothing."""
    if not _made_by(test, patch):
        return None
    if patch.created:
        return _nothing_there(facts, patch)
    if patch.used is not False or patch.inspected or patch.original is None:
        return None
    if patch.original.kind != "function" or patch.original.path not in facts.sources:
        return None
    elsewhere = [name for name in patch.bound if not _is_of_tests(facts, name)]
    if elsewhere and runs_real(facts, case.node_id, patch.original):
        return (
            f"replaces `{patch.target}`, but the code uses `{elsewhere[0]}`: the real one ran.",
            True,
            f"replace it where it is looked up: `{elsewhere[0]}`",
        )
    return None


def _made_by(test: TestFunction, patch: Patch) -> bool:
    """Whether the test itself put it there: in its body, or by its decorators, which are entered by
    code that is not the project's."""
    path, line = patch.made
    first = min([test.node.lineno, *(one.lineno for one in test.node.decorator_list)])
    last = test.node.end_lineno or first
    return not path or (path == test.path and first <= line <= last)


def _nothing_there(facts: SuiteFacts, patch: Patch) -> tuple[str, bool, str] | None:
    """A name that was created, and that no line of the project asks for."""
    holder = patch.holder.partition(".")[0]
    own = {path.split("/")[0].removesuffix(".py") for path in facts.sources}
    own |= {path.split("/")[1].removesuffix(".py") for path in facts.sources if "/" in path}
    if patch.holder_kind == "instance" or holder not in own or hasattr(builtins, patch.attribute):
        return None
    word = re.compile(rf"\b{re.escape(patch.attribute)}\b")
    if any(word.search(file.text) for file in facts.sources.values()):
        return None
    return (
        f"replaces `{patch.target}`, which is not there, and which no code of the project names.",
        True,
        "replace what the code uses now, or take the stand-in away",
    )


def _is_of_tests(facts: SuiteFacts, name: str) -> bool:
    """Whether a module is one of the tests' own."""
    stem = name.rpartition(".")[0].replace(".", "/")
    return any(f"/{path}".endswith(f"/{stem}.py") for path in facts.files)


DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Stale mock: a stand-in where nobody looks",
    definition=(
        "A test puts a stand-in where there was nothing (`create=True`, `raising=False`) under a "
        "name that no code of the project has; or replaces a function in the module that defines "
        "it, the stand-in is never called, another module has the function under a name of its "
        "own, and the real one ran."
    ),
    why="The test believes that it is apart from the real thing, and is not.",
    confidence=Confidence.CERTAIN,
    confidence_because="the stand-in was not used, and the real code was seen to run.",
    guards=(
        "tests of which a case was skipped, failed, was expected to fail, or did not run",
        "stand-ins made by fixtures: these may serve other tests",
        "stand-ins that the test makes a mock assertion of, such as `assert_not_called()`",
        "builtins, and attributes of objects; a stand-in that any case of the test uses",
    ),
    fix="replace the name where it is looked up.",
    find=_find,
    examples=(
        Example(
            "Replaced where it is defined, and under a name that is gone.",
            {
                "rates.py": """\
def rate(n):
    return n * 3
""",
                "shop.py": """\
import rates
from rates import rate


def price(n):
    return rate(n)


def cost(n):
    return rates.rate(n)
""",
                "test_shop.py": """\
from unittest import mock

import shop


@mock.patch('rates.rate', return_value=6)
def test_wrong_place(rate):
    assert shop.price(2) == 6


@mock.patch('shop.old_rate', create=True)
def test_gone(rate):
    assert shop.price(2) == 6


@mock.patch('shop.rate', return_value=7)
def test_right_place(rate):
    assert shop.price(2) == 7


@mock.patch('rates.rate', return_value=7)
def test_looked_up(rate):
    assert shop.cost(2) == 7
""",
            },
            ("test_shop.py::test_wrong_place", "test_shop.py::test_gone"),
            ("test_shop.py::test_right_place", "test_shop.py::test_looked_up"),
        ),
    ),
)
