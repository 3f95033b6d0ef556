"""Tests that pytest collects and runs once more, because their code was imported or inherited."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from assay.model.finding import Anchor, Confidence, Evidence, Finding, Severity, finding_id
from assay.model.source import MODULE_UNIT
from assay.weakness.detector import Detector, Example
from assay.weakness.facts import SuiteFacts, Watched

KIND = "recollected-duplicate"


def _find(facts: SuiteFacts) -> Iterator[Finding]:
    """One finding for each file or class that collects again what another one has."""
    twins: dict[tuple[object, ...], list[Watched]] = defaultdict(list)
    for test in facts.tests:
        for case in test.cases if not test.opaque else ():
            twins[(case.code, case.name, case.same)].append(case)
    again: dict[tuple[str, str], list[tuple[Watched, Watched]]] = defaultdict(list)
    for cases in twins.values():
        first = min(cases, key=lambda case: (case.path != case.code[0], _depth(case), case.node_id))
        for case in cases:
            if case is not first and _holder(case) != _holder(first) and _same(facts, first, case):
                again[_holder(case)].append((case, first))
    for (path, owner), pairs in sorted(again.items()):
        yield _finding(facts, path, owner, pairs)


def _depth(case: Watched) -> int:
    return case.node_id.count("::")


def _holder(case: Watched) -> tuple[str, str]:
    """The file and class that a test was collected from."""
    name = case.node_id.partition("[")[0]
    parts = name.split("::")[1:-1]
    return case.path, ".".join(parts)


def _same(facts: SuiteFacts, one: Watched, other: Watched) -> bool:
    """Whether both ran the very same lines."""
    lines = facts.ran_by.get(one.node_id)
    return bool(lines) and lines == facts.ran_by.get(other.node_id)


def _finding(
    facts: SuiteFacts, path: str, owner: str, pairs: list[tuple[Watched, Watched]]
) -> Finding:
    file = facts.text_of(path)
    source = pairs[0][1]
    origin, other_class = _holder(source)
    count = len(pairs)
    tests = "1 test" if count == 1 else f"{count} tests"
    where = f"`{owner}`" if owner else f"`{path}`"
    whose = origin if origin != path or not other_class else f"`{other_class}`"
    how = "imported" if source.path != path else "inherited"
    shown = [f"{case.node_id} is {first.node_id}" for case, first in pairs[:3]]
    if count > 3:
        shown.append(f"and {count - 3} more")
    return Finding(
        id=finding_id(KIND, path, owner or MODULE_UNIT, origin),
        kind=KIND,
        level=0,
        anchor=Anchor(
            path,
            owner or MODULE_UNIT,
            1 if file is None else line_of(file.tree, owner or _function(pairs[0][0])),
            "" if file is None else file.source.module.digest,
        ),
        tests=tuple(dict.fromkeys(case.node_id.partition("[")[0] for case, _ in pairs)),
        sentence=f"{where} runs {tests} of {whose} once more: same code, same set-up, same lines.",
        evidence=(Evidence(f"{how}, and collected again", "\n".join(shown)),),
        fix=(
            "import the module instead of the test, or give the base class a name that pytest does "
            "not collect (or `__test__ = False`)"
        ),
        confidence=Confidence.CERTAIN,
        severity=Severity.LOW,
    )


def _function(case: Watched) -> str:
    return case.node_id.partition("[")[0].rpartition("::")[2]


def line_of(tree: ast.Module, name: str) -> int:
    """The line that brings a class or function into a file: its `class`, an import of it by its
    name, or else an import of all names; the first line of the file where nothing does.

    Of `Outer.Inner` the outer class is looked for first, then what stands in it.
    """
    outer, _, inner = name.partition(".")
    everything = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == outer:
            return _inside(node, inner)
        if isinstance(node, ast.ImportFrom | ast.Import):
            names = {alias.asname or alias.name for alias in node.names}
            if outer in names:
                return node.lineno
            if "*" in names:
                everything = everything or node.lineno
    return everything or 1


def _inside(node: ast.ClassDef, name: str) -> int:
    """The line of a class that stands in another one; of the other one, where it is inherited."""
    outer, _, inner = name.partition(".")
    for child in node.body:
        if isinstance(child, ast.ClassDef) and child.name == outer:
            return _inside(child, inner)
    return node.lineno


_SHOP = """\
def price(n):
    return n * 3
"""

DETECTOR: Detector[SuiteFacts] = Detector(
    kind=KIND,
    level=0,
    title="Re-collected duplicate: the same test, run once more",
    definition=(
        "The same function was collected under another file or class, by import or inheritance, "
        "with the same parameters, fixtures and marks; the class adds nothing but tests; and both "
        "ran exactly the same lines."
    ),
    why=(
        "It costs time and counts as tests that are none: 118 of the 296 tests of itsdangerous 2.2 "
        "are such."
    ),
    confidence=Confidence.CERTAIN,
    confidence_because="code, fixtures, marks, parameters and lines are all the same.",
    guards=(
        "tests of which a case was skipped, failed, was expected to fail, or did not run",
        "classes that set attributes, fixtures or set-up of their own",
        "tests that ran other lines, or start processes",
    ),
    fix="import the module instead of the test; give a base class a name that is not collected.",
    find=_find,
    examples=(
        Example(
            "Imported and inherited; a class with data of its own is another test.",
            {
                "shop.py": _SHOP,
                "test_shop.py": """\
from shop import price


class TestPrice:
    number = 2

    def test_three_times(self):
        assert price(self.number) == self.number * 3
""",
                "test_again.py": """\
from shop import price
from test_shop import TestPrice


class TestOther(TestPrice):
    number = 5


class TestMore(TestPrice):
    def test_nothing(self):
        assert price(0) == 0
""",
            },
            ("test_again.py::TestPrice", "test_again.py::TestMore"),
            ("test_again.py::TestOther", "test_shop.py::TestPrice"),
        ),
    ),
)
