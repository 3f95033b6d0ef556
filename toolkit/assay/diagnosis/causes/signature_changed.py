"""A function is called in a way that its new signature refuses, or takes otherwise.

Facts: `path` and `name` (qualified) of the function; `before` and `after`, its parameters in their
order ([] if base has no such function); `renamed` maps old parameters to new ones where the diff
shows which; `unexpected` is the keyword that was refused, `missing` are those that were not given;
`calls` are the places at head whose call the new signature refuses, as "path:line".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.calls import (
    binds,
    call_of,
    calls_of,
    parameters,
    positional_of,
    signature,
)
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.sides import Function, Place, Sides
from assay.diagnosis.signs import of_callers, of_documents, of_other_tests, of_signature
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import OF_THE_PROJECT, Frame

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
    unexpected, missing = told["unexpected"] or "", re.findall(r"'(\w+)'", told["missing"] or "")
    return _told(case, before, after, caller, sentence, unexpected, missing)


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
            return _told(case, before, after, caller, sentence, "", [])
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


# -- what is told


def _told(
    case: Case,
    before: Place | None,
    after: Place,
    caller: Frame,
    sentence: str,
    unexpected: str,
    missing: list[str],
) -> Match:
    stale = _stale_calls(case.sides, before, after)
    tests = [one for one in stale if case.sides.is_test(one.path)]
    sources = [one for one in stale if not case.sides.is_test(one.path)]
    same_side = tests if case.in_test else sources
    return Match(
        cause=CAUSE.name,
        key=f"{after.path}::{after.name}",
        certainty=Certainty.COMPLETE if before is not None else Certainty.PARTIAL,
        sentence=sentence,
        proofs=(
            *([Proof("signature", signature(before), before.shown, "base")] if before else []),
            Proof("signature", signature(after), after.shown, "head"),
            Proof("call", caller.source, caller.place, "head"),
            *_others(case.sides, "other call in the tests", tests, caller),
            *_others(case.sides, "other call in the sources", sources, caller),
            Proof("error", case.error.first_line),
        ),
        signs=tuple(_signs(case, before, after, sources)),
        sites=tuple(dict.fromkeys([Site(caller.path, caller.line), *same_side])),
        fix=f"call `{after.short}` as `{signature(after)}` asks, or let it take the old form too",
        facts={
            "path": after.path,
            "name": after.name,
            "before": [] if before is None else parameters(before),
            "after": parameters(after),
            "renamed": {} if before is None else renamed(before, after),
            "unexpected": unexpected,
            "missing": missing,
            "calls": [f"{one.path}:{one.line}" for one in stale],
        },
    )


def _others(sides: Sides, label: str, sites: list[Site], caller: Frame) -> Iterator[Proof]:
    for one in [s for s in sites if (s.path, s.line) != (caller.path, caller.line)][:5]:
        yield Proof(label, sides.head.line(one.path, one.line), f"{one.path}:{one.line}", "head")


def _stale_calls(sides: Sides, before: Place | None, after: Place) -> list[Site]:
    """Calls by a name that nothing else in the project has, which the old signature takes and the
    new one refuses."""
    named = [one for one in sides.head.definitions if one.short == after.short]
    name = after.name.split(".")[-2] if after.short == "__init__" else after.short
    if before is None or (len(named) > 1 and after.short != "__init__"):
        return []
    return [
        Site(path, call.lineno)
        for path, call in calls_of(sides.head, name)
        if binds(call, before) is True and binds(call, after) is False
    ]


def renamed(before: Place, after: Place) -> dict[str, str]:
    """Old parameters and the new ones that stand for them: one that is gone and one that is new,
    if there is one of each, or in the same place."""
    old, new = parameters(before), parameters(after)
    gone = [one for one in old if one not in new]
    come = [one for one in new if one not in old]
    if len(gone) == len(come) == 1:
        return {gone[0]: come[0]}
    return {
        one: new[old.index(one)]
        for one in gone
        if new[old.index(one) : old.index(one) + 1] and new[old.index(one)] in come
    }


def _signs(case: Case, before: Place | None, after: Place, sources: list[Site]) -> Iterator[Sign]:
    frame = case.own_frame
    stale = [f"{one.path}:{one.line}" for one in sources]
    if frame is not None and not case.in_test and not stale:
        stale = [frame.place]
    yield from of_callers(stale, after.short)
    if stale:
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
