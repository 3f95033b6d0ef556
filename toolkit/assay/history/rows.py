"""What the history keeps of a run, made from its answer or its findings (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from assay.errors import ExitCode
from assay.model.accepted import NOTHING_ACCEPTED, SURVIVOR, Standing
from assay.model.answer import Answer
from assay.model.finding import Finding
from assay.model.history import FileScore, Noted, Run, Stamp
from assay.model.mutant import Status, Verdict

_COUNTED = re.compile(r": (\d+|no) files? changed$")

UNSOUND = frozenset({ExitCode.BASELINE, ExitCode.INCONCLUSIVE, ExitCode.INTERRUPTED})


def run_of_answer(
    answer: Answer, findings: Iterable[Finding], code: ExitCode, sound: ExitCode, stamp: Stamp
) -> Run:
    """The run of an answer; `sound` is its exit code without a gate: `code` may hide that the
    answer is not conclusive, where a policy lets it pass."""
    every = (*findings, *answer.lost)
    held = answer.accepted.holding
    survivors = [
        Noted(
            v.mutant.id,
            SURVIVOR,
            v.mutant.path,
            v.mutant.scope,
            v.mutant.span.start_line,
            f"{v.mutant.operator}: no test notices it",
            v.mutant.id in held,
        )
        for v in answer.verdicts
        if v.status is Status.SURVIVED
    ]
    return Run(
        stamp=stamp,
        verb=answer.verb,
        scope=scope_of(answer),
        exit_code=int(code),
        is_sound=sound not in UNSOUND,
        collected=answer.collected,
        statuses=Counter(v.status.value for v in answer.verdicts),
        seconds={name: round(value, 3) for name, value in answer.seconds.items()},
        files=file_scores(answer.verdicts),
        noted=(*survivors, *noted(every, answer.accepted)),
    )


def scope_of(answer: Answer) -> str:
    """What an answer is about, in words that stay the same from run to run of it."""
    # "working tree against main: 3 files changed": how many changed is no part of it.
    words = [_COUNTED.sub("", answer.compared)]
    partial, plan = answer.partial, answer.plan
    if partial is not None and partial.sample:
        words.append(f"sample {partial.sample} seed {partial.seed}")
    if partial is not None and partial.budget is not None:
        words.append(f"budget {partial.budget:g} s")
    if plan is not None and plan.of > 1:
        words.append(f"shard {plan.shard}/{plan.of}")
    return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Looked:
    """What `assay weaknesses` looked at, found, and ran mutants for."""

    scope: str
    collected: int
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    seconds: float
    accepted: Standing = NOTHING_ACCEPTED


def run_of_findings(looked: Looked, code: ExitCode, stamp: Stamp) -> Run:
    """The run of `assay weaknesses`; its survivors are told of by its findings."""
    return Run(
        stamp=stamp,
        verb="weaknesses",
        scope=looked.scope,
        exit_code=int(code),
        is_sound=code not in UNSOUND,
        collected=looked.collected,
        statuses=Counter(v.status.value for v in looked.verdicts),
        seconds={"all": round(looked.seconds, 3)},
        files=file_scores(looked.verdicts),
        noted=noted(looked.findings, looked.accepted),
    )


def noted(findings: Iterable[Finding], accepted: Standing) -> tuple[Noted, ...]:
    return tuple(
        Noted(
            one.id,
            one.kind,
            one.anchor.path,
            one.anchor.unit,
            one.anchor.line,
            one.sentence,
            one.id in accepted.holding,
        )
        for one in findings
    )


def file_scores(verdicts: Iterable[Verdict]) -> tuple[FileScore, ...]:
    """By file, in order of their paths; files without a verdict that counts have no score."""
    counts: dict[str, Counter[Status]] = {}
    for verdict in verdicts:
        counts.setdefault(verdict.mutant.path, Counter())[verdict.status] += 1
    scores = [
        FileScore(path, c[Status.KILLED], c[Status.SURVIVED], c[Status.NO_COVERAGE])
        for path, c in sorted(counts.items())
    ]
    return tuple(one for one in scores if one.mutants)
