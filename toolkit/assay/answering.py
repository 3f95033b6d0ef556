"""The second half of the chain: mutants → plan → outcomes → verdicts → answer."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import assay
from assay.execution import resume
from assay.execution.mutants import MutantRun
from assay.impact.record import Tree
from assay.impact.store import open_store
from assay.model.answer import Answer, UnitAnswer
from assay.model.change import SemanticChange, UnitChange, UnitStatus
from assay.model.impact import ImpactMap
from assay.model.mutant import Verdict
from assay.model.run import CollectedItem, TestOutcome
from assay.model.source import MODULE_UNIT, SourceFile
from assay.mutation.apply import unified_diff
from assay.mutation.mutmut_adapter import mutmut_version
from assay.mutation.plan import Candidates, Coverage, plan
from assay.mutation.targets import Target, targets_of_change
from assay.pipeline import refresh
from assay.progress import Progress
from assay.project import Project, is_test_file
from assay.recording import Baseline, Suite, collected_suite
from assay.runners import check_scheduler, runner_of
from assay.verdict.answer import answer_unit, is_mutable

# -- mutants


def run_mutants(
    suite: Suite,
    targets: Sequence[Target],
    baseline: Baseline,
    changed_tests: Iterable[str],
    progress: Progress,
) -> tuple[tuple[Verdict, ...], MutantRun]:
    """Plan and run the targets' mutants; verdicts in the order of the text."""
    impact = baseline.impact
    sources = {target.source.path: target.source for target in targets}
    mutants = [mutant for target in targets for mutant in target.mutants]
    known = set(suite_ids(suite.collected.items))
    passed = {
        node_id: rec.seconds
        for node_id, rec in impact.tests.items()
        if rec.outcome is TestOutcome.PASSED and node_id in known
    }
    limits = suite.project.limits(passed)
    candidates = Candidates(passed, frozenset(changed_tests))
    planned = plan(mutants, sources, impact, candidates, limits.of, suite.collected.can_fork)
    key = resume_key(suite, impact)
    done = resume.kept(suite.project.resume_file, key, planned.planned)
    if done:
        progress.say(f"resuming: {len(done)} verdicts of the interrupted run still hold")
    rest = [mutant for mutant in planned.planned if mutant.mutant.id not in done]
    progress.start("running mutants", len(rest))

    def keep(verdicts: Iterable[Verdict]) -> None:
        resume.keep(suite.project.resume_file, key, (*done.values(), *verdicts))

    run = runner_of(suite, sources, limits, impact, keep, progress).run(rest)
    progress.finish()
    by_id = {**{v.mutant.id: v for v in planned.early}, **done, **run.verdicts}
    note_killers(suite.project, by_id.values())
    if run.interrupted:
        resume.keep(suite.project.resume_file, key, by_id.values())
    else:
        resume.forget(suite.project.resume_file)
    return tuple(by_id[mutant.id] for mutant in mutants), run


def note_killers(project: Project, verdicts: Iterable[Verdict]) -> None:
    """Tests that were the first to notice a mutant are likely to notice the next change."""
    killers = Counter(verdict.killer for verdict in verdicts if verdict.killer)
    if killers:
        with open_store(project.map_file).store as store:
            known = Counter(json.loads(store.meta("kills") or "{}"))
            store.note({"kills": json.dumps(dict((known + killers).most_common(KEPT_KILLERS)))})


KEPT_KILLERS = 10_000


def resume_key(suite: Suite, impact: ImpactMap) -> str:
    """What must be unchanged for the verdicts of an interrupted run to hold."""
    now = Tree(suite.project.repo)
    read = {path for node in impact.nodes.values() for path in node.files}
    paths = sorted(suite.project.python_files() | read)
    return resume.tree_key(
        [
            *(f"{path}={now.sha(path)}" for path in paths),
            *suite.collected.fingerprint,
            *suite.settings.pytest_args,
            *versions(suite).values(),
        ]
    )


def suite_ids(items: Iterable[CollectedItem]) -> Iterator[str]:
    return (item.node_id for item in items)


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
    places; `inconclusive` are files asked for that cannot be mutated, with the reason each."""

    verb: str
    compared: str
    change: SemanticChange
    targets: tuple[Target, ...] | None
    inconclusive: tuple[str, ...] = ()


def answer(project: Project, request: Request, progress: Progress) -> Answer:
    """The whole chain. An interrupt ends it early, with what there is."""
    change = request.change
    clock = Clock()
    check_scheduler(project)
    with collected_suite(project, progress) as suite:
        clock.lap("collect")
        places = {target.source.path for target in request.targets or ()}
        selection, baseline = refresh(suite, change, progress, places)
        clock.lap("tests")
        test_files = frozenset(i.path for i in suite.collected.items if not i.is_doctest)
        changed = tuple(f.path for f in change.change.files if is_test_file(f.path, test_files))
        inconclusive: Sequence[str] = request.inconclusive
        targets: Sequence[Target] = request.targets or ()
        if request.targets is None:
            targets, inconclusive = targets_of_change(change, set(changed))
        verdicts: tuple[Verdict, ...] = ()
        run = MutantRun({}, {}, interrupted=False)
        if not baseline.run.interrupted:
            first = {i.node_id for i in suite.collected.items if i.path in changed}
            verdicts, run = run_mutants(suite, targets, baseline, first, progress)
        clock.lap("mutants")
        return Answer(
            verb=request.verb,
            project=str(project.root),
            compared=request.compared,
            versions=versions(suite),
            collected=len(suite.collected.items),
            selection=selection,
            results=baseline.run.results,
            units=tuple(unit_answers(change, changed, baseline.impact, verdicts))
            if request.targets is None
            else (),
            verdicts=verdicts,
            diffs=diffs_of(targets),
            changed_tests=changed,
            notices=(*baseline.notices, *suite_notices(suite)),
            inconclusive=(*inconclusive, *shadowed(suite, change, baseline.impact)),
            flaky=run.flaky,
            interrupted=run.interrupted or baseline.run.interrupted,
            seconds=clock.laps,
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


def versions(suite: Suite) -> Mapping[str, str]:
    """What made the answer, for whoever compares two of them."""
    return {
        "assay": assay.__version__,
        "mutmut": mutmut_version(),
        "python": ".".join(map(str, suite.settings.interpreter.version)),
        "interpreter": suite.settings.interpreter.path,
    }


def suite_notices(suite: Suite) -> Iterator[str]:
    """What about the set-up makes the answer weaker or slower."""
    if not suite.collected.can_fork:
        yield (
            f"{suite.collected.threads - 1} thread(s) were alive after collection: every run "
            "starts pytest anew, which is slower"
        )


def shadowed(suite: Suite, change: SemanticChange, impact: ImpactMap) -> Iterator[str]:
    """Changed files whose module was imported from a copy elsewhere: the tests test the copy."""
    repo = f"{suite.project.repo}/"
    imported = set(suite.collected.modules.values())
    recorded = {path for node in impact.nodes.values() for path in node.lines}
    for path in change.sources:
        if path in recorded or repo + path in imported:
            continue
        for name, file in suite.collected.modules.items():
            if "." in name and not file.startswith(repo) and is_module(path, name):
                yield (
                    f"{path} was changed, but the tests import {name} from {file}: install the "
                    "project in editable mode, or the change is not tested at all"
                )
                break


def is_module(path: str, name: str) -> bool:
    """Whether the file could be the module of that dotted name."""
    stem = path.removesuffix(".py").removesuffix("/__init__")
    tail = name.replace(".", "/")
    return stem == tail or stem.endswith("/" + tail)
