"""Mutants of a suite to their verdicts: planned, reused or run, and kept."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assay.execution.canary import without_hidden
from assay.execution.mutants import AS_USUAL, NOT_REPEATABLE, Listener, MutantRun, RunOptions
from assay.impact.record import Tree
from assay.impact.store import open_store
from assay.model.impact import ImpactMap
from assay.model.mutant import Mutant, PlannedMutant, Status, Verdict
from assay.model.run import TestOutcome
from assay.mutation.plan import Candidates, Plan, plan
from assay.mutation.portion import in_turns, unit_of
from assay.mutation.targets import Target
from assay.progress import Progress
from assay.project import Project
from assay.recording import Baseline, Suite
from assay.report.text import plural
from assay.reuse import AUDITED, Memory, Recall, changed_meanwhile, disagreements, remembered
from assay.runners import runner_of
from assay.survivors import EXPLAINING, Explaining


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of the mutants' work is done: `fresh` without using what earlier runs found;
    `audit`: some of what is reused is run all the same; `budget`: no mutant begins after so many
    seconds of running them. `seed` is what chance depends on, `options` how mutants are run,
    `explaining` how many survivors are explained."""

    fresh: bool = False
    audit: bool = False
    budget: float | None = None
    seed: int = 0
    options: RunOptions = AS_USUAL
    explaining: Explaining = EXPLAINING


ALL = Effort()


@dataclass(frozen=True, slots=True)
class Mutated:
    """The targets' verdicts in the order of the text, what the run says of its tests, and what has
    to be said of it as a whole: `problems` make it not conclusive."""

    verdicts: tuple[Verdict, ...]
    run: MutantRun
    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


NO_RUN = MutantRun({}, {}, interrupted=False)


def run_mutants(
    suite: Suite,
    targets: Sequence[Target],
    baseline: Baseline,
    changed_tests: Iterable[str],
    effort: Effort,
    progress: Progress,
) -> Mutated:
    """Plan the targets' mutants, and run those of which earlier runs do not tell the verdict."""
    sources = {target.source.path: target.source for target in targets}
    known = {item.node_id for item in suite.collected.items}
    passed = passed_tests(baseline.impact, known)
    limits = suite.limits(passed)
    candidates = Candidates(passed, frozenset(changed_tests))
    planned = plan(
        mutants_of(targets),
        sources,
        baseline.impact,
        candidates,
        limits.of,
        suite.collected.can_fork,
    )
    with remembered(suite.project, baseline.impact, baseline.times, planned.planned, targets) as (
        memory,
        notice,
    ):
        recall = memory.recall(effort.fresh, AUDITED if effort.audit else 0.0, effort.seed)
        if recall.held:
            progress.say(f"{plural(len(recall.held), 'verdict')} reused")

        def run(some: Sequence[PlannedMutant], until: float | None) -> MutantRun:
            listener = Listener(progress.verdict, memory.keep)
            options = replace(effort.options, deadline=until, seed=effort.seed)
            runner = runner_of(suite, sources, limits, baseline.impact, listener, options, progress)
            return runner.run(some)

        done = _measured(run, planned, recall, memory, effort, progress)
        if not done.interrupted:
            seen = without_hidden(
                done.verdicts, suite.settings, suite.zygote, suite.collected, limits
            )
            # What was settled at first may have been taken back: by a check, or just now.
            memory.forget(key for key, v in seen.items() if v.status is Status.RUNTIME_ERROR)
            done = replace(done, verdicts=seen)
        wrong = disagreements(recall, done.verdicts)
        memory.forget(wrong)
        edited = edited_meanwhile(suite, baseline.impact)
        if edited or done.problems:
            memory.forget_this_run()
        if edited:
            edited = (f"{edited[0]} was edited while mutants ran: no verdict of this run is kept",)
    fresh = {mutant_id: memory.whole(one) for mutant_id, one in done.verdicts.items()}
    note_killers(suite.project, fresh.values())
    by_id = {**{v.mutant.id: v for v in planned.early}, **recall.held, **fresh}
    verdicts = tuple(by_id[mutant.id] for mutant in mutants_of(targets))
    notices = (*filter(None, [notice]), *edited, *_repeated(effort, done))
    return Mutated(verdicts, done, notices, tuple(wrong.values()))


def _repeated(effort: Effort, done: MutantRun) -> Iterator[str]:
    """What came of `--verify`."""
    if not effort.options.verify or done.interrupted:
        return
    if not done.repeated:
        yield "--verify: no verdict was run again, for no mutant inside a function got one just now"
        return
    changed = sum(v.reason.startswith(NOT_REPEATABLE) for v in done.verdicts.values())
    yield (
        f"--verify: {plural(done.repeated, 'verdict')} run again, {changed or 'none'} came out "
        "differently"
    )


def _measured(
    run: Callable[[Sequence[PlannedMutant], float | None], MutantRun],
    planned: Plan,
    recall: Recall,
    memory: Memory,
    effort: Effort,
    progress: Progress,
) -> MutantRun:
    """Run what is not known, within the budget; in full what some of its tests could not settle."""
    to_run = recall.to_run
    deadline = None
    if effort.budget is not None:
        to_run = most_telling_first(to_run, (*planned.early, *recall.held.values()), effort)
        deadline = time.monotonic() + effort.budget
    progress.start("running mutants", len(to_run))
    done = run(to_run, deadline)
    unproven = () if done.interrupted else memory.unproven(recall, done.verdicts)
    if unproven:
        done = done.and_then(run(unproven, None))
    progress.finish()
    return done


def mutants_of(targets: Iterable[Target]) -> list[Mutant]:
    return [mutant for target in targets for mutant in target.mutants]


def passed_tests(impact: ImpactMap, collected: Collection[str]) -> dict[str, float]:
    """The tests that mutants may be run against, and how long each took."""
    return {
        node_id: record.seconds
        for node_id, record in impact.tests.items()
        if record.outcome is TestOutcome.PASSED and node_id in collected
    }


def most_telling_first(
    to_run: Iterable[PlannedMutant], known: Iterable[Verdict], effort: Effort
) -> tuple[PlannedMutant, ...]:
    """Function by function in turns, those first of which least is known."""
    by_id = {one.mutant.id: one for one in to_run}
    units = {mutant_id: unit_of(one.mutant) for mutant_id, one in by_id.items()}
    ahead = Counter(unit_of(verdict.mutant) for verdict in known)
    return tuple(by_id[mutant_id] for mutant_id in in_turns(units, effort.seed, ahead))


def edited_meanwhile(suite: Suite, impact: ImpactMap) -> tuple[str, ...]:
    """What verdicts depend on and is not what it was when the suite was collected."""
    read = {path for node in impact.nodes.values() for path in node.files}
    paths = {*suite.python_files, *read}
    return tuple(changed_meanwhile(suite.tree, Tree(suite.project.repo), paths))


def note_killers(project: Project, verdicts: Iterable[Verdict]) -> None:
    """Tests that were the first to notice a mutant are likely to notice the next change."""
    killers = Counter(verdict.killer for verdict in verdicts if verdict.killer)
    if killers:
        with open_store(project.map_file).store as store:
            known = Counter(json.loads(store.meta("kills") or "{}"))
            store.note({"kills": json.dumps(dict((known + killers).most_common(KEPT_KILLERS)))})


KEPT_KILLERS = 10_000
