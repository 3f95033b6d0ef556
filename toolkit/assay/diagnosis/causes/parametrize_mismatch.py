"""A `parametrize` that does not fit the function it stands on, or whose names and values do not.

Facts: `function` is the test function, `kind` one of unknown argument, number of values, number of
ids, duplicate, no argument; `argument` the name that is concerned ("" if none).
"""

from __future__ import annotations

import re

from assay.diagnosis.cause import Case, Cause, Example
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site

_KINDS = (
    (
        "unknown argument",
        re.compile(
            r"In (?P<test>\S+): function (?:uses no (?:argument|fixture)"
            r"|already takes an argument) '(?P<name>\w+)'"
        ),
    ),
    ("number of values", re.compile(r'(?P<test>\S+): in "parametrize" the number of names')),
    ("number of values", re.compile(r'(?P<test>\S+): in "parametrize" expected a sequence')),
    (
        "number of ids",
        re.compile(r"In (?P<test>\S+): \d+ parameter sets specified, with different number of ids"),
    ),
    ("duplicate", re.compile(r"(?P<test>\S+): duplicate parametrization of '(?P<name>\w+)'")),
    ("duplicate", re.compile(r"(?P<test>)duplicate (?:parametrization of )?'(?P<name>\w+)'")),
)


def _match(case: Case) -> Match | None:
    if case.evidence.phase != "collect":
        return _without_values(case)
    if not case.error.type.endswith(("Failed", "CollectError", "ValueError")):
        return None
    for kind, pattern in _KINDS:
        told = pattern.search(case.error.message)
        if told is not None:
            return _told(case, kind, told["test"], told.groupdict().get("name") or "")
    return None


def _without_values(case: Case) -> Match | None:
    """A parameter that `parametrize` gave at base and does not give at head."""
    name = case.error.attributes.get("argname")
    if not case.error.type.endswith("FixtureLookupError") or not isinstance(name, str):
        return None
    quoted = (f'"{name}"', f"'{name}'")
    before = case.sides.base.texts.get(case.path, "")
    if "parametrize" not in before or not any(one in before for one in quoted):
        return None
    return _told(case, "no argument", case.test, name)


def _told(case: Case, kind: str, test: str, argument: str) -> Match:
    path = test.partition("::")[0] or case.path
    function = ".".join(test.partition("[")[0].split("::")[1:])
    place = case.sides.head.definition(path, function)
    line = place.line if place is not None else 1
    return Match(
        cause=CAUSE.name,
        key=f"{path}::{function}",
        certainty=Certainty.COMPLETE,
        sentence=f"`parametrize` does not fit `{function or path}`: {kind} {argument}".rstrip(),
        proofs=(
            Proof("function", case.sides.head.line(path, line), f"{path}:{line}", "head"),
            Proof("error", case.error.message[:300]),
        ),
        signs=(),
        sites=(Site(path, line),),
        fix="give `parametrize` one name for each parameter, one value for each name, one id a set",
        facts={"function": function, "kind": kind, "argument": argument},
        decided=Fault.TEST,
    )


CAUSE = Cause(
    name="parametrize-mismatch",
    title="Parametrisation mismatch",
    rule=(
        "pytest refuses `parametrize`: a name that the function does not take, names and values or "
        "ids of different number, a name twice; or a parameter has no values any more."
    ),
    shows="the function, and what pytest says.",
    verdict="Test.",
    fix="make names, values and ids fit the function.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "Parameters were renamed, values and ids forgotten.",
            {
                "test_name.py": "def test_n():\n    pass\n",
                "test_values.py": "def test_v():\n    pass\n",
                "test_ids.py": "def test_i():\n    pass\n",
                "test_left.py": "import pytest\n\n\n"
                '@pytest.mark.parametrize(("a", "b"), [(1, 2)])\ndef test_l(a, b):\n    pass\n',
                "test_other.py": "def test_o():\n    pass\n",
            },
            {
                "test_name.py": "import pytest\n\n\n"
                '@pytest.mark.parametrize("price", [1])\ndef test_n(amount):\n    pass\n',
                "test_values.py": "import pytest\n\n\n"
                '@pytest.mark.parametrize("a, b", [(1, 2, 3)])\ndef test_v(a, b):\n    pass\n',
                "test_ids.py": "import pytest\n\n\n"
                '@pytest.mark.parametrize("a", [1, 2], ids=["x"])\ndef test_i(a):\n    pass\n',
                "test_left.py": "import pytest\n\n\n"
                '@pytest.mark.parametrize("a", [1])\ndef test_l(a, b):\n    pass\n',
                "test_other.py": "def test_o(nothing):\n    pass\n",
            },
            {
                "test_name.py": Fault.TEST,
                "test_values.py": Fault.TEST,
                "test_ids.py": Fault.TEST,
                "test_left.py::test_l[1]": Fault.TEST,
            },
            ("test_other.py::test_o",),
        ),
    ),
)
