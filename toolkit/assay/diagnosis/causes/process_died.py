"""A test that ends its process.

`facts`: `how` (the end in words), `path` and `name` of the altered definition it may come from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import facts_of, key_of, of_failure, of_origin
from assay.diagnosis.reach import places_reached
from assay.diagnosis.sides import Place
from assay.diagnosis.values import by_sources, origin_of
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import FrameKind
from assay.model.run import TestOutcome

_ENDS = re.compile(r"(?:os\.)?(?:_exit|abort|kill)|(?:sys\.)?exit|faulthandler\._sigsegv")


def _match(case: Case) -> Match | None:
    died = case.error.type == "" and case.matrix.head is TestOutcome.CRASHED
    left = case.error.type == "SystemExit" and case.evidence.phase in ("setup", "call")
    if not died and not left:
        return None
    origin = origin_of(case) if by_sources(case) else None
    calls = [(place, line, text) for place, line, text in _ends(case) if died or "exit" in text]
    how = case.error.first_line if died else f"SystemExit: {case.error.first_line}"
    return Match(
        cause=CAUSE.name,
        key=key_of(case, origin, f"{calls[0][0].path}:{calls[0][1]}" if calls else how),
        certainty=Certainty.COMPLETE if left or calls else Certainty.PARTIAL,
        sentence=f"{case.test} ends its process: {how}",
        proofs=(
            *[Proof("ends", text, f"{place.path}:{line}", "head") for place, line, text in calls],
            *of_origin(case, origin),
            *of_failure(case),
        ),
        signs=tuple(_signs(case, left, calls)),
        sites=tuple(Site(place.path, line) for place, line, _ in calls[:1]),
        fix="raise an exception instead, or wait for the exit (`pytest.raises(SystemExit)`)",
        facts={**facts_of(origin), "how": how},
    )


def _ends(case: Case) -> list[tuple[Place, int, str]]:
    """Calls that end a process, in what the test reaches."""
    found = []
    for place, _ in places_reached(case):
        for node in ast.walk(place.node) if not isinstance(place.node, ast.ClassDef) else ():
            if isinstance(node, ast.Call) and _ENDS.fullmatch(ast.unparse(node.func)):
                found.append((place, node.lineno, ast.unparse(node)))
    return found[:3]


def _signs(case: Case, left: bool, calls: list[tuple[Place, int, str]]) -> Iterator[Sign]:
    if by_sources(case):
        frame = case.error.last_source_frame
        where = frame.place if frame is not None else ""
        if not left or (frame is not None and frame.kind is FrameKind.SOURCE):
            words = "with base's sources the process lives on"
            yield Sign(Fault.CODE, words, where)
    for place, line, text in calls[:1]:
        if case.sides.is_test(place.path):
            yield Sign(Fault.TEST, f"the test itself calls {text}", f"{place.path}:{line}")


CAUSE = Cause(
    name="process-died",
    title="The process ended",
    rule="The test's process ended by itself or by a signal, or SystemExit left the test.",
    shows="how it ended, and calls that end a process in what the test reaches.",
    verdict=(
        "Code, if it lives on with base's sources; undecided, if the test itself ends it as well."
    ),
    fix="raise an exception, or wait for the exit in the test.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "An exit that the change has brought; a failure beside it.",
            {
                "shop.py": """\
def stop(code):
    return code


def go(code):
    return code
""",
                "test_shop.py": """\
from shop import go, stop


def test_stop():
    assert stop(3) == 3


def test_go():
    assert go(3) == 3
""",
            },
            {
                "shop.py": """\
import os


def stop(code):
    os._exit(code)


def go(code):
    return code + 1
""",
            },
            {"test_shop.py::test_stop": Fault.CODE},
            ("test_shop.py::test_go",),
        ),
    ),
)
