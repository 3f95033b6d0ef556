"""What a part of the mutants says about all of them: the score with its interval (pure).

The interval is Wilson's (E. B. Wilson, Probable inference, the law of succession, and statistical
inference, JASA 22, 1927), which holds for few mutants and scores near 0 and 1 too (Brown, Cai and
DasGupta, Interval estimation for a binomial proportion, Statistical Science 16, 2001). Functions
are sampled in turns, so a mutant of a long function stands for more of them than one of a short
one: the score is weighted, and the number of mutants is Kish's effective one (Survey Sampling,
1965).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

from assay.model.mutant import Status, Verdict

Z = 1.959964
"""The normal distribution's quantile for 95 %."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mutation score between 0 and 1, and the bounds it lies in with 95 % confidence."""

    score: float
    low: float
    high: float


def wilson(share: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a share of `count` trials."""
    if count <= 0:
        return 0.0, 1.0
    scale = 1 + Z * Z / count
    middle = (share + Z * Z / (2 * count)) / scale
    half = Z * sqrt(share * (1 - share) / count + Z * Z / (4 * count * count)) / scale
    return max(0.0, middle - half), min(1.0, middle + half)


def estimate(verdicts: Iterable[Verdict], totals: Mapping[tuple[str, str], int]) -> Estimate | None:
    """The mutation score of all mutants from the verdicts on some; None if nothing is known.

    `totals` are how many mutants each function (path and scope) has in all. Of the mutants that
    were chosen, those without coverage are all known; the others stand for those not run, too.
    """
    verdicts = list(verdicts)
    chosen = Counter(_unit(v) for v in verdicts)
    covered = Counter(_unit(v) for v in verdicts if v.status is not Status.NO_COVERAGE)
    done = Counter(
        _unit(v) for v in verdicts if v.status not in (Status.NO_COVERAGE, Status.PENDING)
    )
    weights: list[tuple[float, bool]] = []
    for verdict in verdicts:
        unit = _unit(verdict)
        if verdict.status not in (Status.KILLED, Status.SURVIVED, Status.NO_COVERAGE):
            continue
        weight = max(totals.get(unit, 0), chosen[unit]) / chosen[unit]
        if verdict.status is not Status.NO_COVERAGE:
            weight *= covered[unit] / done[unit]
        weights.append((weight, verdict.status is Status.KILLED))
    total = sum(weight for weight, _ in weights)
    if not total:
        return None
    score = sum(weight for weight, killed in weights if killed) / total
    low, high = wilson(score, total * total / sum(weight * weight for weight, _ in weights))
    return Estimate(score, low, high)


def _unit(verdict: Verdict) -> tuple[str, str]:
    return verdict.mutant.path, verdict.mutant.scope
