"""The second half of the chain: mutants → plan → outcomes → verdicts → answer."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import assay
from assay.change.git import head_commit
from assay.execution.canary import without_hidden
from assay.execution.interpreter import choose_interpreter
from assay.execution.mutants import (
    AS_USUAL,
    Listener,
    MutantRun,
    RunOptions,
)
from assay.gather import NO_CHANGE
from assay.impact.record import Tree
from assay.impact.store import open_store
from assay.misled import misled
from assay.model.answer import Answer, Partial, PlanRecord, UnitAnswer
from assay.model.change import SemanticChange, UnitChange, UnitStatus
from assay.model.explanation import Explanation
from assay.model.impact import ImpactMap
from assay.model.mutant import Mutant, PlannedMutant, Status, Verdict
from assay.model.run import TestOutcome
from assay.model.selection import Selection
from assay.model.source import MODULE_UNIT, SourceFile
from assay.mutation.apply import unified_diff
from assay.mutation.mutmut_adapter import mutmut_version
from assay.mutation.operators.table import operators_version
from assay.mutation.plan import Candidates, Coverage, Plan, plan
from assay.mutation.portion import Shard, in_turns, unit_of
from assay.mutation.settings import Settings, settings_of
from assay.mutation.targets import Target, targets_of_change
from assay.pipeline import refresh, standing_map
from assay.progress import Progress
from assay.project import Project, is_test_file
from assay.recording import Baseline, Suite, collected_suite
from assay.report.text import plural
from assay.reuse import AUDITED, Memory, Recall, changed_meanwhile, disagreements, remembered
from assay.runners import check_scheduler, runner_of
from assay.survivors import EXPLAINING, Explaining, explain, shown, told_before
from assay.verdict.answer import answer_unit, is_mutable

# -- mutants


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
        if edited:
            memory.forget_this_run()
            edited = (f"{edited[0]} was edited while mutants ran: no verdict of this run is kept",)
    fresh = {mutant_id: memory.whole(one) for mutant_id, one in done.verdicts.items()}
    note_killers(suite.project, fresh.values())
    by_id = {**{v.mutant.id: v for v in planned.early}, **recall.held, **fresh}
    verdicts = tuple(by_id[mutant.id] for mutant in mutants_of(targets))
    return Mutated(verdicts, done, (*filter(None, [notice]), *edited), tuple(wrong.values()))


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


def diffs_of(targets: Iterable[Target]) -> dict[str, str]:
    """A unified diff for every mutant."""
    return {
        mutant.id: unified_diff(mutant.path, target.text, mutant)
        for target in targets
        for mutant in target.mutants
    }


# -- answers


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the chain: the answer to a change (`targets` None), or mutants of chosen
    places; `inconclusive` are files asked for that cannot be mutated, with the reason each.
    `part` tells what the targets' mutants are a part of."""

    verb: str
    compared: str
    change: SemanticChange
    targets: tuple[Target, ...] | None
    inconclusive: tuple[str, ...] = ()
    effort: Effort = ALL
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The ids of all mutants that a run, its shards together, is about; which shard of it this is;
    the options that chose them, as text, and why they are not all there are."""

    ids: tuple[str, ...]
    shard: Shard
    options: str
    partial: Partial | None


def answer(project: Project, request: Request, progress: Progress) -> Answer:
    """The whole chain. An interrupt ends it early, with what there is."""
    found = known_answer(project, request, progress)
    if found is not None:
        return found
    change = request.change
    clock = Clock()
    check_scheduler(project)
    with collected_suite(project, progress) as suite:
        clock.lap("collect")
        places = {target.source.path for target in request.targets or ()}
        # Mutants of chosen places need a map that holds, not the tests of a change once more.
        since = change if request.targets is None else NO_CHANGE
        selection, baseline = refresh(suite, since, progress, places)
        clock.lap("tests")
        test_files = frozenset(i.path for i in suite.collected.items if not i.is_doctest)
        changed = tuple(f.path for f in change.change.files if is_test_file(f.path, test_files))
        inconclusive: Sequence[str] = request.inconclusive
        targets: Sequence[Target] = request.targets or ()
        if request.targets is None:
            settings = mutation_settings(project)
            targets, inconclusive = targets_of_change(change, set(changed), settings)
        mutated = Mutated((), NO_RUN)
        if not baseline.run.interrupted:
            first = {i.node_id for i in suite.collected.items if i.path in changed}
            mutated = run_mutants(suite, targets, baseline, first, request.effort, progress)
        clock.lap("mutants")
        explanations = explained(suite, targets, mutated, baseline.impact, request.effort, progress)
        clock.lap("explain")
        made_by = versions(
            suite.settings.interpreter.path, ".".join(map(str, suite.settings.interpreter.version))
        )
        return Answer(
            verb=request.verb,
            project=str(project.root),
            compared=request.compared,
            versions=made_by,
            collected=len(suite.collected.items),
            selection=selection,
            results=baseline.run.results,
            units=tuple(unit_answers(change, changed, baseline.impact, mutated.verdicts))
            if request.targets is None
            else (),
            verdicts=mutated.verdicts,
            diffs=diffs_of(targets),
            changed_tests=changed,
            notices=(*baseline.notices, *mutated.notices, *suite_notices(suite)),
            inconclusive=(
                *inconclusive,
                *mutated.problems,
                *mutated.run.problems,
                *misled(suite, change, targets, baseline.impact),
            ),
            left=left_of(targets),
            flaky=mutated.run.flaky,
            interrupted=mutated.run.interrupted or baseline.run.interrupted,
            seconds=clock.laps,
            plan=plan_record(project, request, targets, made_by),
            partial=request.part.partial if request.part else None,
            explanations=explanations,
        )


def explained(
    suite: Suite,
    targets: Iterable[Target],
    mutated: Mutated,
    impact: ImpactMap,
    effort: Effort,
    progress: Progress,
) -> dict[str, Explanation]:
    """Why the first survivors survived."""
    if mutated.run.interrupted:
        return {}
    sources = {target.source.path: target.source for target in targets}
    seconds = {node_id: record.seconds for node_id, record in impact.tests.items()}
    return explain(suite, mutated.verdicts, sources, seconds, effort.explaining, progress)


def known_answer(project: Project, request: Request, progress: Progress) -> Answer | None:
    """The answer where earlier runs know every verdict and no test has to run: pytest is not even
    started. None if it has to be."""
    targets, effort = request.targets, request.effort
    if targets is None or effort.fresh or effort.audit:
        return None
    clock = Clock()
    sources = {target.source.path: target.source for target in targets}
    standing = standing_map(project, sources.keys())
    if standing is None:
        return None
    impact = standing.impact
    recorded = {path for node in impact.nodes.values() for path in node.lines}
    if not request.change.sources.keys() <= recorded:
        # Perhaps the tests import a copy from elsewhere: the collected suite knows.
        return None
    clock.lap("map")
    passed = passed_tests(impact, impact.tests)
    limits = project.limits(passed)
    planned = plan(
        mutants_of(targets), sources, impact, Candidates(passed), limits.of, hot_allowed=True
    )
    with remembered(project, impact, standing.times, planned.planned, targets) as (memory, notice):
        recall = memory.recall(fresh=False, audit=0.0, seed=0)
    if recall.to_run:
        return None
    explanations = told_before(project, shown(recall.held.values(), effort.explaining))
    if len(explanations) < len(shown(recall.held.values(), effort.explaining)):
        return None
    progress.say(f"{plural(len(recall.held), 'verdict')} reused; nothing to run")
    clock.lap("verdicts")
    by_id = {**{v.mutant.id: v for v in planned.early}, **recall.held}
    interpreter, _ = choose_interpreter(project.root, project.python, project.environ)
    facts = dict(line.partition("=")[::2] for line in impact.fingerprint)
    made_by = versions(interpreter, facts["Python"])
    return Answer(
        verb=request.verb,
        project=str(project.root),
        compared=request.compared,
        versions=made_by,
        collected=len(impact.tests),
        selection=Selection((), tuple(impact.tests)),
        results={},
        units=(),
        verdicts=tuple(by_id[mutant.id] for mutant in mutants_of(targets)),
        diffs=diffs_of(targets),
        changed_tests=(),
        notices=tuple(filter(None, [notice])),
        inconclusive=request.inconclusive,
        flaky={},
        interrupted=False,
        seconds=clock.laps,
        left=left_of(targets),
        plan=plan_record(project, request, targets, made_by),
        partial=request.part.partial if request.part else None,
        explanations=explanations,
    )


def left_of(targets: Iterable[Target]) -> Counter[str]:
    """How many mutants were not run, by the reason for it."""
    return Counter(one.reason for target in targets for one in target.left)


def mutation_settings(project: Project, operators: str = "all", extreme: bool = False) -> Settings:
    """What the project and the command line say of which mutants to make. UsageError."""
    mutmut = project.config.mutmut
    top = project.root.relative_to(project.repo).as_posix()
    return settings_of(
        operators,
        extreme,
        project.config.keep,
        mutmut.do_not_mutate_patterns,
        mutmut.only_mutate,
        mutmut.do_not_mutate,
        "" if top == "." else top,
    )


def plan_record(
    project: Project, request: Request, targets: Iterable[Target], made_by: Mapping[str, str]
) -> PlanRecord | None:
    """What the shards of a run must have in common to be one."""
    part = request.part
    if part is None:
        return None
    tree = Tree(project.repo)
    files = "\0".join(f"{path}={tree.sha(path)}" for path in sorted(project.python_files()))
    files = hashlib.sha256(files.encode("utf-8", "surrogateescape")).hexdigest()
    who = [made_by[name] for name in ("assay", "mutmut", "python")]
    facts = [*sorted(part.ids), files, *who, part.options, str(part.shard.of)]
    return PlanRecord(
        digest=hashlib.sha256("\0".join(facts).encode()).hexdigest(),
        mutants=len(part.ids),
        shard=part.shard.number,
        of=part.shard.of,
        commit=head_commit(project.repo) if project.is_repository else "",
        tree=files,
        paths=tuple(target.source.path for target in targets),
    )


class Clock:
    """Wall-clock seconds of each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = now - self._last
        self._last = now


def unit_answers(
    change: SemanticChange,
    tests: Iterable[str],
    impact: ImpactMap,
    verdicts: Sequence[Verdict],
) -> Iterator[UnitAnswer]:
    """One answer for each changed unit of the code (tests are not asked who guards them)."""
    skip = set(tests)
    resized = {unit.path for unit in change.units if unit.status is not UnitStatus.MODIFIED}
    texts = {file.path: file.changed_lines for file in change.change.files}
    coverages: dict[str, Coverage] = {}
    for unit in change.units:
        source = change.sources.get(unit.path)
        if unit.path in skip or not is_mutable(unit) or source is None:
            continue
        # Against a base that does not parse every unit is new; only changed text is a change.
        base = change.bases.get(unit.path)
        if base is not None and base.problem and not unit.lines & texts[unit.path]:
            continue
        if unit.path not in coverages:
            coverages[unit.path] = Coverage(impact, unit.path, source.sha)
        found = coverages[unit.path].covering(_lines_of(unit, source))
        mine = [v for v in verdicts if (v.mutant.path, v.mutant.unit) == (unit.path, unit.unit)]
        # A function that comes or goes changes the body around it: that is no second finding.
        if unit.unit == MODULE_UNIT and not mine and unit.path in resized:
            continue
        here = source.unit(unit.unit) or source.module
        line = min(unit.lines, default=here.first_line)
        yield answer_unit(unit, line, sorted(found, key=lambda t: (found[t], t)), mine)


def _lines_of(unit: UnitChange, source: SourceFile) -> range | frozenset[int]:
    here = source.unit(unit.unit) or source.module
    return unit.lines if here.is_module else range(here.body_line, here.last_line + 1)


def versions(interpreter: str, python: str) -> Mapping[str, str]:
    """What made the answer, for whoever compares two of them."""
    return {
        "assay": assay.__version__,
        "mutmut": mutmut_version(),
        "operators": operators_version(),
        "python": python,
        "interpreter": interpreter,
    }


def suite_notices(suite: Suite) -> Iterator[str]:
    """What about the set-up makes the answer weaker or slower."""
    if not suite.collected.can_fork:
        yield (
            f"{suite.collected.threads - 1} thread(s) were alive after collection: every run "
            "starts pytest anew, which is slower"
        )
