"""State that another test leaves behind decides how the test ends.

`facts`: `kind` ("victim": it fails after others; "brittle": it fails without others), `polluters`
(node ids), `setters` (tests without which it fails), `state` (in words, "" where unknown).
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import of_failure
from assay.diagnosis.reach import altered
from assay.diagnosis.values import by_sources
from assay.model.diagnosis import Category, Certainty, Fault, Match, Proof, Sign, Site


def _match(case: Case) -> Match | None:
    brittle = bool(case.setters)
    if case.category is not Category.ORDER_DEPENDENT and not brittle and not case.polluters:
        return None
    frame = case.error.last_test_frame
    signs = tuple(_signs(case))
    return Match(
        cause=CAUSE.name,
        key=case.state or ", ".join(case.setters or case.polluters) or case.test,
        certainty=Certainty.COMPLETE if case.polluters or case.setters else Certainty.PARTIAL,
        sentence=_sentence(case, brittle),
        proofs=(*_proofs(case), *of_failure(case)),
        signs=signs,
        sites=(Site(frame.path, frame.line),) if frame is not None else (),
        fix="set up in the test itself what it needs"
        if brittle
        else "put the state back where it is changed (`monkeypatch`, a fixture that restores it)",
        facts={
            "kind": "brittle" if brittle else "victim",
            "polluters": list(case.polluters),
            "setters": list(case.setters),
            "state": case.state,
        },
        decided=None if signs or by_sources(case) else Fault.TEST,
    )


def _sentence(case: Case, brittle: bool) -> str:
    if brittle:
        return f"{case.test} passes only after {', '.join(case.setters[:3])}"
    what = f" ({case.state})" if case.state else ""
    who = ", ".join(case.polluters[:3]) or "a test that ran before it"
    return f"{who} leaves state behind{what} with which {case.test} fails"


def _proofs(case: Case) -> Iterator[Proof]:
    if case.alone:
        yield Proof("alone", ", ".join(outcome.value for outcome in case.alone), "", "head")
    for test in (*case.polluters, *case.setters)[:3]:
        yield Proof("other test", test, "", "head")
    if case.state:
        yield Proof("state", case.state, "", "head")


def _signs(case: Case) -> Iterator[Sign]:
    """A global that the change has brought, and that tests cannot know to put back."""
    for one in altered(case.sides):
        value = getattr(one.place.node, "value", None)
        if one.before is None and one.short in case.state and value is not None:
            words = f"the change has brought the global `{one.name}`, which nothing resets"
            yield Sign(Fault.CODE, words, one.place.shown)


CAUSE = Cause(
    name="leaked-state",
    title="State leaked from another test",
    rule=(
        "The test fails among the others and passes alone each time; or it was found which tests "
        "make it fail by running before it, or which must have run for it to pass."
    ),
    shows="how it ended alone, the tests concerned and the state, where they were looked for.",
    verdict=(
        "Test; undecided, if the state is a global that the change has brought to the sources, or "
        "the sources' change alone makes it fail: at base the same tests pass in the same order."
    ),
    fix="put the state back where it is changed, or set up what is needed in the test.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A test leaves a setting changed; one that fails alone too has another cause.",
            {
                "shop.py": 'SETTINGS = {"currency": "USD"}\n\n\ndef show(n):\n    return n\n',
                "test_shop.py": """\
import shop


def test_default():
    assert shop.SETTINGS["currency"] == "USD"


def test_show():
    assert shop.show(1) == 1
""",
            },
            {
                "shop.py": 'SETTINGS = {"currency": "USD"}\n\n\ndef show(n):\n    return n + 1\n',
                "test_first.py": """\
import shop


def test_euro():
    shop.SETTINGS["currency"] = "EUR"
""",
            },
            {"test_shop.py::test_default": Fault.TEST},
            ("test_shop.py::test_show",),
        ),
    ),
)
