"""The second half of the chain: mutants → verdicts → answer."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import assay
from assay.change.git import head_commit
from assay.exclusions import exclusions_of
from assay.execution.interpreter import choose_interpreter
from assay.gather import NO_CHANGE
from assay.impact.covered import changed_lines
from assay.impact.record import Tree
from assay.lost import NOTHING, Lost, keep_owed, lost_guards, past_guards
from assay.misled import misled
from assay.model.answer import Answer, ChangedLines, Guard, Partial, PlanRecord, UnitAnswer
from assay.model.change import SemanticChange, UnitChange, UnitStatus
from assay.model.explanation import Explanation
from assay.model.impact import ImpactMap
from assay.model.mutant import Verdict
from assay.model.reuse import PastKill
from assay.model.selection import Selection
from assay.model.source import MODULE_UNIT, SourceFile
from assay.mutating import ALL, NO_RUN, Effort, Mutated, mutants_of, passed_tests, run_mutants
from assay.mutation.mutmut_adapter import mutmut_version
from assay.mutation.operators.table import operators_version
from assay.mutation.plan import Candidates, Coverage, plan
from assay.mutation.portion import Shard
from assay.mutation.settings import Settings, settings_of
from assay.mutation.targets import Target, diffs_of, targets_of_change
from assay.pipeline import refresh, standing_map
from assay.progress import Progress
from assay.project import Project, is_test_file
from assay.recording import Baseline, Suite, collected_suite
from assay.report.text import plural
from assay.reuse import remembered
from assay.runners import check_scheduler
from assay.survivors import explain, shown, told_before
from assay.verdict.answer import answer_unit, is_mutable, with_mocked
from assay.watching import only_mocked


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
        settings = mutation_settings(project)
        if request.targets is None:
            targets, inconclusive = targets_of_change(change, set(changed), settings)
        mutated, lost = Mutated((), NO_RUN), NOTHING
        past: Sequence[PastKill] = ()
        if not baseline.run.interrupted:
            first = {i.node_id for i in suite.collected.items if i.path in changed}
            # Before the mutants of the change get new verdicts, which may be about the same ones.
            if request.targets is None:
                past = past_guards(project, changed, selection, paths_of(suite))
            mutated = run_mutants(suite, targets, baseline, first, request.effort, progress)
            keep_owed(project, past, mutated)
        if request.targets is None and not (baseline.run.interrupted or mutated.run.interrupted):
            lost = lost_in(suite, changed, past, baseline, settings, request.effort, progress)
        clock.lap("mutants")
        explanations = explained(suite, targets, mutated, baseline.impact, request.effort, progress)
        clock.lap("explain")
        answers: tuple[UnitAnswer, ...] = ()
        lines: tuple[ChangedLines, ...] = ()
        problem = ""
        if request.targets is None:
            answers = guarded_units(suite, change, changed, baseline, mutated.verdicts, progress)
            lines, problem = covered_lines(project, change, changed, baseline.impact)
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
            units=answers,
            verdicts=mutated.verdicts,
            diffs=diffs_of(targets),
            changed_tests=changed,
            notices=(
                *baseline.notices,
                *dict.fromkeys((*lost.notices, *mutated.notices)),
                *suite_notices(suite),
                *filter(None, [problem]),
            ),
            lost=lost.findings,
            asked_again=lost.again,
            inconclusive=(
                *inconclusive,
                *dict.fromkeys((*lost.problems, *mutated.problems, *mutated.run.problems)),
                *misled(suite, change, targets, baseline.impact),
            ),
            left=left_of(targets),
            flaky=mutated.run.flaky,
            interrupted=mutated.run.interrupted or baseline.run.interrupted or lost.interrupted,
            seconds=clock.laps,
            plan=plan_record(project, request, targets, made_by),
            partial=request.part.partial if request.part else None,
            changed_lines=lines,
            digests=digests_of(targets),
            explanations=explanations,
        )


def paths_of(suite: Suite) -> dict[str, str]:
    """The file of each test that was collected."""
    return {one.node_id: one.path for one in suite.collected.items}


def lost_in(
    suite: Suite,
    changed: Collection[str],
    past: Sequence[PastKill],
    baseline: Baseline,
    settings: Settings,
    effort: Effort,
    progress: Progress,
) -> Lost:
    """What the change to tests has left unguarded of what they used to kill."""

    def run(targets: Sequence[Target]) -> Mutated:
        return run_mutants(suite, targets, baseline, (), effort, progress)

    return lost_guards(suite.project, changed, past, paths_of(suite), settings, run)


def covered_lines(
    project: Project, change: SemanticChange, tests: Collection[str], impact: ImpactMap
) -> tuple[tuple[ChangedLines, ...], str]:
    """Which changed statements tests ran, and what has to be said of the project's own settings for
    coverage."""
    exclusions = exclusions_of(project.root)
    return tuple(changed_lines(change, tests, impact, exclusions.lines)), exclusions.problem


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
    if targets is None or effort.fresh or effort.audit or effort.options.verify:
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
    to_tell = shown(recall.held.values(), effort.explaining)
    explanations = told_before(project, to_tell)
    if len(explanations) < len(to_tell):
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
        digests=digests_of(targets),
        explanations=explanations,
    )


def left_of(targets: Iterable[Target]) -> Counter[str]:
    """How many mutants were not run, by the reason for it."""
    return Counter(one.reason for target in targets for one in target.left)


def digests_of(targets: Iterable[Target]) -> dict[tuple[str, str], str]:
    """The digest of each unit with mutants, by path and name."""
    return {
        (target.source.path, unit.name): unit.digest
        for target in targets
        for unit in target.source.units
        if any(mutant.unit == unit.name for mutant in target.mutants)
    }


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
        digest=hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest(),
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


def guarded_units(
    suite: Suite,
    change: SemanticChange,
    tests: Iterable[str],
    baseline: Baseline,
    verdicts: Sequence[Verdict],
    progress: Progress,
) -> tuple[UnitAnswer, ...]:
    """One answer for each changed unit; of functions that no test runs, whether tests replace
    them."""
    units = tuple(unit_answers(change, tests, baseline.impact, verdicts))
    if baseline.run.interrupted:
        return units
    untouched = {
        (unit.path, unit.unit)
        for unit in units
        if unit.guard is Guard.UNTOUCHED and unit.unit != MODULE_UNIT
    }
    return with_mocked(units, only_mocked(suite, baseline.impact, untouched, progress))


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
