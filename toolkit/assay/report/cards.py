"""Weaknesses for people: a card each, the weightiest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from assay.model.finding import Finding
from assay.report.one_finding import card
from assay.report.text import SHOWN, plural
from assay.weakness.rank import by_kind


@dataclass(frozen=True, slots=True)
class Weaknesses:
    """The answer of `assay weaknesses`: the findings in order, and what they are about.

    `looked_at` of the `collected` tests are those that findings may be about; `left_out` counts
    others by the reason.
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


def weaknesses_text(found: Weaknesses, everything: bool) -> str:
    """The whole report; ten cards unless everything is asked for."""
    limit = len(found.findings) if everything else SHOWN
    parts = ["\n".join(_head(found))]
    parts += [card(finding) for finding in found.findings[:limit]]
    if len(found.findings) > limit:
        more = plural(len(found.findings) - limit, "more finding")
        parts.append(f"… and {more}: --all shows them all.")
    parts += ["\n".join(found.inconclusive), "\n".join(found.notices)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(found: Weaknesses) -> Iterator[str]:
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
