"""A mock comes to stand where a value is expected.

Facts: `mock` is the name of the mock as it tells it ("" if it has none), `patches` the calls of the
test's own code that make it without saying what it returns, as "path:line".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.patching import Patch, patches_for
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import FrameKind, Raised

_SHOWN = re.compile(
    r"<(?:Magic|Async|NonCallable|NonCallableMagic)?Mock (?:name='(?P<name>[^']+)')?"
)
_AS_TYPE = re.compile(r"'?\b(?:Magic|Async|NonCallable|NonCallableMagic)?Mock\b'?(?! object has)")


def _match(case: Case) -> Match | None:
    error, frame = case.error, case.own_frame
    last = error.last_frame
    if frame is None or last is None or last.kind is FrameKind.MOCK:
        return None
    shown = _SHOWN.search(error.first_line)
    if shown is None and not _names_the_type(error):
        return None
    name = (shown["name"] or "") if shown is not None else ""
    silent = [one for one in patches_for(case) if _says_nothing(one) and _is_of(one, name)]
    return Match(
        cause=CAUSE.name,
        key=name.partition("(")[0] or frame.place,
        certainty=Certainty.COMPLETE if shown is not None else Certainty.PARTIAL,
        sentence=f"{frame.place} got a mock where a value is expected",
        proofs=(
            Proof("use", frame.source, frame.place, "head"),
            *(Proof("mock", _line(case, one), one.place, "head") for one in silent),
            Proof("error", error.first_line[:300]),
        ),
        signs=tuple(_signs(case, name, silent)),
        sites=tuple(Site(one.path, one.node.lineno) for one in silent)
        or (Site(frame.path, frame.line),),
        fix="say what the mock returns: `return_value=…`, and `spec` or `autospec=True`",
        facts={"mock": name, "patches": [one.place for one in silent]},
    )


def _names_the_type(error: Raised) -> bool:
    """Of errors by which Python refuses a value of another type."""
    wrong = error.is_a("TypeError", "ValueError") and not error.is_a("UnicodeError")
    return wrong and _AS_TYPE.search(error.first_line) is not None


def _says_nothing(patch: Patch) -> bool:
    """Whether it makes a mock and does not say what that returns."""
    told = ("return_value", "side_effect", "new", "wraps", "new_callable")
    first = patch.node.args[0] if patch.node.args else None
    own = 1 if patch.text and first is not None else 2
    return len(patch.node.args) <= own and all(patch.given(one) is None for one in told)


def _is_of(patch: Patch, name: str) -> bool:
    return not name or name.partition("(")[0].partition(".")[0] == patch.name


def _line(case: Case, patch: Patch) -> str:
    return case.sides.head.line(patch.path, patch.node.lineno)


def _signs(case: Case, name: str, silent: list[Patch]) -> Iterator[Sign]:
    """The sources use what the mock returns, which no test has said."""
    returned = "()" in name or not name
    for one in silent if returned and len(silent) == 1 else []:
        if not _is_set_later(case, one):
            words = f"the test does not say what `{one.target}` returns, and the code uses it"
            yield Sign(Fault.TEST, words, one.place)


def _is_set_later(case: Case, patch: Patch) -> bool:
    """Whether `return_value` or `side_effect` stands anywhere in the file."""
    text = case.sides.head.texts.get(patch.path, "")
    return re.search(r"\.(return_value|side_effect)\b", text) is not None


CAUSE = Cause(
    name="mock-leak",
    title="Mock leaks into a value",
    rule=(
        "An error, not raised by a mock, whose first line shows a mock as an operand: one that is "
        "compared, or a type that Python refuses."
    ),
    shows="where the mock was used, and the patch that does not say what it returns.",
    verdict=(
        "Test, if one patch of the test's own makes the mock and nothing says what it returns; "
        "else undecided: the code may also return the wrong thing."
    ),
    fix="set `return_value`, and use `spec` or `autospec=True`.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A source came to use what a replaced function returns.",
            {
                "rates.py": "def fetch(name):\n    return 2\n",
                "shop.py": "import rates\n\n\ndef price(n):\n    rates.fetch('EUR')\n"
                "    return n\n\n\ndef half(n):\n    rates.fetch('EUR')\n    return n\n",
                "test_shop.py": """\
from unittest.mock import patch

import shop


def test_price():
    with patch("rates.fetch"):
        assert shop.price(1) == 1


@patch("rates.fetch")
def test_half(fetch):
    assert shop.half(1) < 2


def test_called():
    with patch("rates.fetch") as fetch:
        shop.price(1)
    assert not fetch.called
""",
            },
            {
                "shop.py": "import rates\n\n\ndef price(n):\n"
                "    return rates.fetch('EUR')\n\n\n"
                "def half(n):\n    return sorted([n, rates.fetch('EUR')])[0]\n",
            },
            {
                "test_shop.py::test_price": Fault.TEST,
                "test_shop.py::test_half": Fault.TEST,
            },
            ("test_shop.py::test_called",),
        ),
    ),
    ambiguity="the code may hand on the mock itself by mistake.",
)
