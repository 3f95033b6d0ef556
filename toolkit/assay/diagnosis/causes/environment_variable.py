"""An environment variable that is not set.

`facts`: `variable`, `place` of the code that asks for it, `added` (whether the change has added
that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import of_failure
from assay.diagnosis.values import by_sources
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import Frame, FrameKind

_ASKS = re.compile(r"(?:getenv|environ\.get)\(\s*(['\"])(?P<name>\w+)\1\s*\)")


def _match(case: Case) -> Match | None:
    frame = case.own_frame
    if frame is None:
        return None
    name = _of_key_error(case) or _of_none(case, frame)
    if not name or name in case.environ:
        return None
    added = frame.line in case.sides.changed_lines(frame.path)
    signs = tuple(_signs(case, frame, name, added))
    return Match(
        cause=CAUSE.name,
        key=name,
        certainty=Certainty.COMPLETE if case.error.type == "KeyError" else Certainty.PARTIAL,
        sentence=f"{frame.place} asks for the environment variable {name}, which is not set",
        proofs=(Proof("asks", frame.source, frame.place, "head"), *of_failure(case)),
        signs=signs,
        sites=(Site(frame.path, frame.line),),
        fix=f"set it in the test (`monkeypatch.setenv({name!r}, …)`), or give a default",
        facts={"variable": name, "place": frame.place, "added": added},
        decided=Fault.ENVIRONMENT if not signs else None,
    )


def _of_key_error(case: Case) -> str:
    last = case.error.last_frame
    if case.error.type != "KeyError" or last is None or not last.function.startswith("_Environ."):
        return ""
    key = case.error.attributes.get("key")
    return key if isinstance(key, str) else ""


def _of_none(case: Case, frame: Frame) -> str:
    """`getenv` without a default, where the failure says that something is None."""
    if "None" not in case.error.message:
        return ""
    told = _ASKS.search(frame.source)
    return told["name"] if told is not None else ""


def _signs(case: Case, frame: Frame, name: str, added: bool) -> Iterator[Sign]:
    if not added:
        return
    if frame.kind is FrameKind.SOURCE and by_sources(case):
        words = f"the change has made the sources ask for {name}, without a default"
        yield Sign(Fault.CODE, words, frame.place)
    elif frame.kind is not FrameKind.SOURCE:
        yield Sign(Fault.TEST, f"the change has made the test ask for {name}", frame.place)


CAUSE = Cause(
    name="environment-variable",
    title="Environment variable not set",
    rule=(
        "A KeyError out of `os.environ`; or a line that asks for a variable without a default and "
        "fails on None; and no such variable is set."
    ),
    shows="the variable, and the line that asks for it.",
    verdict=(
        "Environment; but code, if the change has made the sources ask for it, and test, if it has "
        "made the test."
    ),
    fix="set it in the test, or give a default.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "One that was asked for before, one that the change asks for, and a plain KeyError.",
            {
                "shop.py": """\
import os

TABLE = {"tea": 1}


def home():
    return os.environ["ASSAY_EXAMPLE_HOME"]


def place():
    return "here"


def price(name):
    return TABLE[name]
""",
                "test_shop.py": """\
from shop import home, place, price


def test_home():
    assert home()


def test_place():
    assert place()


def test_price():
    assert price("tea") == 1
""",
            },
            {
                "shop.py": """\
import os

TABLE = {"milk": 1}


def home():
    return os.environ["ASSAY_EXAMPLE_HOME"]


def place():
    return os.getenv("ASSAY_EXAMPLE_PLACE").lower()


def price(name):
    return TABLE[name]
""",
            },
            {
                "test_shop.py::test_home": Fault.ENVIRONMENT,
                "test_shop.py::test_place": Fault.CODE,
            },
            ("test_shop.py::test_price",),
        ),
    ),
)
