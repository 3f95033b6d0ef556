"""Levels 1 to 4: runs the mutants that a level needs, and makes facts for its detectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay.answering import mutation_settings
from assay.change.semantics import read_source
from assay.errors import NothingToCompare, UsageError
from assay.gather import NO_CHANGE
from assay.matrices import Extent, fill_matrix
from assay.model.impact import ImpactMap, test_key
from assay.model.matrix import Goal, KillMatrix
from assay.model.mutant import Verdict
from assay.model.run import CollectedItem, TestOutcome
from assay.mutating import ALL, Effort, mutants_of, run_mutants
from assay.mutation.operators.table import ALL as ALL_OPERATORS
from assay.mutation.plan import Plan
from assay.mutation.portion import Size, sampled
from assay.mutation.settings import Settings
from assay.mutation.targets import Target, diffs_of, target_of, targets_of_change
from assay.pipeline import read_change, refresh
from assay.progress import Progress
from assay.project import is_test_file
from assay.recording import Baseline, Suite
from assay.report.text import plural
from assay.watching import read_files
from assay.weakness.facts import TextFile
from assay.weakness.goals import goals_of
from assay.weakness.kills import Function, KillFacts, Subject
from assay.weakness.names import Names

NO_CODE = "there is no code with mutants in what was asked for"


@dataclass(frozen=True, slots=True)
class Amount:
    """How much may be run for one level: `budget` in seconds, `sample` of the mutants by `seed`,
    the `base` that level 1 compares with."""

    budget: float | None = None
    sample: Size | None = None
    seed: int = 0
    fresh: bool = False
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Killed:
    """Facts of one level, how many test functions they are about, how many others there are by the
    reason, and what has to be said."""

    facts: KillFacts | None
    looked_at: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict, hash=False)
    notices: tuple[str, ...] = ()
    inconclusive: tuple[str, ...] = ()
    interrupted: bool = False


def kill_facts(
    level: int,
    suite: Suite,
    baseline: Baseline,
    places: Mapping[str, bool],
    amount: Amount,
    progress: Progress,
) -> Killed:
    """Run what the level needs, and say what is known then."""
    changed: frozenset[Function] = frozenset()
    notices: list[str] = []
    if level == 1:
        try:
            targets, changed = changed_targets(suite, amount, notices)
        except NothingToCompare as nothing:
            return Killed(None, notices=(f"level 1: {nothing}",))
    else:
        targets = code_targets(suite, baseline.impact, places, level, notices)
    if not any(target.mutants for target in targets):
        return Killed(None, notices=(*notices, f"level {level}: {NO_CODE}"))
    _, baseline = refresh(suite, NO_CHANGE, progress, {t.source.path for t in targets})
    if baseline.run.interrupted:
        return Killed(None, interrupted=True)
    is_sample = False
    if amount.sample is not None:
        chosen = sampled(mutants_of(targets), amount.sample, amount.seed)
        is_sample = len(chosen) < len(mutants_of(targets))
        targets = [
            replace(t, mutants=tuple(m for m in t.mutants if m.id in chosen)) for t in targets
        ]
    files = read_files(suite.project, suite.python_files)
    subjects = subjects_of(suite, baseline.impact, files, {t.source.path for t in targets})
    if level == 2:
        return _by_verdicts(suite, targets, baseline, files, subjects, amount, is_sample, progress)

    def goals(planned: Plan) -> list[Goal]:
        return goals_of(level, planned.planned, subjects, changed)

    extent = Extent(level == 4, amount.budget, amount.fresh, amount.seed, prove=not is_sample)
    filled = fill_matrix(suite, targets, baseline, goals, extent, progress)
    matrix = filled.matrix
    facts = KillFacts(
        matrix,
        subjects,
        files,
        diffs_of(targets),
        {test: record.seconds for test, record in baseline.impact.tests.items()},
        changed,
        (),
        is_sample,
    )
    return Killed(
        facts,
        *_counted(facts),
        notices=(*notices, *filled.notices, *what_ran(level, matrix, is_sample)),
        inconclusive=tuple(
            f"level {level}: {matrix.ended}: nothing is said of what may yet be killed"
            for _ in range(bool(matrix.ended))
        ),
        interrupted=matrix.ended == "interrupted",
    )


def _by_verdicts(
    suite: Suite,
    targets: Sequence[Target],
    baseline: Baseline,
    files: Mapping[str, TextFile],
    subjects: tuple[Subject, ...],
    amount: Amount,
    is_sample: bool,
    progress: Progress,
) -> Killed:
    """Level 2 asks only whether any test notices: verdicts are enough, and are kept as ever."""
    effort: Effort = replace(ALL, budget=amount.budget, seed=amount.seed, fresh=amount.fresh)
    mutated = run_mutants(suite, targets, baseline, (), effort, progress)
    facts = KillFacts(
        empty_matrix(mutated.verdicts),
        subjects,
        files,
        diffs_of(targets),
        {},
        frozenset(),
        mutated.verdicts,
        is_sample,
    )
    problems = (*mutated.problems, *mutated.run.problems)
    if mutated.run.interrupted or problems:
        # Where it is in doubt whether a failure is seen, a survivor proves nothing.
        return Killed(None, 0, {}, mutated.notices, problems, mutated.run.interrupted)
    return Killed(facts, len(subjects), {}, mutated.notices)


def empty_matrix(verdicts: Iterable[Verdict]) -> KillMatrix:
    """No pairs: only the mutants."""
    verdicts = list(verdicts)
    return KillMatrix(
        {one.mutant.id: one.mutant for one in verdicts},
        {one.mutant.id: one.covering for one in verdicts},
        {},
    )


def what_ran(level: int, matrix: KillMatrix, is_sample: bool) -> list[str]:
    """How much of the full matrix was run, and what was left out of it."""
    possible = matrix.possible()
    words = f"level {level}: {matrix.runs} runs of a test under a mutant"
    if possible:
        words += f" (there are {plural(possible, 'pair')}; what a finding rests on runs twice)"
    if matrix.reused:
        words += f"; {matrix.reused} known from earlier runs"
    said = [words]
    said += [f"{count} mutants are not in it: {why}" for why, count in matrix.left.items()]
    if is_sample:
        said.append("of a sample of the mutants nothing is said that rests on no kill")
    return said


def _counted(facts: KillFacts) -> tuple[int, dict[str, int]]:
    left: Counter[str] = Counter()
    looked_at = 0
    for subject in facts.subjects:
        if any(case in facts.matrix.out for case in subject.cases):
            left[next(facts.matrix.out[c] for c in subject.cases if c in facts.matrix.out)] += 1
        elif not subject.whole:
            left["a case of it was skipped, failed, or did not run"] += 1
        elif subject.foreign:
            left["it runs code that was not mutated here"] += 1
        else:
            looked_at += 1
    return looked_at, dict(sorted(left.items()))


# -- mutants


def changed_targets(
    suite: Suite, amount: Amount, notices: list[str]
) -> tuple[list[Target], frozenset[Function]]:
    """The mutants of the changed lines, and the functions that they are in."""
    change = read_change(suite.project, amount.base, None)
    tests = frozenset(item.path for item in suite.collected.items if not item.is_doctest)
    skip = {file.path for file in change.change.files if is_test_file(file.path, tests)}
    targets, problems = targets_of_change(change, skip, mutation_settings(suite.project))
    notices += problems
    functions = {(one.path, one.unit) for target in targets for one in target.mutants}
    return targets, frozenset(functions)


def code_targets(
    suite: Suite, impact: ImpactMap, places: Mapping[str, bool], level: int, notices: list[str]
) -> list[Target]:
    """The mutants of the code in the places, and of the code that the tests in the places run."""
    settings = settings_of_level(suite, level)
    collected = frozenset(item.path for item in suite.collected.items if not item.is_doctest)
    code = {path for path in suite.python_files if not is_test_file(path, collected)}
    wanted = code & _within(places, code) if places else code
    for test in _within(places, collected):
        for item in suite.collected.items:
            node = impact.nodes.get(test_key(item.node_id))
            if item.path == test and node is not None:
                wanted |= node.lines.keys() & code
    if not wanted:
        raise UsageError(f"no code lies in, or is run by tests in, {' or '.join(places)}")
    found = []
    for path in sorted(wanted):
        content = (suite.project.repo / path).read_bytes()
        source = read_source(path, content)
        targets = [target_of(source, content, None, notices, one) for one in settings]
        first, *others = targets
        if first is not None:
            more = [m for one in others if one is not None for m in one.mutants]
            found.append(replace(first, mutants=(*first.mutants, *more)))
    return found


def settings_of_level(suite: Suite, level: int) -> tuple[Settings, ...]:
    """At level 2 whole bodies apart from statements: a body of one statement is both."""
    if level != 2:
        return (mutation_settings(suite.project),)
    names = [one.name for one in ALL_OPERATORS if one.name.endswith("_removed")]
    extreme = mutation_settings(suite.project, extreme=True)
    return extreme, mutation_settings(suite.project, ",".join(names))


def _within(places: Mapping[str, bool], paths: Iterable[str]) -> set[str]:
    return {
        path
        for path in paths
        for place, is_directory in places.items()
        if path == place or (is_directory and (place == "." or path.startswith(f"{place}/")))
    }


# -- tests


def subjects_of(
    suite: Suite, impact: ImpactMap, files: Mapping[str, TextFile], mutated: Collection[str]
) -> tuple[Subject, ...]:
    """The test functions of the suite, with what their names claim."""
    collected = frozenset(item.path for item in suite.collected.items if not item.is_doctest)
    code = {path for path in suite.python_files if not is_test_file(path, collected)}
    names = Names({p: [u.name for u in files[p].source.units] for p in code if p in files})
    cases: dict[str, list[str]] = {}
    first: dict[str, CollectedItem] = {}
    for item in suite.collected.items:
        if not item.is_doctest:
            name = item.node_id.partition("[")[0]
            cases.setdefault(name, []).append(item.node_id)
            first.setdefault(name, item)
    found = []
    for name, ids in cases.items():
        item = first[name]
        unit = name.partition("::")[2].replace("::", ".")
        nodes = [impact.nodes[test_key(case)] for case in ids if test_key(case) in impact.nodes]
        ran = {path for node in nodes for path in node.lines} & code
        found.append(
            Subject(
                name=name,
                path=item.path,
                unit=unit,
                line=item.line,
                cases=tuple(ids),
                whole=all(_passed(impact, case) for case in ids),
                foreign=frozenset(ran - set(mutated)),
                claim=names.claim(item.path, unit),
                hint=names.hint(unit),
            )
        )
    return tuple(found)


def _passed(impact: ImpactMap, case: str) -> bool:
    record = impact.tests.get(case)
    return record is not None and record.outcome is TestOutcome.PASSED
