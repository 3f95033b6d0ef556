"""A function is called in a way that its new signature refuses, or takes otherwise.

Facts: those of a refusal, see `assay.diagnosis.signatures`.
"""

from __future__ import annotations

import ast
import re

from assay.diagnosis.calls import call_of, positional_of, signature
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.sides import Function, Place, Sides
from assay.diagnosis.signatures import Refusal, refused_match
from assay.model.diagnosis import Certainty, Fault, Match
from assay.model.evidence import OF_THE_PROJECT

_REFUSED = re.compile(
    r"(?P<name>[\w.<>]+)\(\) (?:"
    r"got an unexpected keyword argument '(?P<unexpected>\w+)'"
    r"|missing \d+ required (?:positional|keyword-only) arguments?: (?P<missing>.+)"
    r"|takes .* positional arguments?.* (?:was|were) given"
    r"|got some positional-only arguments passed as keyword arguments: .*"
    r"|got multiple values for argument '(?P<multiple>\w+)')"
)


def _match(case: Case) -> Match | None:
    return _refused(case) or _reordered(case)


# -- a call that Python refuses


def _refused(case: Case) -> Match | None:
    error = case.error
    told = _REFUSED.match(error.first_line)
    caller = error.last_own_frame
    if not error.is_a("TypeError") or told is None or caller is None:
        return None
    # A frame of the function itself would mean that it was called, and called another.
    if error.last_frame is not caller:
        return None
    name = told["name"].replace(".<locals>", "")
    callee = _callee(case.sides, name)
    if callee is None:
        return None
    before, after = callee
    if before is not None and signature(before) == signature(after):
        return None
    sentence = f"{caller.place} calls `{after.name}` in a way that its signature at head refuses"
    missing = tuple(re.findall(r"'(\w+)'", told["missing"] or ""))
    refusal = Refusal(before, after, caller, told["unexpected"] or "", missing)
    return refused_match(case, CAUSE.name, refusal, sentence)


def _callee(sides: Sides, name: str) -> tuple[Place | None, Place] | None:
    """The function at base and at head; the changed one where several have the name."""
    constructors = [name, f"{name}.__init__"]
    found = [p for n in constructors for p in sides.head.called(n) if isinstance(p.node, Function)]
    pairs = [(sides.base.definition(place.path, place.name), place) for place in found]
    differing = [
        (before, after)
        for before, after in pairs
        if before is None or signature(before) != signature(after)
    ]
    return differing[0] if differing else (pairs[0] if pairs else None)


# -- a call whose positional arguments mean something else now


def _reordered(case: Case) -> Match | None:
    """An exception below a function of the project whose positional parameters have other places,
    called by position as base's signature has them."""
    if not case.error.is_a("TypeError", "ValueError", "AttributeError", "LookupError"):
        return None
    frames = [f for f in case.error.frames if f.kind in OF_THE_PROJECT]
    for caller, frame in zip(reversed(frames[:-1]), reversed(frames[1:]), strict=True):
        after = case.sides.head.enclosing(frame.path, frame.line)
        before = after and case.sides.base.definition(after.path, after.name)
        if before is None or after is None or not _moved(before, after):
            continue
        name = after.short if after.short != "__init__" else after.name.split(".")[-2]
        call = call_of(case.sides.head, caller, name)
        # A caller that the change has touched follows the new order.
        if call is None or caller.line in case.sides.changed_lines(caller.path):
            continue
        if _gives_moved(call, before, after):
            sentence = (
                f"{caller.place} calls `{after.name}` by position, and its parameters have "
                "another order at head"
            )
            return refused_match(case, CAUSE.name, Refusal(before, after, caller), sentence)
    return None


def _moved(before: Place, after: Place) -> bool:
    old, new = positional_of(before), positional_of(after)
    return any(one in new and new.index(one) != n for n, one in enumerate(old))


def _gives_moved(call: ast.Call, before: Place, after: Place) -> bool:
    old, new = positional_of(before), positional_of(after)
    given = len(call.args)
    if any(isinstance(one, ast.Starred) for one in call.args):
        return False
    return any(one in new and new.index(one) != n for n, one in enumerate(old[:given]))


CAUSE = Cause(
    name="signature-changed",
    title="Signature changed",
    rule=(
        "A TypeError by which Python refuses a call (unexpected, missing, too many arguments), "
        "raised in the caller, of a function of the project whose signature differs between base "
        "and head, or which is new; or an exception below a function whose positional parameters "
        "have another order at head, called by position in an unchanged line."
    ),
    shows="both signatures, the call, and the callers that still use the old form.",
    verdict=(
        "Code, if a caller in the sources still uses the old form; test, if the signature was "
        "rewritten and only tests call it so; undecided if there are signs for both."
    ),
    fix="call it as the new signature asks, or keep a deprecated parameter.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A parameter was renamed, and the test still uses the old name.",
            {
                "pricing.py": """\
def discount(amount, rate):
    return amount * rate


def line(name, amount):
    return name.upper() + "%d" % amount
""",
                "test_pricing.py": """\
from pricing import discount, line


def test_discount():
    assert discount(100, rate=0.5) == 50


def test_none():
    assert discount(None, percent=50) == 50


def test_line():
    assert line("a", 1) == "A1"


def test_zero():
    assert line(amount=None, name="a") == "A0"
""",
            },
            {
                "pricing.py": """\
def discount(amount, *, percent):
    return amount * percent / 100


def line(amount, name):
    return name.upper() + "%d" % amount
""",
            },
            {
                "test_pricing.py::test_discount": Fault.TEST,
                "test_pricing.py::test_line": Fault.TEST,
            },
            ("test_pricing.py::test_none", "test_pricing.py::test_zero"),
        ),
        Example(
            "A caller in the sources was forgotten.",
            {
                "pricing.py": "def discount(amount, rate):\n    return amount * rate\n",
                "shop.py": """\
from pricing import discount


def price(amount):
    return discount(amount, 0.5)
""",
                "test_shop.py": """\
from shop import price


def test_price():
    assert price(100) == 50
""",
            },
            {"pricing.py": "def discount(amount, rate, currency):\n    return amount * rate\n"},
            {"test_shop.py::test_price": Fault.CODE},
        ),
    ),
    ambiguity="functions made in C have no signature that can be read.",
)
