"""Functions that call each other without end.

`facts`: `cycle` (places of the calls that repeat), `path` and `name` of the altered one among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import facts_of, of_failure, of_origin
from assay.diagnosis.reach import Altered, altered
from assay.diagnosis.values import by_sources
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import OF_THE_PROJECT, Frame

REPEATED = 5


def _match(case: Case) -> Match | None:
    error = case.error
    if not error.is_a("RecursionError"):
        return None
    cycle = _cycle(error.frames)
    origin = _altered_in(case, cycle)
    frames = [frame for frame in cycle if frame.kind in OF_THE_PROJECT]
    where = " and ".join(f"`{frame.function}`" for frame in frames[:4])
    return Match(
        cause=CAUSE.name,
        key=origin.key if origin is not None else (frames[0].place if frames else ""),
        certainty=Certainty.COMPLETE if frames else Certainty.PARTIAL,
        sentence=f"{where or 'a function'} call{'s itself' if len(frames) < 2 else ''} without end",
        proofs=(
            *[Proof("call", frame.source, frame.place, "head") for frame in frames[:4]],
            *of_origin(case, origin),
            *of_failure(case),
        ),
        signs=tuple(_signs(case, origin, frames)),
        sites=(Site(origin.place.path, origin.place.line),) if origin is not None else (),
        fix="give the recursion a case in which it ends",
        facts={**facts_of(origin), "cycle": [frame.place for frame in frames]},
    )


def _cycle(frames: tuple[Frame, ...]) -> list[Frame]:
    """The calls that stand in the traceback again and again, in their order."""
    counted = Counter((frame.path, frame.line) for frame in frames)
    found: dict[tuple[str, int], Frame] = {}
    for frame in frames:
        if counted[frame.path, frame.line] >= REPEATED:
            found.setdefault((frame.path, frame.line), frame)
    return list(found.values())


def _altered_in(case: Case, cycle: list[Frame]) -> Altered | None:
    there = {f"{frame.path}::{frame.function.partition('.<locals>')[0]}" for frame in cycle}
    return next((one for one in altered(case.sides) if one.key in there), None)


def _signs(case: Case, origin: Altered | None, frames: list[Frame]) -> Iterator[Sign]:
    if origin is not None and by_sources(case):
        words = f"`{origin.name}`, which was altered, is one of those that call without end"
        yield Sign(Fault.CODE, words, origin.place.shown)
    elif by_sources(case) and frames and not any(case.sides.is_test(f.path) for f in frames):
        yield Sign(Fault.CODE, "all that call without end are sources", frames[0].place)


CAUSE = Cause(
    name="recursion",
    title="Recursion without end",
    rule="A RecursionError; the calls that repeat in its traceback are the cycle.",
    shows="the calls of the cycle, and the altered definition among them.",
    verdict="Code, if only sources call each other or one of them was altered; else undecided.",
    fix="give the recursion a case in which it ends.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "The end of a recursion was taken away.",
            {
                "shop.py": """\
def depth(number):
    return 0 if number <= 0 else 1 + depth(number - 1)


def go(code):
    return code
""",
                "test_shop.py": """\
from shop import depth, go


def test_depth():
    assert depth(3) == 3


def test_go():
    assert go(3) == 3
""",
            },
            {
                "shop.py": """\
def depth(number):
    return 1 + depth(number - 1)


def go(code):
    return code + 1
""",
            },
            {"test_shop.py::test_depth": Fault.CODE},
            ("test_shop.py::test_go",),
        ),
    ),
)
