"""A mock was not called as the test expects.

Facts: `mock` is its name, `kind` how the calls differ (not called, called, number of calls,
arguments), `expected` and `actual` the calls as the mock tells them; `assertion` is the place of
the assertion, as "path:line".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import suppress

from assay.diagnosis.calls import binds, calls_of, signature
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.sides import Function, Place
from assay.diagnosis.signs import of_other_tests
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site

_NAMES = (
    re.compile(r"Expected '(?P<name>[\w.()]+)' to"),
    re.compile(r"Expected: (?P<name>[\w.()]+)\("),
    re.compile(r"^(?P<name>[\w.()]+)\(.*\) (?:call|await) not found"),
)
_LINE = re.compile(r"^ *(Expected|Actual)(?: call)?: (?P<call>.+)$", re.MULTILINE)
_PLAIN = frozenset({"mock", "call", "magicmock"})


def _match(case: Case) -> Match | None:
    error, frame = case.error, case.own_frame
    last = error.last_frame
    if not error.is_a("AssertionError") or frame is None or last is None:
        return None
    asserts = last.function.rpartition(".")[2]
    if not last.path.endswith("unittest/mock.py") or not asserts.startswith("assert_"):
        return None
    name = _name(error.message) or _asserted(frame.source)
    expected, actual = _calls(error.message)
    kind = _kind(asserts, error.message)
    real = _real(case, name)
    return Match(
        cause=CAUSE.name,
        key=f"{name}:{kind}",
        certainty=Certainty.COMPLETE,
        sentence=f"{frame.place} expects other calls of the mock `{name}`: {kind}",
        proofs=(
            Proof("assertion", frame.source, frame.place, "head"),
            *([Proof("expected", expected)] if expected else []),
            *([Proof("actual", actual)] if actual else []),
            *([Proof("signature", signature(real), real.shown, "head")] if real else []),
            *_changed_calls(case, name),
            Proof("error", error.message[:500]),
        ),
        signs=tuple(_signs(case, name, real, expected, actual)),
        sites=(Site(frame.path, frame.line),),
        fix="expect the call that is made now, or make the one that is expected",
        facts={
            "mock": name,
            "kind": kind,
            "expected": expected,
            "actual": actual,
            "assertion": frame.place,
        },
    )


def _name(message: str) -> str:
    """The last part of the mock's name; "" if it has none of its own."""
    for pattern in _NAMES:
        told = pattern.search(message)
        if told is not None:
            last = told["name"].removesuffix("()").rpartition(".")[2]
            return "" if last.lower() in _PLAIN else last
    return ""


def _asserted(source: str) -> str:
    told = re.search(r"(\w+)\.assert_\w+\(", source)
    return told[1] if told is not None else "mock"


def _calls(message: str) -> tuple[str, str]:
    found = {told[1]: told["call"].strip() for told in _LINE.finditer(message)}
    return found.get("Expected", ""), found.get("Actual", "")


def _kind(asserts: str, message: str) -> str:
    if asserts.startswith("assert_not"):
        return "called"
    if "Called 0 times" in message or "not called" in message or "Awaited 0 times" in message:
        return "not called"
    return "number of calls" if re.search(r"(Called|Awaited) \d+ times", message) else "arguments"


def _real(case: Case, name: str) -> Place | None:
    """The one function of the sources that the mock's name can mean."""
    found = [
        place
        for place in case.sides.head.called(name)
        if isinstance(place.node, Function) and not case.sides.is_test(place.path)
    ]
    return found[0] if len(found) == 1 else None


def _changed_calls(case: Case, name: str) -> Iterator[Proof]:
    """The calls of that name which the change has taken away or brought."""
    sides = case.sides
    for side, lines, label in (
        (sides.base, sides.removed_lines, "base"),
        (sides.head, sides.changed_lines, "head"),
    ):
        for path, call in calls_of(side, name):
            if not sides.is_test(path) and call.lineno in lines(path):
                line = side.line(path, call.lineno)
                yield Proof("call in the sources", line, f"{path}:{call.lineno}", label)


def _signs(case: Case, name: str, real: Place | None, expected: str, actual: str) -> Iterator[Sign]:
    """What the real one takes: a call that it refuses is nobody's to make or to expect."""
    wanted, made = _fits(expected, real), _fits(actual, real)
    if real is None:
        return
    if wanted is False and made is True:
        words = f"`{signature(real)}` takes the call that was made, not the one expected"
        yield Sign(Fault.TEST, words, real.shown)
        yield from of_other_tests(case.sides, name)
    elif made is False and wanted is True:
        words = f"`{signature(real)}` takes the call that is expected, not the one made"
        yield Sign(Fault.CODE, words, real.shown)


def _fits(call: str, real: Place | None) -> bool | None:
    node: ast.expr | None = None
    with suppress(SyntaxError, ValueError):
        node = ast.parse(re.sub(r"<[^<>]*>", "None", call), mode="eval").body
    return binds(node, real) if isinstance(node, ast.Call) and real is not None else None


CAUSE = Cause(
    name="mock-expectation",
    title="Mock expectation not met",
    rule="An AssertionError raised by one of a mock's own `assert_…` methods.",
    shows="the expected and the actual call, and the calls that the change has taken or brought.",
    verdict=(
        "Test, if the real function takes the call that was made and not the one expected; code, "
        "if it is the other way round; else undecided."
    ),
    fix="expect what is called now, or restore the call.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A source calls with the new signature, one with none, one not at all.",
            {
                "mail.py": "def send(to, text):\n    return to, text\n\n\n"
                "def log(text, level):\n    return text, level\n",
                "shop.py": """\
import mail


def order(name):
    mail.send(name, "hello")


def note(name):
    mail.log(name, 1)


def bye(name):
    mail.send(name, "bye")
""",
                "test_shop.py": """\
from unittest.mock import patch

import shop


def test_order():
    with patch("mail.send") as send:
        shop.order("a")
    send.assert_called_once_with("a", "hello")


def test_note():
    with patch("mail.log") as log:
        shop.note("a")
    log.assert_called_with("a", 1)


def test_bye():
    with patch("mail.send") as send:
        shop.bye("a")
    send.assert_called_once()


def test_flag():
    with patch("mail.send") as send:
        shop.bye("a")
    assert send.called
""",
            },
            {
                "mail.py": "def send(to, *, body):\n    return to, body\n\n\n"
                "def log(text, level):\n    return text, level\n",
                "shop.py": """\
import mail


def order(name):
    mail.send(name, body="hello")


def note(name):
    mail.log(name)


def bye(name):
    pass
""",
            },
            {
                "test_shop.py::test_order": Fault.TEST,
                "test_shop.py::test_note": Fault.CODE,
                "test_shop.py::test_bye": Fault.UNDECIDED,
            },
            ("test_shop.py::test_flag",),
        ),
    ),
    ambiguity="whether a call is meant to be made any more is not in the code.",
)
