"""A few tests that together notice all that the others notice too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.model.source import MODULE_UNIT
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import KillFacts, plain_count

KIND = "minimal-guard-set"

FEWEST_TESTS = 4

SHOWN = 12


def smallest_cover(
    kills: Mapping[str, frozenset[str]], seconds: Mapping[str, float]
) -> tuple[str, ...]:
    """Tests that kill all that any kills, chosen greedily: most new kills first, then the faster
    (Chvatal, A greedy heuristic for the set-covering problem, 1979)."""
    left = set().union(*kills.values()) if kills else set()
    chosen: list[str] = []
    while left:
        best = min(kills, key=lambda t: (-len(kills[t] & left), seconds.get(t, 0.0), t))
        chosen.append(best)
        left -= kills[best]
    return tuple(chosen)


def _find(facts: KillFacts) -> Iterator[Finding]:
    if not facts.matrix.is_full or facts.matrix.ended or facts.is_sample:
        return
    for path in dict.fromkeys(one.path for one in facts.matrix.mutants.values()):
        kills: dict[str, set[str]] = {}
        for mutant_id, mutant in facts.matrix.mutants.items():
            for test in facts.matrix.killers(mutant_id) if mutant.path == path else ():
                kills.setdefault(test, set()).add(mutant_id)
        chosen = smallest_cover({t: frozenset(k) for t, k in kills.items()}, facts.seconds)
        if len(kills) < FEWEST_TESTS or len(chosen) > len(kills) // 2:
            continue
        count = len(set().union(*kills.values()))
        took, of = _seconds(chosen, facts), _seconds(kills, facts)
        share = f" in {took / of:.0%} of their time" if of else ""
        names = [*chosen[:SHOWN], *(["…"] if len(chosen) > SHOWN else [])]
        yield facts.of_code(
            ((path, MODULE_UNIT), chosen),
            (KIND, 4),
            f"{len(chosen)} of {plain_count(len(kills), 'test')} that guard `{path}` notice all "
            f"{count} mutants that any of them notices{share}.",
            [Evidence("run these first", "\n".join(names))],
            "run them first, for an early answer; do not delete the others: they guard what no "
            "mutant shows",
            (Confidence.HINT, Severity.LOW),
        )


def _seconds(tests: Iterable[str], facts: KillFacts) -> float:
    return sum(facts.seconds.get(test, 0.0) for test in tests)


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=4,
    title="Minimal guard set: a tier for speed",
    definition=(
        "At most half of the tests that kill mutants of a file kill together all that any of them "
        "kills, chosen greedily by the number of new kills."
    ),
    why="They give the same answer on these mutants earlier. It is no reason to delete a test.",
    confidence=Confidence.HINT,
    confidence_because="mutants are a sample of what can go wrong; the set is not the least one.",
    guards=(
        f"files that fewer than {FEWEST_TESTS} tests guard",
        "matrices that are not full, or were cut short; samples",
    ),
    fix="run these tests first.",
    find=_find,
    examples=(
        Example(
            "Four tests of `fee`, of which one sees all that the others see.",
            {
                "fees.py": """\
def fee(amount):
    if amount > 100:
        return 5
    return 1
""",
                "tips.py": """\
def tip(amount):
    if amount > 100:
        return 5
    return 1
""",
                "test_fees.py": """\
import pytest

import fees
import tips


def test_fee():
    assert [fees.fee(n) for n in (99, 100, 101, 102)] == [1, 1, 5, 5]


@pytest.mark.parametrize("amount", [1, 2, 99])
def test_low_fee(amount):
    assert fees.fee(amount) == 1


def test_tip():
    assert [tips.tip(n) for n in (99, 100, 101)] == [1, 1, 5]
""",
            },
            ("fees.py::<module>",),
            ("tips.py::tip",),
        ),
    ),
)
