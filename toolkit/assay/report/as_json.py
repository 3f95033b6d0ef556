"""Answers as JSON: documented in docs/json.md, versioned by `format`."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

from assay.gate.decide import Decision
from assay.model.accepted import Acceptance
from assay.model.answer import Answer, Partial, PlanRecord, UnitAnswer
from assay.model.explanation import Explanation
from assay.model.finding import Finding
from assay.model.mutant import NOT_REACHED, Left, Measured, Mutant, Verdict
from assay.model.run import TestResult
from assay.model.selection import SelectedTest, Selection
from assay.report.account import Account
from assay.report.findings_json import finding_json
from assay.verdict.interval import estimate

FORMAT = 1


def answer_json(answer: Answer, exit_code: int) -> dict[str, Any]:
    """The record that every run leaves under the reports directory."""
    return {
        "format": FORMAT,
        "verb": answer.verb,
        "project": answer.project,
        "compared": answer.compared,
        "exit_code": int(exit_code),
        "interrupted": answer.interrupted,
        "versions": dict(answer.versions),
        "collected": answer.collected,
        "selection": selection_json(answer.selection),
        "tests": [_result(result) for result in answer.results.values()],
        "changed_tests": list(answer.changed_tests),
        "units": [_unit(unit) for unit in answer.units],
        "mutants": [_answered(answer, verdict) for verdict in answer.verdicts],
        "changed_lines": [
            {"path": one.path, "lines": list(one.lines), "missed": list(one.missed)}
            for one in answer.changed_lines
        ],
        "lost": [finding_json(one) for one in answer.lost],
        "left": dict(sorted(answer.left.items())),
        "notices": list(answer.notices),
        "inconclusive": list(answer.inconclusive),
        "flaky": dict(answer.flaky),
        "seconds": {name: round(value, 3) for name, value in answer.seconds.items()},
        "reused": sum(verdict.reused is not None for verdict in answer.verdicts),
        "plan": None if answer.plan is None else plan_json(answer.plan),
        "partial": None if answer.partial is None else partial_json(answer, answer.partial),
    }


def account_json(account: Account) -> dict[str, Any]:
    """The record of a run: the answer, the findings, and what a gate decided (None without one)."""
    decision = account.decision
    return {
        **answer_json(account.answer, account.code),
        "findings": [_finding(account.answer, finding) for finding in account.findings],
        "gate": None if decision is None else decision_json(decision),
    }


def _finding(answer: Answer, finding: Finding) -> dict[str, Any]:
    accepted, expired = answer.accepted.holding, answer.accepted.expired
    name = finding.id
    return {
        **finding_json(finding),
        "accepted": acceptance_json(accepted[name]) if name in accepted else None,
        "expired": expired[name].why if name in expired else None,
    }


def decision_json(decision: Decision) -> dict[str, Any]:
    """What the gate refused and let pass, and the whole policy."""
    policy = dataclasses.asdict(decision.policy)
    return {
        "passed": decision.passed,
        "policy": {key.replace("_", "-"): value for key, value in policy.items()},
        "refusals": [
            {
                "rule": one.rule,
                "sentence": one.sentence,
                "items": list(one.items),
                "next": one.todo,
                "exit_code": int(one.code),
            }
            for one in decision.refusals
        ],
        "remarks": list(decision.remarks),
    }


def _answered(answer: Answer, verdict: Verdict) -> dict[str, Any]:
    """A mutant with its verdict, what people have said of it, and why it survived."""
    mutant = verdict.mutant
    accepted, expired = answer.accepted.holding, answer.accepted.expired
    return {
        **verdict_json(verdict, answer.diffs[mutant.id]),
        "digest": answer.digests.get((mutant.path, mutant.unit), ""),
        "accepted": acceptance_json(accepted[mutant.id]) if mutant.id in accepted else None,
        "expired": expired[mutant.id].why if mutant.id in expired else None,
        "explanation": explanation_json(answer.explanations.get(mutant.id)),
    }


def acceptance_json(acceptance: Acceptance) -> dict[str, Any]:
    until = acceptance.until
    return {
        "as": acceptance.stance.value,
        "reason": acceptance.reason,
        "on": acceptance.on.isoformat(),
        "until": None if until is None else until.isoformat(),
    }


def plan_json(plan: PlanRecord) -> dict[str, Any]:
    return {
        "digest": plan.digest,
        "mutants": plan.mutants,
        "shard": plan.shard,
        "of": plan.of,
        "commit": plan.commit,
        "tree": plan.tree,
        "paths": list(plan.paths),
    }


def partial_json(answer: Answer, partial: Partial) -> dict[str, Any]:
    """Why not all mutants were run, and what those that were say about all."""
    found = estimate(answer.verdicts, partial.totals)
    return {
        "sample": partial.sample or None,
        "budget": partial.budget,
        "seed": partial.seed,
        "mutants": sum(partial.totals.values()),
        "chosen": len(answer.verdicts),
        "not_reached": sum(verdict.reason == NOT_REACHED for verdict in answer.verdicts),
        "estimate": None
        if found is None
        else {
            "score": round(found.score, 4),
            "low": round(found.low, 4),
            "high": round(found.high, 4),
            "method": "Wilson, 95 %",
        },
        "totals": [[path, scope, count] for (path, scope), count in partial.totals.items()],
    }


def selection_json(selection: Selection) -> dict[str, Any]:
    return {
        "selected": [
            {
                "test": test.node_id,
                "rank": rank,
                "because_rank": rank_words(test),
                "seconds": round(test.seconds, 4),
                "reasons": [
                    {"kind": r.kind.name.lower(), "text": r.text, "chain": list(r.chain)}
                    for r in test.reasons
                ],
            }
            for rank, test in enumerate(selection.selected, start=1)
        ],
        "dropped": list(selection.dropped),
    }


def rank_words(test: SelectedTest) -> str:
    """Why a test stands where it does in the order of running."""
    kind = min(reason.kind for reason in test.reasons)
    parts = [kind.name.lower().replace("_", " ")]
    if test.kills:
        parts.append(f"first to notice {test.kills} mutants lately")
    if test.breadth:
        parts.append(f"ran {test.breadth} lines")
    parts.append(f"{test.seconds:.2f} s")
    return ", ".join(parts)


def _result(result: TestResult) -> dict[str, Any]:
    failure = result.failure
    return {
        "test": result.node_id,
        "outcome": result.outcome.value,
        "seconds": round(result.seconds, 4),
        "failure": None
        if failure is None
        else {
            "phase": failure.phase,
            "exception": failure.exception,
            "message": failure.message,
            "excerpt": failure.excerpt,
        },
    }


def _unit(unit: UnitAnswer) -> dict[str, Any]:
    return {
        "path": unit.path,
        "unit": unit.unit,
        "line": unit.line,
        "status": unit.status.value,
        "guard": unit.guard.value,
        "touching": list(unit.touching),
        "guarding": list(unit.guarding),
        "mocking": list(unit.mocking),
        "mutants": [verdict.mutant.id for verdict in unit.verdicts],
    }


def mutant_json(mutant: Mutant, diff: str) -> dict[str, Any]:
    """A mutant before it has a verdict."""
    span = mutant.span
    return {
        "id": mutant.id,
        "path": mutant.path,
        "unit": mutant.unit,
        "scope": mutant.scope,
        "operator": mutant.operator,
        "kind": mutant.kind,
        "span": [span.start_line, span.start_column, span.end_line, span.end_column],
        "line": mutant.statement_line,
        "original": mutant.original,
        "replacement": mutant.replacement,
        "diff": diff,
    }


def left_json(left: Left, diff: str) -> dict[str, Any]:
    """A mutant that is not run, with the reason."""
    return {**mutant_json(left.mutant, diff), "reason": left.reason}


def verdict_json(verdict: Verdict, diff: str) -> dict[str, Any]:
    return {
        **mutant_json(verdict.mutant, diff),
        "status": verdict.status.value,
        "covering": list(verdict.covering),
        "killer": verdict.killer,
        "by_assertion": verdict.by_assertion,
        "reason": verdict.reason,
        "tests_run": verdict.tests_run,
        "seconds": round(verdict.seconds, 4),
        "reused": None if verdict.reused is None else _measured(verdict.reused),
    }


def explanation_json(found: Explanation | None) -> dict[str, Any] | None:
    """Why a mutant survived; None if that was not looked into."""
    if found is None:
        return None
    proposal = found.proposal
    return {
        "reach": found.reach.value,
        "sentence": found.sentence,
        "test": found.test,
        "calls": found.calls,
        "given": [list(pair) for pair in found.given],
        "what": found.what,
        "before": found.before,
        "after": found.after,
        "path": found.path,
        "line": found.line,
        "proposal": None
        if proposal is None
        else {
            "path": proposal.path,
            "line": proposal.line,
            "code": proposal.code,
            "patch": proposal.patch,
            "clean_runs": proposal.clean_runs,
        },
        "none": found.none,
        "advice": found.advice,
        "made_of": dict(found.made_of),
    }


def _measured(measured: Measured) -> dict[str, Any]:
    when = datetime.fromtimestamp(measured.at, UTC)
    return {"measured": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "commit": measured.commit}
