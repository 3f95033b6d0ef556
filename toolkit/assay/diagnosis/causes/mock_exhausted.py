"""A mock is called more often than it has values to give.

Facts: `caller` is the place of the call that was one too many, as "path:line"; `values` are the
places in the test's own code that give a mock its values.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.fixtures import code_of
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site
from assay.model.evidence import Raised


def _match(case: Case) -> Match | None:
    error = next((one for one in case.evidence.chain if _is_exhausted(one)), None)
    frame = None if error is None else error.last_own_frame
    if error is None or frame is None:
        return None
    values = list(_values(case))
    changed = frame.line in case.sides.changed_lines(frame.path)
    return Match(
        cause=CAUSE.name,
        key=frame.place,
        certainty=Certainty.COMPLETE,
        sentence=f"{frame.place} calls a mock once more than its `side_effect` has values",
        proofs=(
            Proof("new call" if changed else "call", frame.source, frame.place, "head"),
            *(
                Proof("values", case.sides.head.line(one.path, one.line), f"{one.path}:{one.line}")
                for one in values
            ),
        ),
        signs=(),
        sites=tuple(values) or (Site(frame.path, frame.line),),
        fix="give the mock a value for each call, or call it as often as before",
        facts={
            "caller": frame.place,
            "values": [f"{one.path}:{one.line}" for one in values],
        },
    )


def _is_exhausted(error: Raised) -> bool:
    last = error.last_frame
    return (
        error.is_a("StopIteration", "StopAsyncIteration")
        and last is not None
        and last.path.endswith("unittest/mock.py")
        and "_execute_mock_call" in last.function
    )


def _values(case: Case) -> Iterator[Site]:
    """Where the test's code says what a mock gives, one after the other."""
    for place in code_of(case):
        for node in ast.walk(place.node):
            named = isinstance(node, ast.keyword) and node.arg == "side_effect"
            stored = isinstance(node, ast.Assign) and any(
                isinstance(one, ast.Attribute) and one.attr == "side_effect" for one in node.targets
            )
            if named or stored:
                assert isinstance(node, ast.keyword | ast.Assign)
                yield Site(place.path, node.lineno)


CAUSE = Cause(
    name="mock-exhausted",
    title="Mock exhausted",
    rule="A StopIteration or StopAsyncIteration that a mock raises when its values are used up.",
    shows="the call that was one too many, whether its line is new, and where the values are.",
    verdict="Undecided, unless the four runs say more: one call more may be meant or not.",
    fix="extend `side_effect`, or call it less often.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A source asks once more.",
            {
                "shop.py": "def pages(get):\n    return [get(), get()]\n",
                "test_shop.py": """\
from unittest.mock import Mock

from shop import pages


def test_pages():
    get = Mock(side_effect=[1, 2])
    assert pages(get)[:2] == [1, 2]


def test_iterator():
    next(iter(()))
""",
            },
            {"shop.py": "def pages(get):\n    return [get(), get(), get()]\n"},
            {"test_shop.py::test_pages": Fault.UNDECIDED},
            ("test_shop.py::test_iterator",),
        ),
    ),
    ambiguity="whether the further call is meant is not in the code.",
)
