"""The altered sources fail with an exception that nobody waits for.

`facts`: `path` and `name` of the altered definition, `type` and `place` of the failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.intent import of_accident, of_intent, of_regression_test
from assay.diagnosis.proofs import (
    certainty_of,
    facts_of,
    key_of,
    of_failure,
    of_origin,
    shown,
    sites_of,
)
from assay.diagnosis.reach import Altered
from assay.diagnosis.values import by_sources, origin_of
from assay.model.diagnosis import Certainty, Fault, Match, Sign
from assay.model.evidence import FrameKind


def _match(case: Case) -> Match | None:
    frame = case.own_frame
    if not by_sources(case) or frame is None or frame.kind is not FrameKind.SOURCE:
        return None
    origin = origin_of(case)
    if origin is None and case.difference is None:
        return None
    error = case.error
    return Match(
        cause=CAUSE.name,
        key=key_of(case, origin, frame.place),
        certainty=certainty_of(case),
        sentence=f"{frame.place} fails with {error.short_type} ({shown(error.first_line)}) since "
        f"`{origin.name if origin is not None else frame.function}` was altered",
        proofs=(*of_origin(case, origin), *of_failure(case)),
        signs=tuple(_signs(case, origin)),
        sites=sites_of(case, origin),
        fix=f"make {frame.place} stand what it is given now, or give it what it had",
        facts={**facts_of(origin), "type": error.type, "place": frame.place},
    )


def _signs(case: Case, origin: Altered | None) -> Iterator[Sign]:
    yield from of_accident(case, case.error)
    # That a definition was rewritten does not tell that it was meant to fail.
    yield from (replace(sign, alone=False) for sign in of_intent(case.sides, origin))
    yield from of_regression_test(case)


CAUSE = Cause(
    name="error-in-sources",
    title="Error in the sources",
    rule=(
        "An exception out of the sources where base passes, in or below an altered definition that "
        "the test reaches, and no cause that says more."
    ),
    shows="the altered definition at both sides, and the line that fails.",
    verdict=(
        "Code, if no statement of the sources raises it and the parameters are as before; else "
        "undecided: what documents tell of the change does not say that it was meant to fail."
    ),
    fix="make the line stand what it is given, or give it what it had.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A share of nothing; a value that is another.",
            {
                "shop.py": """\
def share(total, count):
    return total / count if count else 0


def go(code):
    return code
""",
                "test_shop.py": """\
from shop import go, share


def test_share():
    assert share(3, 0) == 0


def test_go():
    assert go(3) == 3
""",
            },
            {
                "shop.py": """\
def share(total, count):
    return total / count


def go(code):
    return code + 1
""",
            },
            {"test_shop.py::test_share": Fault.CODE},
            ("test_shop.py::test_go",),
        ),
    ),
    ambiguity="a test that hands over what is no longer taken fails in the same way.",
)
