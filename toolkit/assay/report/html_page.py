"""What the HTML page shows, put together from an answer or from weaknesses (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from assay.gate.decide import Decision
from assay.history.rows import file_scores
from assay.model.accepted import NOTHING_ACCEPTED, Standing
from assay.model.answer import ChangedLines, UnitAnswer
from assay.model.explanation import Explanation
from assay.model.finding import Finding
from assay.model.history import FileScore, Run
from assay.model.mutant import Verdict
from assay.model.run import TestResult
from assay.report.account import Account
from assay.report.cards import Weaknesses, head_of_weaknesses, weaknesses_text
from assay.report.gate_text import account_text, gate_line
from assay.report.text import head_lines, inconclusive_lines, notice_lines, plural

INTERRUPTED = "The run was interrupted: what it had not come to is missing here."


@dataclass(frozen=True, slots=True)
class Page:
    """All that the page shows; `head` has the answer in its first line, `text` is the short report
    for readers without a script, `foot` what made the answer."""

    title: str
    verb: str
    project: str
    head: tuple[str, ...]
    text: str
    foot: str
    findings: tuple[Finding, ...]
    notices: tuple[str, ...]
    inconclusive: tuple[str, ...]
    runs: tuple[Run, ...]
    decision: Decision | None = None
    gate: str = ""
    units: tuple[UnitAnswer, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    failed: tuple[TestResult, ...] = ()
    changed: tuple[ChangedLines, ...] = ()
    scores: tuple[FileScore, ...] = ()
    accepted: Standing = NOTHING_ACCEPTED
    explanations: Mapping[str, Explanation] = field(default_factory=dict, hash=False)
    diffs: Mapping[str, str] = field(default_factory=dict, hash=False)
    texts: Mapping[str, str] = field(default_factory=dict, hash=False)


def page_of_account(account: Account) -> Page:
    answer, decision = account.answer, account.decision
    project = _name(answer.project)
    head = tuple(head_lines(answer))
    versions = answer.versions
    seconds = ", ".join(f"{name} {value:.1f} s" for name, value in answer.seconds.items())
    named = ", ".join(f"{n} {versions[n]}" for n in ("assay", "mutmut", "python") if n in versions)
    return Page(
        title=f"{project}: {head[0]}",
        verb=answer.verb,
        project=project,
        head=head,
        text=account_text(replace(account, everything=False)),
        foot=f"{named}; {seconds}",
        findings=(*account.findings, *answer.lost),
        notices=(
            *(f"{remark}." for remark in (decision.remarks if decision else ())),
            *notice_lines(answer),
        ),
        inconclusive=(
            *((INTERRUPTED,) if answer.interrupted else ()),
            *(f"{line}." for line in inconclusive_lines(answer, 10**9)),
        ),
        runs=account.runs,
        decision=decision,
        gate=gate_line(decision) if decision else "",
        units=answer.units,
        verdicts=answer.verdicts,
        failed=tuple(account.failed),
        changed=answer.changed_lines,
        scores=file_scores(answer.verdicts),
        accepted=answer.accepted,
        explanations=answer.explanations,
        diffs=answer.diffs,
        texts=account.texts,
    )


def page_of_weaknesses(found: Weaknesses, runs: tuple[Run, ...], texts: Mapping[str, str]) -> Page:
    project = _name(found.project)
    head = tuple(head_of_weaknesses(found))
    return Page(
        title=f"{project}: {head[0]}",
        verb="weaknesses",
        project=project,
        head=head,
        text=weaknesses_text(found, everything=False),
        foot=f"level {found.level}" + (f"; {', '.join(found.paths)}" if found.paths else ""),
        findings=found.findings,
        notices=tuple(f"{line}." for line in found.notices),
        inconclusive=tuple(f"{line}." for line in found.inconclusive),
        runs=runs,
        verdicts=found.verdicts,
        scores=file_scores(found.verdicts),
        accepted=found.accepted,
        diffs=found.diffs,
        texts=texts,
    )


def page_of_trend(project: str, runs: tuple[Run, ...]) -> Page:
    count = plural(len(runs), "report")
    return Page(
        title=f"{project}: {count}",
        verb="weaknesses",
        project=project,
        head=(f"{count} of weak tests kept.",),
        text="",
        foot="",
        findings=(),
        notices=(),
        inconclusive=(),
        runs=runs,
    )


def _name(project: str) -> str:
    """The last part of the project's directory: pages are passed on, and paths name people."""
    return project.replace("\\", "/").rstrip("/").rpartition("/")[2] or project
