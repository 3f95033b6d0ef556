"""A fixture asks for one that lives shorter than itself.

Facts: `fixture` is the one that is asked for, with its `scope`; `asker` is the one that asks, with
`asker_scope`.
"""

from __future__ import annotations

import re

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.fixtures import Fixture, fixtures_of
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site

_MISMATCH = re.compile(
    r"ScopeMismatch: You tried to access the '?(?P<scope>\w+)'? scoped fixture '?(?P<name>\w+)'? "
    r"with a '?(?P<asking>\w+)'? scoped request object"
)
_ASKER = re.compile(r"^(?P<path>[^\n:]+):(?P<line>\d+):\s+def (?P<name>\w+)", re.MULTILINE)


def _match(case: Case) -> Match | None:
    told = _MISMATCH.search(case.error.message)
    if told is None or not case.error.type.endswith("Failed"):
        return None
    stack = list(_ASKER.finditer(case.error.message.partition("Requested fixture")[0]))
    known = {one.name: one for one in fixtures_of(case.sides.head)}
    asker = known.get(stack[-1]["name"]) if stack else None
    asked = known.get(told["name"])
    found = [one for one in (asker, asked) if one is not None]
    return Match(
        cause=CAUSE.name,
        key=f"{asker.name if asker is not None else ''}:{told['name']}",
        certainty=Certainty.COMPLETE,
        sentence=(
            f"the {told['asking']} fixture `{asker.name if asker is not None else '?'}` asks for "
            f"`{told['name']}`, which lives for a {told['scope']} only"
        ),
        proofs=(
            *(Proof("fixture", f"{o.name}: {o.scope}", o.place.shown, "head") for o in found),
            *_before(case, found),
            Proof("error", case.error.first_line),
        ),
        signs=(),
        sites=tuple(Site(one.place.path, one.place.line) for one in found[:1]),
        fix=f"give `{told['name']}` the scope {told['asking']!r}, or the asker {told['scope']!r}",
        facts={
            "fixture": told["name"],
            "scope": told["scope"],
            "asker": asker.name if asker is not None else "",
            "asker_scope": told["asking"],
        },
        decided=_decided(case, found),
    )


def _before(case: Case, found: list[Fixture]) -> list[Proof]:
    known = {one.name: one for one in fixtures_of(case.sides.base)}
    pairs = [(one, known[one.name]) for one in found if one.name in known]
    return [
        Proof("fixture", f"{old.name}: {old.scope}", old.place.shown, "base")
        for one, old in pairs
        if old.scope != one.scope
    ]


def _decided(case: Case, found: list[Fixture]) -> Fault | None:
    return Fault.TEST if all(case.sides.is_test(one.place.path) for one in found) else None


CAUSE = Cause(
    name="fixture-scope",
    title="Fixture scope mismatch",
    rule="pytest refuses a fixture because the one that asks for it lives longer (ScopeMismatch).",
    shows="both fixtures with their scopes, and the scope at base if it was another.",
    verdict="Test, unless one of the fixtures is the sources'.",
    fix="widen the scope of the one, or narrow that of the other.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A fixture became one of the session.",
            {
                "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef price():\n    return 1\n"
                "\n\n@pytest.fixture\ndef cart(price):\n    return [price]\n",
                "test_shop.py": "def test_cart(cart):\n    assert cart == [1]\n\n\n"
                "def test_plain():\n    raise RuntimeError('ScopeMismatch: no')\n",
            },
            {
                "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef price():\n    return 1\n"
                "\n\n@pytest.fixture(scope='session')\ndef cart(price):\n"
                "    return [price]\n",
            },
            {"test_shop.py::test_cart": Fault.TEST},
            ("test_shop.py::test_plain",),
        ),
    ),
)
