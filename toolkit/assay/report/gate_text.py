"""What a gate decided, for a terminal: the verdict, then each refusal with what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from assay.errors import ExitCode
from assay.gate.decide import Decision, Refusal
from assay.model.finding import Finding
from assay.report.account import Account
from assay.report.found_text import found_text
from assay.report.text import SHOWN, accepted_words, answer_text, plural


def account_text(account: Account) -> str:
    """The whole report: the gate's decision if there is one, the answer, the findings."""
    limit = 10**9 if account.everything else SHOWN
    answer, findings = account.answer, account.findings
    found = [found_text(answer, findings, limit), accepted_text(account)]
    parts = [answer_text(answer, account.everything, "\n\n".join(filter(None, found)))]
    if account.decision is not None:
        parts.insert(0, decision_text(account.decision, limit))
    return "\n".join(part for part in parts if part)


def decision_text(decision: Decision, limit: int) -> str:
    """The decision by itself."""
    lines = [gate_line(decision)]
    word = "Refused" if decision.code is not ExitCode.CLEAN else "Would be refused"
    for refusal in decision.refusals:
        lines += _refused(word, refusal, limit)
    lines += [f"Note: {remark}." for remark in decision.remarks]
    return "\n".join(lines) + "\n"


def gate_line(decision: Decision) -> str:
    """Whether it passed, by which policy, in one line."""
    policy, count = decision.policy, len(decision.refusals)
    if decision.code is not ExitCode.CLEAN:
        reasons = plural(count, "reason")
        return f"Gate failed ({policy.name}): {reasons}, exit code {int(decision.code)}."
    if decision.refusals:
        what = plural(count, "thing")
        return f"Gate passed ({policy.name}): advisory, {what} would be refused otherwise."
    return f"Gate passed ({policy.name})."


def _refused(word: str, refusal: Refusal, limit: int) -> Iterator[str]:
    yield f"{word}: {refusal.sentence} ({refusal.rule})"
    yield from (f"    {item}" for item in refusal.items[:limit])
    if len(refusal.items) > limit:
        yield f"    … and {len(refusal.items) - limit} more: --all shows them."
    yield f"  Next: {refusal.todo}."


def accepted_text(account: Account) -> str:
    """The findings about changed tests that people have answered, a line each."""
    held = account.answer.accepted.holding
    return "\n".join(
        f"Accepted: {_head(finding)} ({accepted_words(held[finding.id])})"
        for finding in account.findings
        if finding.id in held
    )


def _head(finding: Finding) -> str:
    anchor = finding.anchor
    return f"{anchor.path}:{anchor.line} {anchor.unit} [{finding.kind}] {finding.id}"
