"""A test named for something that the project no longer has."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from assay.model.finding import Confidence, Finding, Severity
from assay.weakness.detector import Detector, Example
from assay.weakness.facts import Gone, SuiteFacts, TestFunction
from assay.weakness.making import about, words

KIND = "dead-name"

SHORTEST = 4
"""Shorter names are words as often as names."""


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    gone: dict[str, list[Gone]] = defaultdict(list)
    for one in facts.gone:
        gone[plain(one.name)].append(one)
    said = set()
    for test in facts.tests:
        for name, what in _names(test):
            if (what, name, test.path) in said or len(name) < SHORTEST:
                continue
            dead = next((g for g in gone.get(name, ()) if _fits(what, g)), None)
            if dead is None or _is_alive(facts, test, dead):
                continue
            if what != "function":
                said.add((what, name, test.path))
            yield _finding(test, dead, what)
            break


def plain(name: str) -> str:
    """`price_of` for `PriceOf`, `_price_of` and `price_of` alike."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return spaced.strip("_").lower()


def _names(test: TestFunction) -> Iterator[tuple[str, str]]:
    """What a test may be named for: by itself, by its class, by its file."""
    yield plain(re.sub(r"^test_?", "", test.node.name)), "function"
    owner = test.unit.rpartition(".")[0].rpartition(".")[2]
    if owner:
        yield plain(re.sub(r"^Test_?|_?Tests?(Case)?$", "", owner)), "class"
    stem = test.path.rpartition("/")[2].removesuffix(".py")
    yield plain(re.sub(r"^test_|_test$", "", stem)), "file"


def _fits(what: str, gone: Gone) -> bool:
    if what == "file":
        return gone.kind == "module"
    return gone.kind in ("class", "function")


def _is_alive(facts: SuiteFacts, test: TestFunction, dead: Gone) -> bool:
    """Whether the name is still in use: in the project's code, or in what the test does."""
    own = re.compile(rf"\b{re.escape(dead.name)}\b")
    if any(own.search(file.text) for file in facts.sources.values()):
        return True
    if any(
        plain(part.removesuffix(".py")) == plain(dead.name)
        for path in facts.sources
        for part in path.split("/")
    ):
        return True
    names = {node.id for node in ast.walk(test.file.tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(test.file.tree) if isinstance(node, ast.Attribute)}
    return dead.name in names


def _finding(test: TestFunction, dead: Gone, what: str) -> Finding:
    which = {"function": f"`{test.unit}`", "class": f"the class of `{test.unit}`"}
    who = which.get(what, f"`{test.path}`")
    when = f"taken away in {dead.commit}" if dead.commit else "taken away, not committed yet"
    return about(
        test,
        KIND,
        f"{who} is named for the {dead.kind} `{dead.name}`, which is gone.",
        [words(f"{dead.kind} {dead.name}", f"was in {dead.path}; {when}")],
        "name the test for what it checks now, or delete it with what it was for",
        (Confidence.LIKELY, Severity.LOW),
        f"{what} {dead.name}",
    )


DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Dead name: a test of something that is gone",
    definition=(
        "A test, its class or its file bears the name of a function, class or module that an "
        "earlier commit had and the tree has not, and the name stands nowhere in the project's "
        "code."
    ),
    why="Who looks for the test of a thing is led astray; often the test has lost its subject too.",
    confidence=Confidence.LIKELY,
    confidence_because="a test may have been named for an idea that a function was named for too.",
    guards=(
        "tests of which a case was skipped, failed, was expected to fail, or did not run",
        "names that still stand anywhere in the project's code, or that the test file uses",
        f"names of fewer than {SHORTEST} letters; projects without a git history",
    ),
    fix="rename the test.",
    find=_find,
    examples=(
        Example(
            "A function, a class and a module went, and their tests kept the names.",
            {
                "shop.py": """\
def cost(n):
    return n * 3


def discount_of(n):
    return n // 10
""",
                "test_shop.py": """\
from shop import cost, discount_of


def test_price_of():
    assert cost(2) == 6


class TestPriceList:
    def test_two(self):
        assert cost(2) == 6


def test_discount_of():
    assert discount_of(20) == 2


def test_cost_is_three_times():
    assert cost(1) == 3
""",
                "test_ledger.py": """\
from shop import cost


def test_sums():
    assert cost(2) + cost(3) == 15
""",
            },
            (
                "test_shop.py::test_price_of",
                "test_shop.py::TestPriceList.test_two",
                "test_ledger.py::test_sums",
            ),
            ("test_shop.py::test_discount_of", "test_shop.py::test_cost_is_three_times"),
            {
                "shop.py": """\
def price_of(n):
    return n * 3


class PriceList:
    pass


def discount_of(n):
    return n // 10
""",
                "ledger.py": """\
def entries():
    return []
""",
            },
        ),
    ),
)
