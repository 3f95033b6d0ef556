"""`assay gate`: what `assay impact` answers, held against the project's policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from assay.commands.common import Context, deliver, with_accepted
from assay.commands.impact import answer_to_change
from assay.commands.weaknesses import WeaknessOptions, look
from assay.committed import read_baseline, write_baseline
from assay.errors import ExitCode, UsageError
from assay.gate.baseline import EMPTY, Baseline, updated
from assay.gate.decide import ALWAYS, Decision, decide
from assay.gate.policy import ALL as ALL_KINDS
from assay.gate.policy import NONE, Policy
from assay.model.answer import Answer
from assay.model.finding import Finding
from assay.mutating import ALL, Effort
from assay.policies import load_policy
from assay.suppliers import NoTestsError
from assay.verdict.answer import exit_code
from assay.weakness.table import KINDS


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
    found, findings = _with_weak_tests(context, policy, found)
    return conclude(context, options, policy, baseline, found, findings)


def _with_weak_tests(
    context: Context, policy: Policy, found: Answer
) -> tuple[Answer, tuple[Finding, ...]]:
    """Findings about the changed tests, if the policy asks for them; what stood in the way of
    looking stands in the way of the answer."""
    root = context.project.repo
    paths = tuple(str(root / path) for path in found.changed_tests if (root / path).is_file())
    if policy.weak_kinds == NONE or found.interrupted or not paths:
        return found, ()
    kinds = () if policy.weak_kinds == ALL_KINDS else tuple(policy.weak_kinds)
    try:
        seen = look(context, WeaknessOptions(paths, 0, kinds, "text", everything=True))
    except NoTestsError:
        # A conftest, or helpers that no test runs.
        return found, ()
    problems = (*found.inconclusive, *seen.inconclusive)
    interrupted = found.interrupted or seen.interrupted
    return replace(found, inconclusive=problems, interrupted=interrupted), seen.findings


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
