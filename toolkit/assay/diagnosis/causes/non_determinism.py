"""A test ends differently on the same code.

`facts`: `axis` (hash order, chance, clock, threads, order of files, or "" where unknown), `text`
and `place` of what is used.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.proofs import of_failure
from assay.diagnosis.using import CHANCE, CLOCK, LISTING, THREADS, Use, sets, uses
from assay.model.diagnosis import Category, Certainty, Fault, Match, Proof, Sign, Site
from assay.model.run import GOOD

_FIXES = {
    "hash order": "sort what comes out of a set before it is compared or given out",
    "chance": "give the generator a seed, or pass it in",
    "clock": "pass the time in, or freeze it in the test",
    "threads": "wait for what the test depends on, not for a time",
    "order of files": "sort the names of files",
    "": "run `assay flaky` on it: what differs between its runs was not seen",
}


def _match(case: Case) -> Match | None:
    if case.category is not Category.FLAKY:
        return None
    axis, use = next(_axes(case), ("", None))
    passed = sum(outcome in GOOD for outcome in case.alone)
    what = f" by {axis}" if axis else ""
    return Match(
        cause=CAUSE.name,
        key=use.place if use is not None else case.test,
        certainty=_certainty(case, axis, use),
        sentence=f"{case.test} passes and fails on the same code{what}"
        + (f": {use.place} uses {use.text}" if use is not None else ""),
        proofs=(
            Proof("alone", f"passed {passed} of {len(case.alone)} times", "", "head"),
            *([Proof("uses", use.text, use.place, "head")] if use is not None else []),
            *of_failure(case),
        ),
        signs=tuple(_signs(use)),
        sites=(Site(use.path, use.line),) if use is not None else (),
        fix=_FIXES[axis],
        facts={
            "axis": axis,
            "text": use.text if use is not None else "",
            "place": use.place if use is not None else "",
        },
    )


def _by_hash(case: Case) -> bool:
    """Whether only another hash seed made it pass."""
    return bool(case.alone) and not any(outcome in GOOD for outcome in case.alone)


def _axes(case: Case) -> Iterator[tuple[str, Use | None]]:
    if _by_hash(case):
        yield "hash order", next(sets(case), None)
        return
    for axis, what in (("chance", CHANCE), ("threads", THREADS), ("clock", CLOCK)):
        for use in uses(case, what):
            yield axis, use
    for use in uses(case, LISTING):
        yield "order of files", use


def _certainty(case: Case, axis: str, use: Use | None) -> Certainty:
    if use is None:
        return Certainty.PARTIAL if axis else Certainty.HEURISTIC
    return Certainty.COMPLETE if _by_hash(case) else Certainty.PARTIAL


def _signs(use: Use | None) -> Iterator[Sign]:
    if use is not None and not use.in_test:
        words = f"{use.place}, in sources, uses {use.text}, and no test can settle it"
        yield Sign(Fault.CODE, words, use.place)


CAUSE = Cause(
    name="non-determinism",
    title="Not the same each time",
    rule=(
        "The test had both outcomes on the same code: alone, with another seed for `random`, or "
        "with another hash seed (which means the order of sets)."
    ),
    shows="how often it passed alone, and what it reaches that differs from run to run.",
    verdict=(
        "Test, if what differs is in the tests or was not seen; undecided, if it is in the sources."
    ),
    fix="a seed, a time that is passed in, a sorted result.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "Chance without a seed, in the test; what always fails has another cause.",
            {
                "shop.py": "def names():\n    return ['tea', 'milk']\n",
                "test_shop.py": """\
from shop import names


def test_names():
    assert names()[0] == "tea"
""",
            },
            {
                "shop.py": "def names():\n    return ['milk', 'tea']\n",
                "test_luck.py": """\
import random


def test_luck():
    assert random.random() > 0.3
""",
            },
            {"test_luck.py::test_luck": Fault.TEST},
            ("test_shop.py::test_names",),
        ),
    ),
    ambiguity="what the code uses is a lead: only pinning it shows that it decides.",
)
