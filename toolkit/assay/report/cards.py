"""Weaknesses for people: a card each, the weightiest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from assay.model.accepted import NOTHING_ACCEPTED, Standing
from assay.model.finding import Finding
from assay.model.mutant import Verdict
from assay.report.one_finding import card
from assay.report.text import SHOWN, plural
from assay.weakness.rank import by_kind


@dataclass(frozen=True, slots=True)
class Weaknesses:
    """The answer of `assay weaknesses`: the findings in order, and what they are about.

    `looked_at` of the `collected` tests are those that findings may be about; `left_out` counts
    others by the reason. `verdicts`, with their `diffs`, are those on the mutants that were run to
    know (of level 2), `accepted` is what people have answered, `seconds` how long it took.
    """

    project: str
    level: int
    paths: tuple[str, ...]
    kinds: tuple[str, ...]
    findings: tuple[Finding, ...]
    collected: int
    looked_at: int
    left_out: Mapping[str, int] = field(hash=False)
    notices: tuple[str, ...] = ()
    inconclusive: tuple[str, ...] = ()
    interrupted: bool = False
    verdicts: tuple[Verdict, ...] = ()
    diffs: Mapping[str, str] = field(default_factory=dict, hash=False)
    accepted: Standing = NOTHING_ACCEPTED
    seconds: float = 0.0


def weaknesses_text(found: Weaknesses, everything: bool) -> str:
    """The whole report; ten cards unless everything is asked for."""
    limit = len(found.findings) if everything else SHOWN
    parts = ["\n".join(head_of_weaknesses(found))]
    parts += [card(finding) for finding in found.findings[:limit]]
    if len(found.findings) > limit:
        more = plural(len(found.findings) - limit, "more finding")
        parts.append(f"… and {more}: --all shows them all.")
    parts += ["\n".join(found.inconclusive), "\n".join(found.notices)]
    return "\n\n".join(part for part in parts if part) + "\n"


def head_of_weaknesses(found: Weaknesses) -> Iterator[str]:
    """The answer in numbers, and what it leaves out."""
    if found.interrupted:
        yield "Interrupted: nothing is reported of a run that was cut short."
        return
    tests = f"{found.looked_at} of {plural(found.collected, 'test')} looked at"
    if not found.findings:
        yield f"No weakness found; {tests}."
    else:
        counts = ", ".join(f"{kind} {n}" for kind, n in sorted(by_kind(found.findings).items()))
        yield f"{plural(len(found.findings), 'finding')} ({counts}); {tests}."
    if found.left_out:
        reasons = ", ".join(f"{reason} {count}" for reason, count in found.left_out.items())
        yield f"Nothing is said of {plural(sum(found.left_out.values()), 'test')}: {reasons}."
