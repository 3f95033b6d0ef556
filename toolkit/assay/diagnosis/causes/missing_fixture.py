"""A fixture that a test asks for is not there.

Facts: `fixture` is its name, `new_name` what it has become ("" if unknown), `plugin` the
distribution that brings it ("" if none is known), `near` the nearest names, `askers` the places of
functions at head that ask for it, as "path:line".
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from assay.diagnosis.calls import parameters
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.fixtures import Fixture, fixtures_of
from assay.diagnosis.sides import Function, likeness
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Site

_PLUGINS = {
    "aiohttp_client": "pytest-aiohttp",
    "anyio_backend": "anyio",
    "benchmark": "pytest-benchmark",
    "celery_app": "pytest-celery",
    "cov": "pytest-cov",
    "data_regression": "pytest-regressions",
    "datadir": "pytest-datadir",
    "db": "pytest-django",
    "django_user_model": "pytest-django",
    "event_loop": "pytest-asyncio",
    "faker": "faker",
    "freezer": "pytest-freezer",
    "fs": "pyfakefs",
    "httpserver": "pytest-httpserver",
    "httpx_mock": "pytest-httpx",
    "mocker": "pytest-mock",
    "postgresql": "pytest-postgresql",
    "qtbot": "pytest-qt",
    "requests_mock": "requests-mock",
    "respx_mock": "respx",
    "shared_datadir": "pytest-datadir",
    "snapshot": "syrupy",
    "subtests": "pytest-subtests",
    "worker_id": "pytest-xdist",
}
"""Fixtures that are widely used, and the distributions that bring them."""

_NEAR = 0.7


def _match(case: Case) -> Match | None:
    error = case.error
    name = error.attributes.get("argname")
    if not error.type.endswith("FixtureLookupError") or not isinstance(name, str):
        return None
    old = next((one for one in fixtures_of(case.sides.base) if one.name == name), None)
    now = next((one for one in fixtures_of(case.sides.head) if one.name == name), None)
    if old is None and _was_parametrized(case, name):
        return None
    new = None if old is None or now is not None else _successor(case, old)
    plugin = _PLUGINS.get(name, "") if old is None and now is None else ""
    near = _near(case, name)
    askers = list(_askers(case, name))
    return Match(
        cause=CAUSE.name,
        key=name,
        certainty=Certainty.COMPLETE if old or plugin or now else Certainty.PARTIAL,
        sentence=_sentence(name, now, new, plugin, near),
        proofs=(
            *([Proof("was", name, old.place.shown, "base")] if old is not None else []),
            *([Proof("is now", new.name, new.place.shown, "head")] if new is not None else []),
            *([Proof("out of reach", name, now.place.shown, "head")] if now is not None else []),
            *([Proof("brought by", plugin)] if plugin else []),
            *([Proof("nearest names", ", ".join(near))] if near and new is None else []),
            Proof("error", error.first_line),
        ),
        signs=(),
        sites=tuple(askers) or (Site(case.path, 1),),
        fix=_fix(name, now, new, plugin),
        facts={
            "fixture": name,
            "new_name": new.name if new is not None else "",
            "plugin": plugin,
            "near": near,
            "askers": [f"{one.path}:{one.line}" for one in askers],
        },
        decided=_decided(case, old, now, plugin),
    )


def _was_parametrized(case: Case, name: str) -> bool:
    """Whether at base the parameter had its values from `parametrize`."""
    text = case.sides.base.texts.get(case.path, "")
    return "parametrize" in text and f'"{name}"' in text.replace("'", '"')


def _successor(case: Case, old: Fixture) -> Fixture | None:
    before = {one.name for one in fixtures_of(case.sides.base)}
    new = [one for one in fixtures_of(case.sides.head) if one.name not in before]
    scored = [(likeness(old.place, one.place), one.name, one) for one in new]
    best = max(scored, key=lambda one: one[:2], default=None)
    return best[2] if best is not None and best[0] >= _NEAR else None


def _near(case: Case, name: str) -> list[str]:
    known = case.error.attributes.get("available")
    names = [one for one in known if isinstance(one, str)] if isinstance(known, list) else []
    return difflib.get_close_matches(name, names, 3, _NEAR)


def _askers(case: Case, name: str) -> Iterator[Site]:
    """Test functions and fixtures with a parameter of that name."""
    for place in case.sides.head.definitions:
        is_function = isinstance(place.node, Function) and case.sides.is_test(place.path)
        if is_function and name in parameters(place):
            fixture = any(one.place == place for one in fixtures_of(case.sides.head, place.path))
            if fixture or place.short.startswith("test"):
                yield Site(place.path, place.line)


def _sentence(
    name: str, now: Fixture | None, new: Fixture | None, plugin: str, near: list[str]
) -> str:
    if new is not None:
        return f"the fixture `{name}` is `{new.name}` now"
    if now is not None:
        return f"the fixture `{name}` lies in {now.place.path}, where these tests do not see it"
    if plugin:
        return f"the fixture `{name}` is brought by {plugin}, which is not active"
    hint = f"; nearest is `{near[0]}`" if near else ""
    return f"there is no fixture `{name}`{hint}"


def _fix(name: str, now: Fixture | None, new: Fixture | None, plugin: str) -> str:
    if new is not None:
        return f"ask for `{new.name}`"
    if now is not None:
        return f"move `{name}` into a conftest.py above the tests that ask for it"
    return f"install {plugin}" if plugin else f"write the fixture `{name}`, or ask for another"


def _decided(case: Case, old: Fixture | None, now: Fixture | None, plugin: str) -> Fault | None:
    """Fixtures are the tests' own, unless a plug-in brings them or the project is one itself."""
    if plugin:
        return Fault.ENVIRONMENT
    ours = old or now
    if ours is not None:
        return Fault.TEST if case.sides.is_test(ours.place.path) else None
    lines = case.sides.changed_lines(case.path)
    return Fault.TEST if lines else None


CAUSE = Cause(
    name="missing-fixture",
    title="Fixture missing or renamed",
    rule="pytest finds no fixture for a name that a test or another fixture asks for.",
    shows="the fixture at base, what it has become, the plug-in that brings it, the nearest names.",
    verdict=(
        "Test, if the tests had it at base or have it out of reach, or the test file is changed; "
        "environment, if a known plug-in brings it; else undecided."
    ),
    fix="ask for the new name, move the fixture, or install the plug-in.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A fixture was renamed, one moved out of reach, one is a plug-in's.",
            {
                "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef cart():\n"
                "    return [1, 2]\n\n\n@pytest.fixture\ndef till():\n    return 5\n",
                "test_shop.py": """\
import pytest


def test_cart(cart):
    assert cart == [1, 2]


def test_till(till):
    assert till == 5


def test_mocker():
    pass


def test_by_name(request):
    request.getfixturevalue("cart")
    raise LookupError("cart")
""",
            },
            {
                "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef basket():\n"
                "    return [1, 2]\n",
                "sub/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef till():\n"
                "    return 5\n",
                "test_shop.py": """\
import pytest


def test_cart(cart):
    assert cart == [1, 2]


def test_till(till):
    assert till == 5


def test_mocker(mocker):
    pass


def test_by_name(request):
    request.getfixturevalue("basket")
    raise LookupError("cart")
""",
            },
            {
                "test_shop.py::test_cart": Fault.TEST,
                "test_shop.py::test_till": Fault.TEST,
                "test_shop.py::test_mocker": Fault.ENVIRONMENT,
            },
            ("test_shop.py::test_by_name",),
        ),
    ),
    ambiguity="plug-ins that are not widely used are not known by their fixtures.",
)
