"""A test that runs longer than its limit.

`facts`: `path` and `name` of the altered definition it may come from, `loops` (places of loops in
altered lines).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import facts_of, key_of, of_failure, of_origin, sites_of
from assay.diagnosis.reach import Altered
from assay.diagnosis.values import by_sources, origin_of
from assay.model.diagnosis import Certainty, Fault, Match, Sign
from assay.model.run import TestOutcome

_TOLD = re.compile(r"Timeout \(?>")


def _match(case: Case) -> Match | None:
    killed = case.matrix.head is TestOutcome.TIMEOUT and case.error.type == ""
    if not killed and not _TOLD.match(case.error.first_line):
        return None
    origin = origin_of(case) if by_sources(case) else None
    loops = list(_loops(origin))
    return Match(
        cause=CAUSE.name,
        key=key_of(case, origin, case.test),
        certainty=Certainty.COMPLETE if loops else Certainty.PARTIAL,
        sentence=f"{case.test} does not end in its time"
        + (f" since `{origin.name}` was altered" if origin is not None else ""),
        proofs=(*of_origin(case, origin), *of_failure(case)),
        signs=tuple(_signs(case)),
        sites=sites_of(case, origin),
        fix="make the loop end, or give the test what it waits for",
        facts={**facts_of(origin), "loops": loops},
    )


def _loops(origin: Altered | None) -> Iterator[str]:
    if origin is not None and origin.after is not None:
        for node in ast.walk(origin.after.node):
            if isinstance(node, ast.While | ast.For | ast.AsyncFor):
                yield f"{origin.after.path}:{node.lineno}"


def _signs(case: Case) -> Iterator[Sign]:
    if by_sources(case):
        frame = case.error.last_source_frame
        where = frame.place if frame is not None else ""
        yield Sign(Fault.CODE, "with base's sources the test ends in its time", where)


CAUSE = Cause(
    name="timeout",
    title="Timeout",
    rule="The test ran over its limit (ten times what it takes at base), or a plug-in's.",
    shows="the altered definition that it reaches, and the loops in it.",
    verdict="Code, if it ends in time with base's sources; else undecided.",
    fix="make the loop end, or give the test what it waits for.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A loop that does not end, under a limit like that of pytest-timeout.",
            {
                "conftest.py": '''\
import signal

import pytest


@pytest.fixture(autouse=True)
def limit():
    """What pytest-timeout does."""

    def over(number, frame):
        pytest.fail("Timeout (>0.3s) from pytest-timeout.")

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
''',
                "shop.py": """\
def count(number):
    while number > 0:
        number -= 1
    return number


def go(code):
    return code
""",
                "test_shop.py": """\
from shop import count, go


def test_count():
    assert count(3) == 0


def test_go():
    assert go(3) == 3
""",
            },
            {
                "shop.py": """\
def count(number):
    while number > 0:
        number += 1
    return number


def go(code):
    return code + 1
""",
            },
            {"test_shop.py::test_count": Fault.CODE},
            ("test_shop.py::test_go",),
        ),
    ),
    ambiguity="a machine under load can be too slow.",
)
