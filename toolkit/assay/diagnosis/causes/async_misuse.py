"""A coroutine that nobody waits for, or a test that no plug-in can run.

`facts`: `kind` (plugin or coroutine), `path` and `name` of the function that became `async`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import of_failure
from assay.diagnosis.reach import test_function
from assay.diagnosis.sides import Place
from assay.diagnosis.signs import of_callers, of_documents
from assay.diagnosis.values import by_sources
from assay.model.diagnosis import Category, Certainty, Fault, Match, Proof, Sign, Site

_COROUTINE = re.compile(r"<coroutine object (?P<name>[\w.<>]+)|coroutine '(?P<other>[\w.<>]+)' was")
_OPERAND = re.compile(r"'(?:coroutine|async_generator)'")
_NO_PLUGIN = "async def functions are not natively supported"


def _match(case: Case) -> Match | None:
    if case.error.first_line.startswith(_NO_PLUGIN):
        return _of_plugin(case)
    told = [one for one in (_coroutine(e.message) for e in case.evidence.chain) if one]
    operand = _OPERAND.search(case.error.first_line)
    if not told and operand is None:
        return None
    name = told[0] if told else ""
    before, after = _became(case, name)
    frame = case.own_frame
    if after is None and not told:
        return None
    who = after.name if after is not None else name
    return Match(
        cause=CAUSE.name,
        key=f"{after.path}::{after.name}" if after is not None else name,
        certainty=Certainty.COMPLETE if before is not None else Certainty.PARTIAL,
        sentence=f"`{who}` gives a coroutine that nobody waits for"
        + (": it became `async`" if before is not None else ""),
        proofs=(*_proofs(case, before, after), *of_failure(case)),
        signs=tuple(_signs(case, before, after)),
        sites=(Site(frame.path, frame.line),) if frame is not None else (),
        fix=f"`await {who.rpartition('.')[2]}(…)`, in a test that a plug-in runs",
        facts={
            "kind": "coroutine",
            "path": after.path if after is not None else "",
            "name": who,
        },
    )


def _of_plugin(case: Case) -> Match:
    test = test_function(case)
    before = case.sides.base.definition(test.path, test.name) if test is not None else None
    newly = before is not None and isinstance(before.node, ast.FunctionDef)
    known = case.category is Category.KNOWN_FAILURE
    return Match(
        cause=CAUSE.name,
        key="no plug-in for async tests",
        certainty=Certainty.COMPLETE,
        sentence=f"{case.test} is `async`, and no plug-in that runs such tests is there",
        proofs=tuple(
            [Proof("test", f"async def {test.short}", test.shown, "head")] if test else ()
        ),
        signs=(Sign(Fault.TEST, "the change has made the test `async`", test.shown),)
        if newly and test is not None
        else (),
        sites=(Site(test.path, test.line),) if test is not None else (),
        fix="install and configure pytest-asyncio, anyio or pytest-trio, and mark the test",
        facts={"kind": "plugin", "path": case.path, "name": test.name if test is not None else ""},
        decided=Fault.ENVIRONMENT if known else None,
    )


def _coroutine(message: str) -> str:
    told = _COROUTINE.search(message)
    return "" if told is None else (told["name"] or told["other"]).replace(".<locals>", "")


def _became(case: Case, name: str) -> tuple[Place | None, Place | None]:
    """The function at base, if it was no coroutine there, and at head."""
    sides = case.sides
    found = sides.head.called(name) if name else sides.head.definitions
    for after in found:
        if not isinstance(after.node, ast.AsyncFunctionDef):
            continue
        before = sides.base.definition(after.path, after.name)
        if before is not None and isinstance(before.node, ast.FunctionDef):
            return before, after
    plain = [place for place in found if isinstance(place.node, ast.AsyncFunctionDef)]
    return None, plain[0] if name and plain else None


def _proofs(case: Case, before: Place | None, after: Place | None) -> Iterator[Proof]:
    if before is not None:
        text = case.sides.base.line(before.path, before.line)
        yield Proof("definition", text, before.shown, "base")
    if after is not None:
        text = case.sides.head.line(after.path, after.line)
        yield Proof("definition", text, after.shown, "head")


def _signs(case: Case, before: Place | None, after: Place | None) -> Iterator[Sign]:
    frame = case.own_frame
    if after is None or frame is None or not by_sources(case):
        return
    if not case.in_test:
        yield from of_callers([frame.place], after.short)
    elif before is not None:
        yield Sign(Fault.TEST, f"`{after.name}` was made `async` on purpose", after.shown)
        yield from of_documents(case.sides, after.short)


CAUSE = Cause(
    name="async-misuse",
    title="Coroutine that nobody waits for",
    rule=(
        "A value is a coroutine where another was expected, or one was never awaited; or the test "
        "is `async` and no plug-in runs it."
    ),
    shows="the function at both sides, and where the coroutine was used.",
    verdict=(
        "Test, if the function became `async` and the test does not wait for it; code, if sources "
        "do not; environment, if the plug-in is not there at base either."
    ),
    fix="wait for it, in a test that a plug-in runs.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A function became `async`: the test, and a caller in the sources, do not wait for it. "
            "A test needs a plug-in that is not there.",
            {
                "shop.py": """\
def price(name):
    return 3


def total(name):
    return price(name) + 1


def go(code):
    return code
""",
                "test_shop.py": """\
from shop import go, price, total


def test_price():
    assert price("tea") == 3


def test_total():
    assert total("tea") == 4


async def test_async():
    assert go(3) == 3


def test_go():
    assert go(3) == 3
""",
            },
            {
                "shop.py": """\
async def price(name):
    return 3


def total(name):
    return price(name) + 1


def go(code):
    return code + 1
""",
            },
            {
                "test_shop.py::test_price": Fault.TEST,
                "test_shop.py::test_total": Fault.CODE,
                "test_shop.py::test_async": Fault.ENVIRONMENT,
            },
            ("test_shop.py::test_go",),
        ),
    ),
)
