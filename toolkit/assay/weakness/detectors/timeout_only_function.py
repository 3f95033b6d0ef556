"""A changed function whose mutants are noticed only by tests that hang."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.finding import Confidence, Finding, Severity
from assay.model.matrix import KILLS, Cell
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import KillFacts, plain_count

KIND = "timeout-only-function"


def _find(facts: KillFacts) -> Iterator[Finding]:
    for function in sorted(facts.changed):
        mutants = facts.mutants_of(function)
        rows = [(s, facts.reached(s)) for s in facts.subjects]
        here = {m: {cell for _, reached in rows for cell in reached.get(m, ())} for m in mutants}
        hung = [m for m, cells in here.items() if Cell.TIMEOUT in cells]
        silent = [m for m, cells in here.items() if cells == {Cell.PASSED}]
        if not hung or any(cells & {*KILLS, Cell.SET_UP} for cells in here.values()):
            continue
        if not silent or not facts.is_complete(mutants):
            continue
        yield facts.of_code(
            (
                function,
                [subject.name for subject, reached in rows if reached.keys() & set(mutants)],
            ),
            (KIND, 1),
            f"Of the changed `{function[1]}` only endless loops are noticed: "
            f"{plain_count(len(hung), 'mutant')} of {len(mutants)}, by running out of time.",
            [
                facts.diff("all its tests pass with", sorted(silent)[0]),
                facts.diff("what hangs, such as", sorted(hung)[0]),
            ],
            "assert its result in one of the tests that run it",
            (Confidence.CERTAIN, Severity.HIGH),
        )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=1,
    title="Only endless loops of a changed function are noticed",
    definition=(
        "Mutants of a changed function make tests run out of time, none is killed otherwise, and "
        "some survive. Each test that runs the function ran on each of its mutants."
    ),
    why="A timeout is no check: whatever the function returns in time is taken.",
    confidence=Confidence.CERTAIN,
    confidence_because="each test was run on each mutant, and a timeout happened twice.",
    guards=(
        "functions of which a test kills a mutant, or fails in set-up",
        "functions of which a mutant was left out, or has not run against all its tests",
    ),
    fix="assert its result.",
    find=_find,
    examples=(
        Example(
            "`countdown` is waited for, and never looked at.",
            {
                "clock.py": """\
def countdown(log, number):
    while number > 0:
        number -= 1
    log.append(number)


def counted(number):
    while number > 0:
        number -= 1
    return number
""",
                "test_clock.py": """\
import contextlib

import clock


def test_countdown():
    with contextlib.suppress(Exception):
        clock.countdown([], 3)


def test_counted():
    assert clock.counted(3) == 0
""",
            },
            ("clock.py::countdown",),
            ("clock.py::counted",),
        ),
    ),
)
