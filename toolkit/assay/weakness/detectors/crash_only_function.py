"""A changed function whose mutants are noticed only when something crashes."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.model.matrix import KILLS, Cell
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import KillFacts, plain_count

KIND = "crash-only-function"


def _find(facts: KillFacts) -> Iterator[Finding]:
    for function in sorted(facts.changed):
        mutants = facts.mutants_of(function)
        killed = [m for m in mutants if facts.matrix.killers(m)]
        silent = [m for m in mutants if m not in killed]
        if not killed or not silent or not facts.is_complete(mutants):
            continue
        rows = [s for s in facts.subjects if facts.reached(s).keys() & set(mutants)]
        cells = {facts.matrix.cell(m, t) for m in killed for t in facts.matrix.killers(m)}
        if Cell.ASSERTION in cells or not cells & KILLS:
            continue
        if not all(facts.denies(one, mutants, by_assertion=True) for one in rows):
            continue
        shown = sorted(silent)[0]
        yield facts.of_code(
            (function, [one.name for one in rows]),
            (KIND, 1),
            f"Of the changed `{function[1]}` only crashes are noticed: "
            f"{plain_count(len(killed), 'mutant')} of {len(mutants)}, none by an assertion.",
            [
                facts.diff("all its tests pass with", shown),
                facts.diff("what is noticed, such as", sorted(killed)[0]),
                Evidence("by", facts.matrix.killers(sorted(killed)[0])[0]),
            ],
            "assert its result in one of the tests that run it",
            (Confidence.CERTAIN, Severity.MEDIUM),
        )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=1,
    title="Only crashes of a changed function are noticed",
    definition=(
        "Tests kill mutants of a changed function, none of them by an assertion, and some mutants "
        "survive. Each test that runs the function ran on each of its mutants."
    ),
    why="It is guarded against not working at all, and not against a wrong result.",
    confidence=Confidence.CERTAIN,
    confidence_because="each test was run on each mutant.",
    guards=(
        "functions all of whose mutants are noticed, if by crashes",
        "functions of which a mutant was left out, or has not run against all its tests",
    ),
    fix="assert its result.",
    find=_find,
    examples=(
        Example(
            "`mean` is called, and what it returns is not looked at.",
            {
                "figures.py": """\
def mean(numbers):
    total = 0
    for number in numbers:
        total += number
    return total / len(numbers)


def spread(numbers):
    return max(numbers) - min(numbers)
""",
                "test_figures.py": """\
import figures


def test_mean():
    figures.mean([1, 2, 3])


def test_spread():
    assert figures.spread([1, 5]) == 4
""",
            },
            ("figures.py::mean",),
            ("figures.py::spread",),
        ),
    ),
)
