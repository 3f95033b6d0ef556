"""A test that is named for one thing and guards another."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.model.matrix import KILLS
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import FEWEST, KillFacts, Subject, functions_in, plain_count
from assay.weakness.names import Claim

KIND = "misaligned"


def _find(facts: KillFacts) -> Iterator[Finding]:
    for subject in facts.subjects:
        if not subject.whole or facts.is_out(subject):
            continue
        if subject.claim is not None and _is_elsewhere(facts, subject, subject.claim):
            yield _finding(facts, subject, subject.claim, Confidence.LIKELY)
        elif subject.hint is not None and _is_elsewhere(facts, subject, subject.hint):
            yield _finding(facts, subject, subject.hint, Confidence.HINT)


def _inside(facts: KillFacts, subject: Subject, claim: Claim) -> list[str]:
    mutants = facts.matrix.mutants
    return [m for m in facts.reached(subject) if claim.holds(mutants[m].path, mutants[m].unit)]


def _is_elsewhere(facts: KillFacts, subject: Subject, claim: Claim) -> bool:
    """Whether it reaches enough of what it is named for, and kills only something else."""
    inside = _inside(facts, subject, claim)
    reached = facts.reached(subject)
    kills = {m for m, cells in reached.items() if cells & KILLS}
    if len(inside) < FEWEST or not kills or kills & set(inside):
        return False
    claimed = [m for m, one in facts.matrix.mutants.items() if claim.holds(one.path, one.unit)]
    return facts.denies(subject, claimed)


def _finding(facts: KillFacts, subject: Subject, claim: Claim, confidence: Confidence) -> Finding:
    inside = _inside(facts, subject, claim)
    kills = facts.kills(subject)
    ((path, unit), _), *_ = functions_in(facts.matrix.mutants[m] for m in kills).most_common(1)
    shown = facts.telling(inside)
    return facts.of_test(
        subject,
        (KIND, 3),
        f"`{subject.unit}` is named for {claim.name}, runs {plain_count(len(inside), 'mutant')} of "
        f"it and notices none; what it notices lies elsewhere, as in `{unit}` of {path}.",
        [
            facts.diff("it passes with", shown),
            Evidence("beside it", facts.others(shown)),
            facts.diff("it fails with", facts.telling(kills)),
        ],
        "is it a test of something else? Then name or move it so; else assert what it is named for",
        (confidence, Severity.MEDIUM if confidence is Confidence.LIKELY else Severity.LOW),
        claim.what,
    )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=3,
    title="Misaligned: named for one thing, guards another",
    definition=(
        "The class of a test, else its file, bears the name of a class or file of the project. The "
        "test reaches mutants there and kills none of them, each run against it in a process of "
        "its own; it kills others elsewhere. By the name of the test function alone it is a hint."
    ),
    why="Who looks whether a thing is tested finds this test, and it would not notice.",
    confidence=Confidence.LIKELY,
    confidence_because="names follow conventions that only people know: it is a question.",
    guards=(
        f"tests that reach fewer than {FEWEST} mutants of what they are named for",
        "names that fit several classes or files as well, or consist of general words alone",
        "tests of which a case was skipped, failed, or fails by itself",
        "tests for which not every pair there has run: after --budget, with --sample, interrupted",
    ),
    fix="name the test for what it guards, or let it assert what it is named for.",
    find=_find,
    examples=(
        Example(
            "A test in the file of `ledger` that checks `money`.",
            {
                "money.py": """\
def cents(euros):
    if euros < 0:
        return 0
    return round(euros * 100)
""",
                "ledger.py": """\
def book(entries, amount, limit):
    if amount > limit:
        amount = limit
    entries.append(amount + 1)
    return len(entries) - 1
""",
                "test_ledger.py": """\
import contextlib

import ledger
import money


def test_book_in_cents():
    with contextlib.suppress(Exception):
        ledger.book([], 3, 5)
    assert money.cents(2) == 200


def test_book():
    entries = []
    assert ledger.book(entries, 3, 5) == 0
    assert entries == [4]
    assert money.cents(3) == 300
""",
                "test_money.py": """\
import money


def test_cents():
    assert money.cents(1.5) == 150
    assert money.cents(-1) == 0
""",
            },
            ("test_ledger.py::test_book_in_cents",),
            ("test_ledger.py::test_book", "test_money.py::test_cents"),
        ),
    ),
)
