"""A function is called in a way that its new signature refuses, or takes otherwise.

Facts: those of a refusal, see `assay.diagnosis.signatures`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from assay.diagnosis.calls import call_of, call_under_way, positional_of, signature
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.sides import Function, Place, Sides
from assay.diagnosis.signatures import Refusal, refused_match
from assay.model.diagnosis import Certainty, Fault, Match, Site
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
    missing = tuple(re.findall(r"'(\w+)'", told["missing"] or ""))
    overridden = _overridden(case, caller, name.rpartition(".")[2])
    if overridden is not None:
        refusal = replace(overridden, unexpected=told["unexpected"] or "", missing=missing)
        sentence = (
            f"{caller.place} calls the tests' own `{refusal.after.short}` as "
            f"`{refusal.after.name}` is declared at head"
        )
        return refused_match(case, CAUSE.name, refusal, sentence)
    callee = _callee(case.sides, name)
    if callee is None:
        return _other_class(case, caller)
    before, after = callee
    if before is not None and signature(before) == signature(after):
        return None
    sentence = f"{caller.place} calls `{after.name}` in a way that its signature at head refuses"
    refusal = Refusal(before, after, caller, told["unexpected"] or "", missing)
    return refused_match(case, CAUSE.name, refusal, sentence)


def _overridden(case: Case, caller: Frame, name: str) -> Refusal | None:
    """A method of the sources with a new signature that the tests' classes override with the old
    one, called by a changed line of the sources."""
    sides = case.sides
    if case.in_test or caller.line not in sides.changed_lines(caller.path):
        return None
    found = [
        (before, place)
        for place in sides.head.called(name)
        if "." in place.name and isinstance(place.node, Function) and sides.is_product(place.path)
        if (before := sides.base.definition(place.path, place.name)) is not None
        and signature(before) != signature(place)
    ]
    tree = sides.head.tree(case.path)
    own = tuple(
        Site(case.path, node.lineno)
        for node in ([] if tree is None else ast.walk(tree))
        if isinstance(node, Function) and node.name == name
    )
    if len(found) != 1 or not own:
        return None
    return Refusal(*found[0], caller, overrides=own)


def _other_class(case: Case, caller: Frame) -> Match | None:
    """A class of the project that inherits from others at head: it is made as these ask."""
    call = call_under_way(case.sides.head, caller)
    meant = "" if call is None else case.sides.head.meant(caller.path, call.func)
    before, after = case.sides.base.defined_as(meant), case.sides.head.defined_as(meant)
    if before is None or after is None:
        return None
    if not isinstance(before.node, ast.ClassDef) or not isinstance(after.node, ast.ClassDef):
        return None
    if signature(before) == signature(after):
        return None
    sentence = f"{caller.place} calls `{after.name}`, which is another kind of class at head"
    return refused_match(case, CAUSE.name, Refusal(before, after, caller), sentence)


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
        "have another order at head, called by position in an unchanged line; or a changed line of "
        "the sources calls a method with a new signature that the tests override with the old one; "
        "or the call makes an instance of a class that has other bases at head."
    ),
    shows="both signatures, the call, and the callers that still use the old form.",
    verdict=(
        "Code, if a caller in the sources still uses the old form, or documents tell of it; test, "
        "if only tests call it so, and documents or other tests were made to follow; else "
        "undecided: a signature that was put back looks like one that was made anew."
    ),
    fix="call it as the new signature asks, or keep a deprecated parameter.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "Signatures were changed, and tests call by the old ones: documents tell of one.",
            {
                "docs/changes-shop.md": "",
                "pricing.py": """\
def discount(amount, rate):
    return amount * rate


def line(name, amount):
    return name.upper() + "%d" % amount


class Nothing:
    pass
""",
                "test_pricing.py": """\
from pricing import Nothing, discount, line


def test_nothing():
    assert Nothing()


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
                "docs/changes-shop.md": "`discount` takes `percent`, by name.\n",
                "pricing.py": """\
from enum import Enum


def discount(amount, *, percent):
    return amount * percent / 100


def line(amount, name):
    return name.upper() + "%d" % amount


class Nothing(Enum):
    VALUE = 1
""",
            },
            {
                "test_pricing.py::test_discount": Fault.TEST,
                "test_pricing.py::test_line": Fault.UNDECIDED,
                "test_pricing.py::test_nothing": Fault.UNDECIDED,
            },
            ("test_pricing.py::test_none", "test_pricing.py::test_zero"),
        ),
        Example(
            "A caller in the sources was forgotten; a method that a test overrides takes more.",
            {
                "pricing.py": "def discount(amount, rate):\n    return amount * rate\n",
                "shop.py": """\
from pricing import discount


def price(amount):
    return discount(amount, 0.5)


class Till:
    def pay(self, amount):
        return self.on_paid(amount)

    def on_paid(self, amount):
        return amount
""",
                "test_shop.py": """\
from shop import Till, price


class Silent(Till):
    def on_paid(self, amount):
        return 0


def test_silent():
    assert Silent().pay(1) == 0


def test_price():
    assert price(100) == 50
""",
            },
            {
                "pricing.py": "def discount(amount, rate, currency):\n    return amount * rate\n",
                "shop.py": """\
from pricing import discount


def price(amount):
    return discount(amount, 0.5)


class Till:
    def pay(self, amount):
        return self.on_paid(amount, "EUR")

    def on_paid(self, amount, currency):
        return amount
""",
            },
            {
                "test_shop.py::test_price": Fault.CODE,
                "test_shop.py::test_silent": Fault.UNDECIDED,
            },
        ),
    ),
    ambiguity="functions made in C have no signature that can be read.",
)
