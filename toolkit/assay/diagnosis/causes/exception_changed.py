"""An exception that a test waits for is not raised any more, or another one is.

`facts`: `kind` (missing, message, type or unexpected), `wanted` and `got` (types, or texts for
"message"), and `path` and `name` of the definition that raised it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.diagnosis.assertion import assertion_of
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.intent import (
    docstring,
    of_accident,
    of_intent,
    of_regression_test,
    of_told_value,
)
from assay.diagnosis.proofs import (
    certainty_of,
    facts_of,
    key_of,
    of_failure,
    of_origin,
    shown,
    sites_of,
)
from assay.diagnosis.reach import Altered, reached
from assay.diagnosis.sides import Place
from assay.diagnosis.values import by_sources, origin_of
from assay.model.diagnosis import Certainty, Fault, Match, Sign
from assay.model.evidence import Frame, FrameKind

_MISSING = re.compile(
    r"DID NOT RAISE (?:any of )?(?:<class ')?(?P<type>[\w.]+)|(?P<named>\w+) not raised"
    r"|DID NOT WARN\. No warnings of type \(<class '(?P<warning>[\w.]+)'"
)
_PATTERN = re.compile(
    r"Regex pattern(?: did not match.*?Expected regex: (?P<new>.+?)\s+Actual message: (?P<got>.+)"
    r"| (?P<old>.+?) did not match (?P<was>.+))",
    re.DOTALL,
)
_TEXT_OF = re.compile(r"(?:str|repr)\((?:<ExceptionInfo |\w*(?:Error|Exception|Exit|Warning)\()")
_RAISES = ("raises", "assertRaises", "assertRaisesRegex")


@dataclass(frozen=True, slots=True)
class _Told:
    kind: str
    wanted: str
    got: str


def _match(case: Case) -> Match | None:
    if not by_sources(case):
        return None
    told = _told(case)
    if told is None:
        return None
    origin = _raiser(case, told) or origin_of(case)
    if origin is None and case.difference is None:
        return None
    exact = origin is not None and _raised(origin.before) != _raised(origin.after)
    return Match(
        cause=CAUSE.name,
        key=key_of(case, origin, told.wanted),
        certainty=Certainty.COMPLETE if exact else certainty_of(case),
        sentence=_sentence(case, told, origin),
        proofs=(*of_origin(case, origin), *of_failure(case)),
        signs=tuple(_signs(case, told, origin)),
        sites=sites_of(case, origin),
        fix=f"raise {shown(told.wanted)} again, or let the test wait for {shown(told.got)}"
        if told.got
        else f"raise {shown(told.wanted)} again, or let the test do without",
        facts={**facts_of(origin), "kind": told.kind, "wanted": told.wanted, "got": told.got},
    )


def _told(case: Case) -> _Told | None:
    error = case.error
    missing = _MISSING.match(error.first_line)
    if error.is_a("Failed", "AssertionError") and missing is not None:
        name = next(name for name in missing.groups() if name)
        return _Told("missing", name.rpartition(".")[2], "")
    pattern = _PATTERN.match(error.message)
    if error.is_a("AssertionError") and pattern is not None:
        wanted, got = pattern["new"] or pattern["old"], pattern["got"] or pattern["was"]
        return _Told("message", wanted, got.removesuffix("."))
    return _of_text(case) or _of_other_type(case) or _of_difference(case)


def _of_difference(case: Case) -> _Told | None:
    """The exception that ended the test is the first that was raised in place of another."""
    there, error = case.difference, case.error
    if there is None or there.kind != "raised" or error.is_a("AssertionError", "Failed"):
        return None
    if there.head_type.rpartition(".")[2] != error.short_type:
        return None
    if not there.base.startswith("raised"):
        return None
    return _Told("type", there.base_type.rpartition(".")[2], error.short_type)


def _of_text(case: Case) -> _Told | None:
    """An assertion about the text of an exception."""
    found = assertion_of(case.error)
    if found is None:
        return None
    texts = [call for call in found.calls if _TEXT_OF.match(call.text)]
    if not texts or texts[0].value not in found.sides:
        return None
    got = texts[0].value
    return _Told("message", found.left if found.right == got else found.right, got)


def _of_other_type(case: Case) -> _Told | None:
    """An exception out of the sources, in a test that waits for another there."""
    error, source = case.error, case.error.last_source_frame
    if source is None or error.is_a("AssertionError", "Failed"):
        return None
    # What stands in for something in the test may raise, far within.
    tests = [frame for frame in error.frames if frame.kind is FrameKind.TEST]
    wanted = next((w for w in (_waited_for(case, frame) for frame in tests) if w), "")
    if wanted:
        return _Told("type", wanted, error.short_type)
    if error.last_own_frame is source and re.match(r"raise\b", source.source):
        return _Told("unexpected", "nothing", error.short_type)
    return None


def _waited_for(case: Case, frame: Frame) -> str:
    """What `pytest.raises` around a line of a test names."""
    tree = case.sides.head.tree(frame.path)
    for node in [] if tree is None else ast.walk(tree):
        calls: list[ast.expr] = []
        if isinstance(node, ast.With):
            calls = [item.context_expr for item in node.items]
        elif isinstance(node, ast.Expr):
            calls = [node.value]
        inside = isinstance(node, ast.stmt) and node.lineno <= frame.line <= (node.end_lineno or 0)
        for call in calls if inside else []:
            if isinstance(call, ast.Call) and call.args:
                name = ast.unparse(call.func).rpartition(".")[2]
                if name in _RAISES:
                    return ast.unparse(call.args[0])
    return ""


# -- who raised it


def _raised(place: Place | None) -> list[str]:
    """The `raise` statements of a definition, with their conditions."""
    if place is None or isinstance(place.node, ast.ClassDef):
        return []
    found = []
    for node in ast.walk(place.node):
        if isinstance(node, ast.Raise) and node.exc is not None:
            found.append(ast.unparse(node.exc))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "warn":
            found.append(ast.unparse(node))
    return found


def _raiser(case: Case, told: _Told) -> Altered | None:
    """The altered definition whose `raise` of the exception was altered."""
    every = reached(case)
    changed = [one for one in every if _raised(one.before) != _raised(one.after)]
    name = told.wanted.rpartition(".")[2]
    if told.kind in ("missing", "type"):
        naming = [one for one in changed if any(name in text for text in _raised(one.before))]
        return next(iter(naming or changed), None)
    words = set(re.findall(r"\w{3,}", told.got))
    scored = [(len(words & set(re.findall(r"\w{3,}", _all(one)))), one) for one in changed]
    best = max(scored, key=lambda pair: pair[0], default=None)
    return best[1] if best is not None and best[0] else None


def _all(one: Altered) -> str:
    return " ".join(_raised(one.after))


def _sentence(case: Case, told: _Told, origin: Altered | None) -> str:
    who = f"`{origin.name}`" if origin is not None else "the code"
    if told.kind == "missing":
        return f"{who} was altered, and {shown(told.wanted)} is not raised any more"
    if told.kind == "message":
        return f"{who} was altered, and the message is {shown(told.got)}, not " + shown(told.wanted)
    if told.kind == "type":
        return f"{who} was altered, and raises {told.got} where the test waits for {told.wanted}"
    return f"{who} was altered, and raises {told.got}: {shown(case.error.first_line)}"


def _signs(case: Case, told: _Told, origin: Altered | None) -> Iterator[Sign]:
    sides = case.sides
    yield from of_intent(sides, origin)
    yield from of_regression_test(case)
    if told.kind == "message":
        yield from of_told_value(sides, told.got, told.wanted)
    if told.kind not in {"message", "missing"}:
        awaited = told.wanted if told.kind == "type" else ""
        yield from of_accident(case, case.error, awaited)
    after = origin.after if origin is not None else None
    if told.kind in ("missing", "type") and after is not None and origin is not None:
        says = docstring(after)
        if re.search(rf"\b{re.escape(told.wanted)}\b", says) and says == docstring(origin.before):
            words = f"the docstring of `{after.name}` still says {told.wanted}"
            yield Sign(Fault.CODE, words, after.shown)
    if told.kind == "unexpected":
        yield from _through_sources(case)


def _through_sources(case: Case) -> Iterator[Sign]:
    """Unchanged sources that call into what now refuses."""
    frames = [f for f in case.error.frames if f.kind is FrameKind.SOURCE]
    callers = [
        f for f in frames[:-1] if f.path not in case.sides.changed and f.path != frames[-1].path
    ]
    for frame in callers[:1]:
        words = f"{frame.place}, which was not changed, calls what now refuses"
        yield Sign(Fault.CODE, words, frame.place, alone=False)


CAUSE = Cause(
    name="exception-changed",
    title="Exception changed",
    rule=(
        "A test waits for an exception or a warning that is not raised any more, or for another "
        "message or type; or the altered sources raise, by a `raise` statement, where they did not "
        "at base."
    ),
    shows="the altered definition at both sides, what was waited for and what came.",
    verdict=(
        "Code, if the docstring still tells of the exception, the test names the report of a bug, "
        "Python itself raised the other one within the sources, or unchanged sources call what now "
        "refuses; test, if documents, the docstring or other tests tell of the new one; else "
        "undecided."
    ),
    fix="raise it again, or let the test wait for what comes now.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "No exception, another message, another type; and one that was never raised.",
            {
                "CHANGES.md": "# Changes\n",
                "money.py": '''\
def parse(text):
    """A number. Raises ValueError for an empty text."""
    if not text:
        raise ValueError("no text")
    return float(text)


def pay(amount):
    if amount < 0:
        raise ValueError("negative amount")
    return amount


def find(name, table):
    if name not in table:
        raise LookupError(name)
    return table[name]


def whole(text):
    try:
        return int(text)
    except ValueError:
        raise LookupError("no number") from None
''',
                "test_money.py": """\
import pytest

from money import find, parse, pay, whole


def test_parse():
    with pytest.raises(ValueError):
        parse("")


def test_pay():
    with pytest.raises(ValueError, match="negative"):
        pay(-1)


def test_find():
    with pytest.raises(LookupError):
        find("tea", None or {})


def test_whole():
    with pytest.raises(LookupError):
        whole("tea")


def test_none():
    with pytest.raises(KeyError):
        pay(2)
""",
            },
            {
                "CHANGES.md": "# Changes\n\n`pay` says: amount below zero.\n",
                "money.py": '''\
def parse(text):
    """A number. Raises ValueError for an empty text."""
    if not text:
        return 0.0
    return float(text)


def pay(amount):
    if amount < 0:
        raise ValueError("amount below zero")
    return amount


def find(name, table):
    if name not in table:
        return None.strip()
    return table[name]


def whole(text):
    return int(text)
''',
            },
            {
                "test_money.py::test_parse": Fault.CODE,
                "test_money.py::test_pay": Fault.TEST,
                "test_money.py::test_find": Fault.CODE,
                "test_money.py::test_whole": Fault.CODE,
            },
            ("test_money.py::test_none",),
        ),
    ),
    ambiguity="a message that was only worded anew was mostly meant, but nothing proves it.",
)
