"""A test that notices next to nothing of what it runs."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.model.matrix import KILLS
from assay.verdict.interval import wilson
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import KillFacts, Subject, plain_count

KIND = "weak-strength"

FEWEST_REACHED = 20

WEAK = 0.1
"""A share of kills that is lower than this with 95 % confidence."""


def strength(facts: KillFacts, subject: Subject) -> tuple[int, int, float, float]:
    """How many mutants a test kills, and reaches, and the bounds of its strength at 95 %."""
    reached = facts.reached(subject)
    kills = sum(bool(cells & KILLS) for cells in reached.values())
    if not reached:
        return 0, 0, 0.0, 1.0
    low, high = wilson(kills / len(reached), len(reached))
    return kills, len(reached), low, high


def _find(facts: KillFacts) -> Iterator[Finding]:
    if not facts.matrix.is_full or facts.matrix.ended:
        return
    for subject in facts.subjects:
        kills, count, low, high = strength(facts, subject)
        if not subject.whole or facts.is_out(subject):
            continue
        if count < FEWEST_REACHED or not kills or high >= WEAK:
            continue
        reached = facts.reached(subject)
        missed = [m for m, cells in reached.items() if not cells & KILLS]
        shown = facts.telling(missed)
        yield facts.of_test(
            subject,
            (KIND, 4),
            f"`{subject.unit}` notices {kills} of {plain_count(count, 'mutant')} that it runs: a "
            f"strength between {low:.0%} and {high:.0%}.",
            [facts.diff("it passes with", shown), Evidence("beside it", facts.others(shown))],
            "look whether it could assert more of what it runs; an end-to-end test need not",
            (Confidence.HINT, Severity.LOW),
        )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=4,
    title="Low strength: little of what runs is noticed",
    definition=(
        "A test kills some of the mutants that it reaches, and the share lies below "
        f"{WEAK:.0%} with 95 % confidence (the upper bound of Wilson's interval)."
    ),
    why="Most of what it covers it does not check.",
    confidence=Confidence.HINT,
    confidence_because="a test that runs much by the way has a low strength by design.",
    guards=(
        f"tests that reach fewer than {FEWEST_REACHED} mutants",
        "tests that kill nothing: those are zero-kill",
        "matrices that are not full, or were cut short",
        "tests of which a case was skipped, failed, or fails by itself",
    ),
    fix="assert more of what it runs, or run less.",
    find=_find,
    examples=(
        Example(
            "A long calculation of which one small part is asserted.",
            {
                "weather.py": """\
def warm(state, day, night, wind, rain):
    state["a"] = day * 2 + night * 3 - wind * 4 + rain * 5
    state["b"] = day - 2 * night - 3 * wind - 4 * rain
    state["c"] = 5 * day + 6 * night + 7 * wind + 8 * rain
    state["a"] = state["a"] * 2 + state["b"] * 3 + state["c"] * 4
    state["b"] = state["a"] * 5 + state["b"] * 6 + state["c"] * 7
    state["c"] = state["a"] - state["b"] * 2 + state["c"] * 3


def name():
    return "sun"
""",
                "test_weather.py": """\
import contextlib

import weather


def test_warm_by_name():
    with contextlib.suppress(Exception):
        weather.warm({}, 1, 2, 3, 4)
    assert weather.name() == "sun"


def test_warm():
    state = {}
    weather.warm(state, 1, 2, 3, 4)
    assert state == {"a": 228, "b": 1462, "c": -2486}
""",
            },
            ("test_weather.py::test_warm_by_name",),
            ("test_weather.py::test_warm",),
        ),
    ),
)
