"""Which survivors are explained, what earlier records know of them, and what it may cost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.change.semantics import read_source
from assay.errors import InconclusiveError, UsageError
from assay.execution.explaining import Explainer, Survivor
from assay.explain.words import unknown
from assay.impact.record import Tree
from assay.impact.store import read_map
from assay.model.explanation import Explanation
from assay.model.mutant import Mutant, Status, Verdict
from assay.model.source import SourceFile
from assay.mutation.settings import Settings
from assay.mutation.targets import target_of
from assay.progress import Progress
from assay.project import Project
from assay.recording import Suite, collected_suite
from assay.report.from_json import explanation_of
from assay.verdict.turns import in_turns


@dataclass(frozen=True, slots=True)
class Explaining:
    """So many survivors are explained, for so many seconds at most."""

    most: int
    seconds: float


NONE = Explaining(0, 0.0)

EXPLAINING = Explaining(10, 20.0)
"""As many as are shown, and not for long."""


ONE = Explaining(1, 120.0)

EXPLAINING_ALL = Explaining(10_000, 300.0)


def explain(
    suite: Suite,
    verdicts: Iterable[Verdict],
    sources: Mapping[str, SourceFile],
    seconds: Mapping[str, float],
    how: Explaining,
    progress: Progress,
) -> dict[str, Explanation]:
    """Explanations of the first survivors, by mutant id; without those that an interrupt cuts off.

    `seconds` are the durations of the tests.
    """
    wanted = shown(verdicts, how)
    known = told_before(suite.project, wanted)
    rest = [verdict for verdict in wanted if verdict.mutant.id not in known]
    if not rest:
        return known
    progress.start("explaining survivors", len(rest))
    some = [Survivor(verdict.mutant, verdict.covering) for verdict in rest]
    made: dict[str, Explanation] = {}
    try:
        with Explainer(suite.bench(sources, suite.limits(seconds))) as explainer:
            made = explainer.explain(some, time.monotonic() + how.seconds)
    except KeyboardInterrupt:
        # The verdicts are there: these are worth more than no answer.
        progress.say("interrupted: the survivors are not explained")
    except InconclusiveError as problem:
        made = {one.mutant.id: unknown(problem.message, {}) for one in some}
    progress.finish()
    return {**known, **made}


def explain_one(
    project: Project,
    verdict: Verdict,
    told: dict[str, Any] | None,
    settings: Settings,
    progress: Progress,
) -> Explanation:
    """Why one survivor of an earlier run survived: as its record says, if the files that this was
    made of are the same, else by looking again. Writes nothing into the project.

    `settings` are those that the mutant is found with. UsageError if it is there no more."""
    mutant = verdict.mutant
    tree = Tree(project.repo)
    if told is not None:
        known = explanation_of(told)
        if known.made_of and all(tree.sha(path) == sha for path, sha in known.made_of.items()):
            return known
    target = _target(project, mutant, settings)
    if target is None:
        raise UsageError(f"{mutant.path} is not as it was when {mutant.id} ran: run it again")
    source, now = target
    recorded, _ = read_map(project.map_file)
    seconds = {node_id: one.seconds for node_id, one in recorded.tests.items()}
    with collected_suite(project, progress, read_only=True) as suite:
        settled = replace(verdict, mutant=now)
        found = explain(suite, [settled], {source.path: source}, seconds, ONE, progress)
    if mutant.id not in found:
        raise KeyboardInterrupt
    return found[mutant.id]


def _target(
    project: Project, mutant: Mutant, settings: Settings
) -> tuple[SourceFile, Mutant] | None:
    """The mutant in the file as it is now; None if it is there no more."""
    try:
        content = (project.repo / mutant.path).read_bytes()
    except OSError:
        return None
    source = read_source(mutant.path, content)
    target = target_of(source, content, None, [], settings)
    found = (one for one in target.mutants if one.id == mutant.id) if target else iter(())
    one = next(found, None)
    return None if one is None else (source, one)


def shown(verdicts: Iterable[Verdict], how: Explaining) -> list[Verdict]:
    """The survivors that are explained: those that a report shows first."""
    survived = in_turns(verdict for verdict in verdicts if verdict.status is Status.SURVIVED)
    survived.sort(key=lambda pair: pair[0])
    return [verdict for _, verdict in survived[: how.most]]


def told_before(project: Project, verdicts: Sequence[Verdict]) -> dict[str, Explanation]:
    """What the last records say of survivors whose verdicts were reused: the function, its tests
    and all they depend on are as they were. The files that it was made of must be the same to the
    byte, for its patch to fit."""
    wanted = {verdict.mutant.id for verdict in verdicts if verdict.reused is not None}
    if not wanted:
        return {}
    tree = Tree(project.repo)
    found: dict[str, Explanation] = {}
    for path in sorted(project.reports.glob("*.json")):
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))["mutants"]
            for row in rows:
                if row["id"] in wanted and row.get("explanation"):
                    one = explanation_of(row["explanation"])
                    if one.made_of and all(tree.sha(p) == sha for p, sha in one.made_of.items()):
                        found[row["id"]] = one
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return found
