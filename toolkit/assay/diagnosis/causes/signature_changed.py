"""A function is called in a way that its new signature refuses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.sides import Function, Place, Sides
from assay.diagnosis.signs import of_callers, of_documents, of_other_tests, of_signature
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site

_REFUSED = re.compile(
    r"(?P<name>[\w.<>]+)\(\) (?:"
    r"got an unexpected keyword argument '(?P<unexpected>\w+)'"
    r"|missing \d+ required (?:positional|keyword-only) arguments?: (?P<missing>.+)"
    r"|takes .* positional arguments?.* (?:was|were) given"
    r"|got some positional-only arguments passed as keyword arguments: .*"
    r"|got multiple values for argument '(?P<multiple>\w+)')"
)


def _match(case: Case) -> Match | None:
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
    if before is not None and _signature(before) == _signature(after):
        return None
    return Match(
        cause=CAUSE.name,
        key=f"{after.path}::{after.name}",
        certainty=Certainty.COMPLETE if before is not None else Certainty.PARTIAL,
        sentence=f"{caller.place} calls `{after.name}` in a way that its signature at head refuses",
        proofs=(
            *([Proof("signature", _signature(before), before.shown, "base")] if before else []),
            Proof("signature", _signature(after), after.shown, "head"),
            Proof("call", caller.source, caller.place, "head"),
            Proof("error", error.first_line),
        ),
        signs=tuple(_signs(case, before, after)),
        sites=(Site(caller.path, caller.line),),
        fix=f"call `{after.short}` as `{_signature(after)}` asks, or let it take the old form too",
        facts={
            "path": after.path,
            "name": after.name,
            "unexpected": told["unexpected"] or "",
            "before": [] if before is None else _parameters(before),
            "after": _parameters(after),
        },
    )


def _callee(sides: Sides, name: str) -> tuple[Place | None, Place] | None:
    """The function at base and at head; the changed one where several have the name."""
    constructors = [name, f"{name}.__init__"]
    found = [p for n in constructors for p in sides.head.called(n) if isinstance(p.node, Function)]
    pairs = [(sides.base.definition(place.path, place.name), place) for place in found]
    differing = [
        (before, after)
        for before, after in pairs
        if before is None or _signature(before) != _signature(after)
    ]
    return differing[0] if differing else (pairs[0] if pairs else None)


def _signature(place: Place) -> str:
    node = place.node
    if not isinstance(node, Function):
        return place.short
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    return f"{place.short}({ast.unparse(node.args)}){returns}"


def _parameters(place: Place) -> list[str]:
    node = place.node
    assert isinstance(node, Function)
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [one.arg for one in every]


def _signs(case: Case, before: Place | None, after: Place) -> Iterator[Sign]:
    frame = case.own_frame
    if frame is not None and not case.in_test:
        yield from of_callers([frame.place], after.short)
        return
    yield from of_signature(case.sides, before, after)
    yield from of_documents(case.sides, after.short)
    yield from of_other_tests(case.sides, after.short)


CAUSE = Cause(
    name="signature-changed",
    title="Signature changed",
    rule=(
        "A TypeError by which Python refuses a call (unexpected, missing, too many arguments), "
        "raised in the caller, of a function of the project whose signature differs between base "
        "and head, or which is new."
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
                "pricing.py": "def discount(amount, rate):\n    return amount * rate\n",
                "test_pricing.py": """\
from pricing import discount


def test_discount():
    assert discount(100, rate=0.5) == 50


def test_none():
    assert discount(None, percent=50) == 50
""",
            },
            {
                "pricing.py": """\
def discount(amount, *, percent):
    return amount * percent / 100
""",
            },
            {"test_pricing.py::test_discount": Fault.TEST},
            ("test_pricing.py::test_none",),
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
