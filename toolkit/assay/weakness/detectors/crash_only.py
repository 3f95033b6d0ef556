"""A test that notices a mutant only when something crashes."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.model.matrix import KILLS, Cell
from assay.weakness.detector import Detector, Example
from assay.weakness.detectors.zero_kill import SOURCE
from assay.weakness.kills import FEWEST, KillFacts, plain_count

KIND = "crash-only"


def _find(facts: KillFacts) -> Iterator[Finding]:
    for subject in facts.subjects:
        reached = facts.reached(subject)
        if not facts.speaks(subject) or len(reached) < FEWEST:
            continue
        crashes = {m for m, cells in reached.items() if cells & KILLS}
        silent = {m for m, cells in reached.items() if cells == {Cell.PASSED}}
        if not crashes or not silent:
            continue
        if not facts.denies(subject, facts.matrix.mutants, by_assertion=True):
            continue
        shown = facts.telling(silent)
        yield facts.of_test(
            subject,
            (KIND, 3),
            f"`{subject.unit}` notices {plain_count(len(crashes), 'mutant')} of {len(reached)}, "
            "each by a crash: no assertion of it ever failed.",
            [
                facts.diff("it passes with", shown),
                Evidence("beside it", facts.others(shown)),
                facts.diff("it crashes with", sorted(crashes)[0]),
            ],
            "assert the result; if that nothing crashes is all that is to be checked, say so in "
            "its name",
            (Confidence.LIKELY, Severity.MEDIUM),
        )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=3,
    title="Crash-only: nothing but a crash is noticed",
    definition=(
        "All that a test kills, it kills by an exception outside an assertion or by the end of its "
        "process. Every mutant that it reaches has run against it, in a process of its own, and "
        "some of them it did not notice."
    ),
    why="Wrong results pass. It is a smoke test, and counts as a test of what it runs.",
    confidence=Confidence.LIKELY,
    confidence_because="some tests are meant to show only that nothing crashes.",
    guards=(
        f"tests that reach fewer than {FEWEST} mutants",
        "tests of which a case was skipped, failed, or fails by itself",
        "tests that run code of which no mutants were made",
        "tests for which not every pair has run: after --budget, with --sample, interrupted",
        "tests that notice every mutant they reach, if by crashes",
    ),
    fix="assert the result.",
    find=_find,
    examples=(
        Example(
            "A test that only calls.",
            {
                "store.py": SOURCE,
                "test_store.py": """\
import contextlib

import pytest

from store import total


def test_total_runs():
    total([60, 50], 0.5)


def test_total():
    assert total([60, 50], 0.5) == 150.0


def test_total_of_text():
    with pytest.raises(TypeError):
        total(["a"], 0.5)


def test_total_hides_all():
    with contextlib.suppress(Exception):
        total([60, 50], 0.5)
""",
            },
            ("test_store.py::test_total_runs",),
            (
                "test_store.py::test_total",
                "test_store.py::test_total_of_text",
                "test_store.py::test_total_hides_all",
            ),
        ),
    ),
)
