"""Cases of one parametrised test that notice the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.model.matrix import KILLS, REACHED
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import KillFacts, Subject, plain_count

KIND = "redundant-parametrisation"

FEWEST_KILLS = 3

FEWEST_ALIKE = 3
"""So many cases must notice the same before it is worth a word."""


def alike(facts: KillFacts, subject: Subject) -> list[list[str]]:
    """The cases that reach the same mutants and kill the same, together."""
    found: dict[tuple[frozenset[str], frozenset[str]], list[str]] = defaultdict(list)
    for case in subject.cases:
        row = {m: facts.matrix.cell(m, case) for m in facts.matrix.mutants}
        reached = frozenset(m for m, cell in row.items() if cell in REACHED)
        kills = frozenset(m for m, cell in row.items() if cell in KILLS)
        if len(kills) >= FEWEST_KILLS:
            found[reached, kills].append(case)
    return list(found.values())


def _find(facts: KillFacts) -> Iterator[Finding]:
    if not facts.matrix.is_full or facts.matrix.ended or facts.is_sample:
        return
    for subject in facts.subjects:
        if not subject.whole or facts.is_out(subject):
            continue
        groups = alike(facts, subject)
        largest = max(groups, key=len, default=[])
        if len(largest) < FEWEST_ALIKE:
            continue
        cases = sum(len(group) for group in groups)
        yield facts.of_test(
            subject,
            (KIND, 4),
            f"{plain_count(cases, 'case')} of `{subject.unit}` are like {len(groups)} under "
            f"{len(facts.matrix.mutants)} mutants: {len(largest)} of them notice the same.",
            [Evidence("alike", "\n".join(largest[:10]))],
            "do not delete cases for that: let them differ more, at the borders of what is tested",
            (Confidence.HINT, Severity.LOW),
        )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=4,
    title="Redundant parametrisation: cases that notice the same",
    definition=(
        f"At least {FEWEST_ALIKE} cases of one test function reach the same mutants and kill the "
        f"same ones, {FEWEST_KILLS} or more."
    ),
    why="They take time, and look like more checks than they are.",
    confidence=Confidence.HINT,
    confidence_because="they may guard against faults that no mutant stands for.",
    guards=(
        f"cases that kill fewer than {FEWEST_KILLS} mutants",
        "matrices that are not full, or were cut short; samples",
        "tests of which a case was skipped, failed, or fails by itself",
    ),
    fix="let the cases differ more.",
    find=_find,
    examples=(
        Example(
            "Four cases far from the border; beside them three that differ.",
            {
                "limits.py": """\
def clip(number, low, high):
    if number < low:
        return low
    if number > high:
        return high
    return number
""",
                "test_limits.py": """\
import pytest

import limits


@pytest.mark.parametrize("number", [30, 40, 50, 60])
def test_clip_above(number):
    assert limits.clip(number, 2, 9) == 9


@pytest.mark.parametrize("number, expected", [(1, 2), (5, 5), (30, 9)])
def test_clip_each(number, expected):
    assert limits.clip(number, 2, 9) == expected
""",
            },
            ("test_limits.py::test_clip_above",),
            ("test_limits.py::test_clip_each",),
        ),
    ),
)
