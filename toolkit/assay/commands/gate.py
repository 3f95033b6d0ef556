"""`assay gate`: what `assay impact` answers, held against the project's policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from assay.answering import ALL, Effort
from assay.commands.common import Context, deliver, with_accepted
from assay.commands.impact import answer_to_change
from assay.committed import read_baseline, write_baseline
from assay.errors import ExitCode, UsageError
from assay.gate.baseline import EMPTY, Baseline, updated
from assay.gate.decide import ALWAYS, Decision, decide
from assay.gate.policy import Policy
from assay.model.answer import Answer
from assay.model.finding import Finding
from assay.policies import load_policy
from assay.verdict.answer import exit_code

KINDS: frozenset[str] = frozenset()
"""The kinds of findings that a policy may name."""


@dataclass(frozen=True, slots=True)
class GateOptions:
    """`preset` or `policy` take the place of the project's table; `update` writes the baseline."""

    base: str | None
    diff: Path | None
    preset: str | None
    policy: Path | None
    update: bool
    format: str
    everything: bool
    effort: Effort = ALL


def run(context: Context, options: GateOptions) -> int:
    project = context.project
    # Mistakes in files first: they are not to cost a run.
    policy = load_policy(project, options.preset, options.policy, KINDS)
    baseline = read_baseline(project)
    if options.update and not policy.ratchet:
        raise UsageError(
            f"--update-baseline, but the policy {policy.name} takes no notice of a baseline: set "
            "ratchet = true in [tool.assay.gate], or give --preset ratchet"
        )
    found = answer_to_change(context, "gate", options.base, options.diff, options.effort)
    return conclude(context, options, policy, baseline, found, ())


def conclude(
    context: Context,
    options: GateOptions,
    policy: Policy,
    baseline: Baseline | None,
    found: Answer,
    findings: tuple[Finding, ...],
) -> int:
    """Decide, and tell; `findings` are those about the changed tests."""
    found = with_accepted(context, found, findings)
    decision = decide(policy, found, findings, baseline or EMPTY)
    if options.update:
        decision = _updated(context, decision, baseline or EMPTY, found, findings)
    elif policy.ratchet and baseline is None:
        name = context.project.config.baseline
        remark = f"no {name} yet, so all counts as new: `assay gate --update-baseline` writes it"
        decision = replace(decision, remarks=(*decision.remarks, remark))
    return deliver(context, found, options.format, options.everything, findings, decision)


def _updated(
    context: Context,
    decision: Decision,
    old: Baseline,
    found: Answer,
    findings: tuple[Finding, ...],
) -> Decision:
    """The decision with the baseline as it is written now: not, of an answer that does not hold."""
    name = context.project.config.baseline
    if decision.code in ALWAYS or exit_code(found) is not ExitCode.CLEAN:
        remark = f"{name} is not updated: the answer does not hold"
        return replace(decision, remarks=(*decision.remarks, remark))
    new = updated(old, found, findings, found.accepted.holding.keys())
    write_baseline(context.project, new)
    come, gone = len(new.known.keys() - old.known), len(old.known.keys() - new.known)
    remark = f"{name} is written: {len(new.known)} known, {come} new, {gone} gone; commit it"
    again = decide(decision.policy, found, findings, new)
    return replace(again, remarks=(*again.remarks, remark))
