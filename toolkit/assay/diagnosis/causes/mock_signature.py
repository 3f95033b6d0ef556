"""A mock that knows the signature of what it stands for refuses a call.

Facts: those of a refusal, see `assay.diagnosis.signatures`; without a function of the project that
refuses it, only `calls`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.calls import binds, called_name, calls_at
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.sides import Function, Place
from assay.diagnosis.signatures import Refusal, refused_match
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site

_KEYWORD = re.compile(r"unexpected keyword argument '(\w+)'")
_MISSING = re.compile(r"missing a required (?:keyword-only )?argument: '(\w+)'")


def _match(case: Case) -> Match | None:
    error, frame = case.error, case.own_frame
    last = error.last_frame
    if not error.is_a("TypeError") or frame is None or last is None:
        return None
    inside = error.frames[error.frames.index(frame) :]
    checks = any(f.path.endswith("unittest/mock.py") and "checksig" in f.function for f in inside)
    if not checks or not last.path.endswith("inspect.py"):
        return None
    found = list(_refusing(case))
    if len(found) != 1:
        return _of_unknown(case)
    after = found[0]
    before = case.sides.base.definition(after.path, after.name)
    keyword, missing = _KEYWORD.search(error.first_line), _MISSING.findall(error.first_line)
    refusal = Refusal(before, after, frame, keyword[1] if keyword else "", tuple(missing))
    sentence = f"{frame.place} calls a mock of `{after.name}` in a way that the real one refuses"
    # What a source does to the mock, it does to the real one.
    decided = None if case.in_test else Fault.CODE
    return refused_match(case, CAUSE.name, refusal, sentence, decided)


def _refusing(case: Case) -> Iterator[Place]:
    """The functions of the project with the name that is called, which do not take the call."""
    frame = case.own_frame
    assert frame is not None
    for call in calls_at(case.sides.head, frame):
        for place in _named(case, call):
            if not case.sides.is_test(place.path) and binds(call, place) is False:
                yield place


def _named(case: Case, call: ast.Call) -> Iterator[Place]:
    name = called_name(call)
    if not name:
        return
    for place in (*case.sides.head.called(name), *case.sides.head.called(f"{name}.__init__")):
        if isinstance(place.node, Function):
            yield place


def _of_unknown(case: Case) -> Match | None:
    frame = case.own_frame
    assert frame is not None
    return Match(
        cause=CAUSE.name,
        key=frame.place,
        certainty=Certainty.PARTIAL,
        sentence=f"{frame.place} calls a mock in a way that the signature of its spec refuses",
        proofs=(
            Proof("call", frame.source, frame.place, "head"),
            Proof("error", case.error.first_line),
        ),
        signs=(),
        sites=(Site(frame.path, frame.line),),
        fix="call it as what it stands for asks",
        facts={"calls": [frame.place]},
    )


CAUSE = Cause(
    name="mock-signature",
    title="Mock refuses the call",
    rule=(
        "A TypeError raised while a mock with a spec holds a call against the signature of what it "
        "stands for. Complete if one function of the project has the name that is called and does "
        "not take the call."
    ),
    shows="the signatures at base and at head, and the call.",
    verdict=(
        "Code, if a source makes the call: the real one would refuse it too. Of a call in a test, "
        "as for a changed signature."
    ),
    fix="call it as the real signature asks.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A parameter was added; a source and a test still call it the old way.",
            {
                "rates.py": "def fetch(name):\n    return 2\n",
                "shop.py": "import rates\n\n\ndef price(n):\n    return n * rates.fetch('EUR')\n",
                "test_shop.py": """\
from unittest.mock import create_autospec, patch

import rates
import shop


def test_price():
    with patch("rates.fetch", autospec=True, return_value=2):
        assert shop.price(1) == 2


def test_plain():
    shop.price()
""",
                "test_rates.py": "from unittest.mock import create_autospec\n\nimport rates\n\n\n"
                "def test_fetch():\n    fetch = create_autospec(rates.fetch)\n"
                "    fetch('EUR')\n",
            },
            {"rates.py": "def fetch(name, day):\n    return 2\n"},
            {
                "test_shop.py::test_price": Fault.CODE,
                "test_rates.py::test_fetch": Fault.CODE,
            },
            ("test_shop.py::test_plain",),
        ),
    ),
    ambiguity="which function a mock stands for is known by the name it is called by only.",
)
