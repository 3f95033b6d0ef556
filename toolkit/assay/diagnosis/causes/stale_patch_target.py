"""A test puts a stand-in in place of something that is not there.

Facts: `target` is what the tests name, dotted; `new_target` what it has become ("" if unknown), and
`new_name` the last part of that; `patches` are the calls at head that name it, as "path:line";
`strings` are those targets as they are written, where they are one string.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.patching import Patch, patches_of
from assay.diagnosis.renames import (
    Lost,
    left_behind,
    lost_attribute,
    lost_name,
    proofs_of,
    signs_of,
)
from assay.diagnosis.sides import Place, Side
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import OF_THE_PROJECT, Raised

_LACKS = "(?:does not have the attribute|has no attribute) '(?P<name>\\w+)'"
_PATTERNS = (
    re.compile(rf"<(?:module|class) '(?P<owner>[\w.]+)'.*> {_LACKS}"),
    re.compile(rf"<(?P<owner>[\w.]+) object at .*> {_LACKS}"),
    re.compile(rf"'\w+' object at (?P<owner>[\w.]+) {_LACKS}"),
    re.compile(rf"module '(?P<owner>[\w.]+)' {_LACKS}"),
    re.compile(rf"type object '(?P<owner>[\w.]+)' {_LACKS}"),
)
_NO_MODULE = re.compile(r"No module named '(?P<owner>[\w.]+)\.(?P<name>\w+)'")


def _match(case: Case) -> Match | None:
    error = case.error
    if not error.is_a("AttributeError", "ImportError") or not _while_patching(error):
        return None
    told = _told(error)
    if told is None:
        return None
    owner, name = told
    lost = _lost(case, owner, name)
    patches = list(_patches(case, owner, name))
    new = "" if lost is None else _new_target(case, owner, lost)
    frame = error.last_own_frame
    place = frame.place if frame is not None else next((p.place for p in patches), case.path)
    ours = case.sides.head.located(owner) is not None
    if not ours:
        return None
    there_before = lost is not None and lost.before is not None
    now = f"; it is `{new}` now" if new else ""
    return Match(
        cause=CAUSE.name,
        key=f"{owner}.{name}",
        certainty=Certainty.COMPLETE if there_before else Certainty.PARTIAL,
        sentence=f"{place} patches `{owner}.{name}`, which is not there{now}",
        proofs=(
            *(proofs_of(lost) if lost is not None else ()),
            *(Proof("patch", _line(case, one), one.place, "head") for one in patches[:5]),
            Proof("error", error.first_line),
        ),
        signs=tuple(_signs(case, lost, place, f"{owner}.{name}")),
        sites=tuple(Site(one.path, one.node.lineno) for one in patches),
        fix=_fix(new, lost, f"{owner}.{name}"),
        facts={
            "target": f"{owner}.{name}",
            "new_target": new,
            "new_name": new.rpartition(".")[2],
            "patches": [one.place for one in patches],
            "strings": sorted({one.text for one in patches if one.text}),
        },
    )


def _while_patching(error: Raised) -> bool:
    """Whether it was raised by `mock.patch` or `monkeypatch` itself, or by what these call."""
    last = None
    for number, frame in enumerate(error.frames):
        if frame.kind in OF_THE_PROJECT:
            last = None
        elif frame.path.endswith(("unittest/mock.py", "_pytest/monkeypatch.py")):
            asks = ("get_original", "_importer", "_get_target", "__enter__", "setattr", "delattr")
            known = (*asks, "resolve", "annotated_getattr", "derive_importpath")
            if frame.function.rpartition(".")[2] in known:
                last = number
    return last is not None


def _told(error: Raised) -> tuple[str, str] | None:
    text = error.first_line
    found = (pattern.search(text) for pattern in (*_PATTERNS, _NO_MODULE))
    told = next((one for one in found if one is not None), None)
    return None if told is None else (told["owner"], told["name"])


def _lost(case: Case, owner: str, name: str) -> Lost | None:
    found = case.sides.head.located(owner)
    if found is None:
        return None
    path, inside = found
    return lost_attribute(case.sides, owner, name) if inside else lost_name(case.sides, path, name)


def _patches(case: Case, owner: str, name: str) -> Iterator[Patch]:
    """All calls in the tests that name it, by whichever import."""
    target = f"{owner}.{name}"
    cls = case.sides.head.defined_as(owner)
    for one in patches_of(case.sides):
        same = one.owner == owner or f"{one.target}.".startswith(f"{target}.")
        by_class = cls is not None and case.sides.head.defined_as(one.owner) == cls
        if (one.name == name and by_class) or (same and f".{name}." in f".{one.target}."):
            yield one


def _new_target(case: Case, owner: str, lost: Lost) -> str:
    """The successor where the owner binds it, or else where it is defined."""
    if lost.after is None:
        return ""
    found = case.sides.head.located(owner)
    if found is None or found[1]:
        return lost.dotted
    if lost.after.name in case.sides.head.bound(found[0]):
        return f"{owner}.{lost.after.name}"
    alias = _alias(case.sides.head, found[0], lost.after)
    return f"{owner}.{alias}" if alias else lost.dotted


def _alias(side: Side, path: str, there: Place) -> str:
    """The name under which a file imports what is defined there; "" if it does not."""
    for name, node in side.bound(path).items():
        if isinstance(node, ast.ImportFrom) and not node.level:
            for one in node.names:
                dotted = f"{node.module}.{one.name}"
                if (one.asname or one.name) == name and dotted == (
                    f"{side.dotted(there.path)}.{there.name}"
                ):
                    return name
    return ""


def _line(case: Case, patch: Patch) -> str:
    return case.sides.head.line(patch.path, patch.node.lineno)


def _signs(case: Case, lost: Lost | None, place: str, target: str) -> Iterator[Sign]:
    if lost is None:
        return
    yield from signs_of(case.sides, lost, place, in_test=True)
    if lost.before is None:
        yield Sign(Fault.TEST, f"there is no `{target}` at base either", place)
    elif not left_behind(case.sides, lost):
        yield Sign(Fault.TEST, f"nothing in the sources asks for `{lost.name}` any more", place)


def _fix(new: str, lost: Lost | None, target: str) -> str:
    if new:
        return f"patch `{new}`; with `autospec=True` its calls are checked too"
    if lost is not None and lost.near:
        return f"did it mean `{lost.near[0]}`?"
    return f"do without the stand-in for `{target}`, or patch what took its part"


CAUSE = Cause(
    name="stale-patch-target",
    title="Patch target missing",
    rule=(
        "An AttributeError or ImportError raised by `mock.patch`, `patch.object` or `monkeypatch` "
        "while it looks for what it is to replace in a module or class of the project."
    ),
    shows="the target, what it was at base, what it is now by the diff, and all patches of it.",
    verdict=(
        "Code, if the sources still ask for the name; test, if the diff shows what it has become, "
        "or nothing in the sources asks for it any more."
    ),
    fix="patch the new target, with `autospec=True`.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "What several tests replace was renamed, and one thing that the sources still use.",
            {
                "shop/__init__.py": "",
                "shop/pricing.py": """\
def fetch_rate(currency):
    return {"EUR": 1, "USD": 2}[currency]


def load():
    return 1


def convert(amount):
    return amount * fetch_rate("USD")


def total():
    return load()


class Cart:
    def fetch(self):
        return [1, 2, 3]
""",
                "test_pricing.py": """\
from unittest.mock import patch

from shop import pricing


def test_string():
    with patch("shop.pricing.fetch_rate", return_value=3):
        assert pricing.convert(2) == 6


@patch("shop.pricing.fetch_rate")
def test_decorator(rate):
    rate.return_value = 3
    assert pricing.convert(2) == 6


def test_monkeypatch(monkeypatch):
    monkeypatch.setattr(pricing, "fetch_rate", lambda currency: 3)
    assert pricing.convert(2) == 6


def test_class(monkeypatch):
    monkeypatch.setattr("shop.pricing.Cart.fetch", lambda self: [])
    assert pricing.Cart().fetch() == []


def test_used():
    with patch.object(pricing, "load", return_value=2):
        assert pricing.total() == 2


def test_library():
    with patch("math.no_such_thing"):
        pass
""",
            },
            {
                "shop/pricing.py": """\
def get_rate(currency):
    return {"EUR": 1, "USD": 2}[currency]


def convert(amount):
    return amount * get_rate("USD")


def total():
    return load()


class Cart:
    def fetch_all(self):
        return [1, 2, 3]
""",
            },
            {
                "test_pricing.py::test_string": Fault.TEST,
                "test_pricing.py::test_decorator": Fault.TEST,
                "test_pricing.py::test_monkeypatch": Fault.TEST,
                "test_pricing.py::test_class": Fault.TEST,
                "test_pricing.py::test_used": Fault.CODE,
            },
            ("test_pricing.py::test_library",),
        ),
    ),
    ambiguity="names that a module makes while it runs are not in its text.",
)
