"""Weaknesses for people: a card each, the weightiest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from assay.model.accepted import NOTHING_ACCEPTED, Standing
from assay.model.finding import Confidence, Finding
from assay.model.mutant import Verdict
from assay.report.one_finding import card
from assay.report.text import SHOWN, accepted_words, expired_words, plural
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

    @property
    def open(self) -> tuple[Finding, ...]:
        """Those that nobody has accepted."""
        return tuple(one for one in self.findings if one.id not in self.accepted.holding)


def weaknesses_text(found: Weaknesses, everything: bool) -> str:
    """The whole report; ten cards, and no hints, unless everything is asked for."""
    findings, hints = told_apart(found.open)
    shown = [*findings, *hints] if everything else findings[:SHOWN]
    parts = ["\n".join(head_of_weaknesses(found))]
    parts += [_card(finding, found.accepted) for finding in shown]
    left = [
        plural(number, noun)
        for number, noun in (
            (max(0, len(findings) - len(shown)), "more finding"),
            (0 if everything else len(hints), "hint"),
        )
        if number
    ]
    if left:
        parts.append(f"… and {' and '.join(left)}: --all shows them all.")
    parts.append("\n".join(_accepted(found)))
    parts += ["\n".join(found.inconclusive), "\n".join(found.notices)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _card(finding: Finding, accepted: Standing) -> str:
    text = card(finding)
    expired = accepted.expired.get(finding.id)
    return text if expired is None else f"{text}\n  {expired_words(expired)}"


def _accepted(found: Weaknesses) -> Iterator[str]:
    """What people have answered is shown, and not hidden: a line each."""
    for finding in found.findings:
        said = found.accepted.holding.get(finding.id)
        if said is not None:
            yield f"{finding.sentence} [{finding.kind}] {finding.id}: {accepted_words(said)}"


def told_apart(findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Those that a person should act on, and the hints."""
    kept: tuple[list[Finding], list[Finding]] = ([], [])
    for finding in findings:
        kept[finding.confidence is Confidence.HINT].append(finding)
    return kept


def head_of_weaknesses(found: Weaknesses) -> Iterator[str]:
    """The answer in numbers, and what it leaves out."""
    if found.interrupted:
        yield "Interrupted: nothing is reported of a run that was cut short."
        return
    tests = f"{found.looked_at} of {plural(found.collected, 'test')} looked at"
    findings, hints = told_apart(found.open)
    parts = [_counted(findings, "finding")] if findings else []
    parts += [_counted(hints, "hint")] if hints else []
    text = " and ".join(parts) if findings else ", ".join(["No weakness found", *parts])
    held = len(found.findings) - len(found.open)
    yield f"{text}{f'; {held} accepted' if held else ''}; {tests}."
    if found.left_out:
        reasons = ", ".join(f"{reason} {count}" for reason, count in found.left_out.items())
        yield f"Nothing is said of {plural(sum(found.left_out.values()), 'test')}: {reasons}."


def _counted(findings: list[Finding], noun: str) -> str:
    counts = ", ".join(f"{kind} {n}" for kind, n in sorted(by_kind(findings).items()))
    return f"{plural(len(findings), noun)} ({counts})"
