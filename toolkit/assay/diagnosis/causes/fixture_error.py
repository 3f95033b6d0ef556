"""A fixture raises while it sets up or tears down, for all tests that ask for it.

Facts: `fixture` is its name, `phase` setup or teardown, `raised_at` the innermost place of the
project, as "path:line".
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.fixtures import Fixture, fixtures_of
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site
from assay.model.evidence import OF_THE_PROJECT


def _match(case: Case) -> Match | None:
    frame = case.own_frame
    if case.evidence.phase not in ("setup", "teardown") or frame is None:
        return None
    fixture = _fixture(case)
    if fixture is None:
        return None
    phase = "set up" if case.evidence.phase == "setup" else "torn down"
    return Match(
        cause=CAUSE.name,
        key=f"{fixture.place.path}::{fixture.place.name}",
        certainty=Certainty.COMPLETE,
        sentence=(
            f"the fixture `{fixture.name}` raises {case.error.short_type} while it is {phase}: "
            f"{frame.place}"
        ),
        proofs=(
            Proof("fixture", fixture.name, fixture.place.shown, "head"),
            Proof("raised at", frame.source, frame.place, "head"),
            Proof("error", f"{case.error.short_type}: {case.error.first_line}"[:300]),
        ),
        signs=tuple(_signs(case, fixture)),
        sites=(Site(frame.path, frame.line),),
        fix=f"mend what `{fixture.name}` does at {frame.place}",
        facts={
            "fixture": fixture.name,
            "phase": case.evidence.phase,
            "raised_at": frame.place,
        },
    )


def _fixture(case: Case) -> Fixture | None:
    """The innermost fixture on the way to the exception."""
    for frame in reversed(case.error.frames):
        if frame.kind in OF_THE_PROJECT:
            place = case.sides.head.enclosing(frame.path, frame.line)
            known = fixtures_of(case.sides.head, frame.path)
            found = next((one for one in known if one.place == place), None)
            if found is not None:
                return found
    return None


def _signs(case: Case, fixture: Fixture) -> Iterator[Sign]:
    """The fixture itself raises, and only it was changed."""
    frame = case.own_frame
    assert frame is not None
    inside = case.sides.head.enclosing(frame.path, frame.line) == fixture.place
    ours = case.sides.is_test(fixture.place.path)
    if inside and ours and case.sides.touches(fixture.place) and not case.sides.changed_sources:
        words = f"only tests are changed, the fixture `{fixture.name}` among them"
        yield Sign(Fault.TEST, words, fixture.place.shown)


CAUSE = Cause(
    name="fixture-error",
    title="Error in a fixture",
    rule="A test fails in set-up or teardown, and the traceback leads through a fixture.",
    shows="the fixture, and the innermost place of the project.",
    verdict=(
        "A sign for test, if the fixture itself raises and no source is changed; else by the other "
        "causes that apply, and undecided without them."
    ),
    fix="mend the fixture, or what it calls: all tests that ask for it are one group.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A fixture that two tests ask for came to raise, and one that fails afterwards.",
            {
                "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef cart():\n    return [1]\n"
                "\n\n@pytest.fixture\ndef till():\n    yield 5\n",
                "test_shop.py": "def test_one(cart):\n    assert cart\n\n\n"
                "def test_two(cart):\n    assert cart\n\n\n"
                "def test_till(till):\n    assert till\n\n\n"
                "def test_call(cart):\n    assert cart[0] == 2\n\n\n"
                "def test_index():\n    [][0]\n",
            },
            {
                "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef cart():\n"
                "    return [[][0]]\n"
                "\n\n@pytest.fixture\ndef till():\n    yield 5\n    raise OSError('till')\n",
                "test_shop.py": "def test_one(cart):\n    assert cart\n\n\n"
                "def test_two(cart):\n    assert cart\n\n\n"
                "def test_till(till):\n    assert till\n\n\n"
                "def test_index():\n    [][0]\n",
            },
            {
                "test_shop.py::test_one": Fault.TEST,
                "test_shop.py::test_two": Fault.TEST,
                "test_shop.py::test_till": Fault.TEST,
            },
            ("test_shop.py::test_index",),
        ),
    ),
)
