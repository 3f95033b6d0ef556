"""A changed function that tests run, and do not guard."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.model.matrix import KILLS, Cell
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import FEWEST, Function, KillFacts, Subject, plain_count

KIND = "touched-not-guarding"

FEWEST_HERE = 2
"""One surviving mutant is a survivor, not yet an unguarded function."""

_LOUD = frozenset({*KILLS, Cell.TIMEOUT, Cell.SET_UP})


def _find(facts: KillFacts) -> Iterator[Finding]:
    for function in sorted(facts.changed):
        mutants = facts.mutants_of(function)
        rows = {
            subject.name: (subject, here)
            for subject in facts.subjects
            if (here := _here(facts, subject, mutants))
        }
        cells = {cell for _, here in rows.values() for row in here.values() for cell in row}
        if not rows:
            continue
        if not cells & _LOUD:
            if len(mutants) >= FEWEST_HERE and facts.is_complete(mutants):
                yield _unguarded(facts, function, mutants, list(rows))
            continue
        for subject, here in rows.values():
            if _should_guard(subject, function) and _is_silent(facts, subject, here, mutants):
                yield _named_for_it(facts, function, subject, here)


def _here(
    facts: KillFacts, subject: Subject, mutants: tuple[str, ...]
) -> dict[str, frozenset[Cell]]:
    return {m: cells for m, cells in facts.reached(subject).items() if m in mutants}


def _should_guard(subject: Subject, function: Function) -> bool:
    """Whether the test is named for the function: others run it by the way."""
    return subject.hint is not None and subject.hint.holds(*function)


def _is_silent(
    facts: KillFacts,
    subject: Subject,
    here: dict[str, frozenset[Cell]],
    mutants: tuple[str, ...],
) -> bool:
    quiet = not any(cells & _LOUD for cells in here.values())
    enough = len(here) >= FEWEST and subject.whole and not facts.is_out(subject)
    return quiet and enough and facts.denies(subject, mutants)


def _unguarded(
    facts: KillFacts, function: Function, mutants: tuple[str, ...], tests: list[str]
) -> Finding:
    shown = sorted(mutants)[0]
    return facts.of_code(
        (function, tests),
        (KIND, 1),
        f"The changed `{function[1]}` runs under {plain_count(len(tests), 'test')}, and none of "
        f"them notices any of its {len(mutants)} mutants.",
        [facts.diff("all of them pass with", shown)],
        "assert what it should have come to, in the test that is closest to it",
        (Confidence.CERTAIN, Severity.HIGH),
    )


def _named_for_it(
    facts: KillFacts, function: Function, subject: Subject, here: dict[str, frozenset[Cell]]
) -> Finding:
    shown = facts.telling(here)
    return facts.of_test(
        subject,
        (KIND, 1),
        f"`{subject.unit}` is named for the changed `{function[1]}`, runs it, and notices none of "
        f"{plain_count(len(here), 'mutant')} in it.",
        [facts.diff("it passes with", shown), Evidence("beside it", facts.others(shown))],
        f"assert what `{function[1]}` should have come to",
        (Confidence.LIKELY, Severity.MEDIUM),
        function[1],
    )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=1,
    title="Touched, not guarded: a change that no test would notice",
    definition=(
        "Tests run a changed function, and none of them notices any of its mutants, all of which "
        "ran against all of them. Or: a test that is named for a changed function runs it and "
        "notices none of its mutants, though others do."
    ),
    why="The change is covered, and could be wrong.",
    confidence=Confidence.CERTAIN,
    confidence_because="each test was run on each mutant; by the name of a test it is likely.",
    guards=(
        f"functions with fewer than {FEWEST_HERE} mutants",
        f"tests named for the function that reach fewer than {FEWEST} of them",
        "functions of which a mutant was left out, or has not run against all its tests",
        "functions in which a mutant hung, or broke a set-up: that is another kind",
        "tests that run it by the way, as long as another test guards it",
    ),
    fix="assert what the function should have come to.",
    find=_find,
    examples=(
        Example(
            "`ship` is run by a test that looks at something else.",
            {
                "post.py": """\
def ship(sent, weight, express):
    price = weight * 2
    if express:
        price = price + 5
    sent.append(price)


def label(name):
    return "To: " + name


def stamp(value, count):
    if count > 1:
        return value * count
    return value
""",
                "test_post.py": """\
import contextlib

import post


def test_ship():
    with contextlib.suppress(Exception):
        post.ship([], 3, True)
    assert post.label("A") == "To: A"


def test_stamp():
    with contextlib.suppress(Exception):
        post.stamp(3, 4)


def test_twelve():
    assert post.stamp(3, 4) == 12
    assert post.stamp(3, 1) == 3
""",
            },
            ("post.py::ship", "test_post.py::test_stamp"),
            ("post.py::label", "post.py::stamp", "test_post.py::test_twelve"),
        ),
    ),
)
