"""Who finds weaknesses at which level: a table of suppliers, asked one after another.

A supplier is a function of `Looking` and `Progress` that gives a `Supplied`. It is registered by
its level in `SUPPLIERS`; a level includes those below it.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assay.errors import AssayError, UsageError
from assay.killing import Amount, kill_facts
from assay.model.change import SemanticChange
from assay.model.finding import Finding
from assay.model.impact import ImpactMap, test_key
from assay.model.mutant import Verdict
from assay.pipeline import read_change
from assay.progress import Progress
from assay.project import Project
from assay.recording import Baseline, Suite
from assay.watching import seen_facts, tests_within, watch, with_all_lines
from assay.weakness.rank import Recent
from assay.weakness.table import of_level

AS_NEEDED = Amount()


class NoTestsError(UsageError):
    """There is no test at the places asked for."""


@dataclass(frozen=True, slots=True)
class Looking:
    """What is looked at: the collected suite, a baseline that holds for the tree, and the `places`
    asked for (paths relative to the repository, True for directories; none: everything), and how
    much may be run for it."""

    suite: Suite
    baseline: Baseline
    places: Mapping[str, bool] = field(hash=False)
    amount: Amount = AS_NEEDED


@dataclass(frozen=True, slots=True)
class Supplied:
    """What one level, or all of them, found.

    `looked_at` is how many tests findings may be about, `left_out` how many others there are by the
    reason, `notices` what the reader has to know, `inconclusive` why a part of the answer is not to
    be trusted, `interrupted` that the run was cut short: then there are no findings of it.
    `verdicts`, with their `diffs`, are those that were needed to know.
    """

    findings: tuple[Finding, ...]
    looked_at: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict, hash=False)
    notices: tuple[str, ...] = ()
    inconclusive: tuple[str, ...] = ()
    interrupted: bool = False
    verdicts: tuple[Verdict, ...] = ()
    diffs: Mapping[str, str] = field(default_factory=dict, hash=False)


Supplier = Callable[[Looking, Progress], Supplied]


def level_0(looking: Looking, progress: Progress) -> Supplied:
    """Watch the tests once more and ask the detectors that need no mutants."""
    suite = looking.suite
    baseline = with_all_lines(suite, looking.baseline, progress)
    wanted = tests_within(suite, baseline.impact, looking.places)
    if not wanted:
        raise NoTestsError(f"no test lies in, or runs, {' or '.join(looking.places)}")
    run = watch(suite, baseline.impact, wanted, progress)
    if run.interrupted or baseline.run.interrupted:
        return Supplied((), interrupted=True)
    facts = seen_facts(suite, baseline.impact, run, wanted, history=True)
    found = [finding for detector in of_level(0) for finding in detector.find(facts)]
    looked_at = sum(len(test.cases) for test in facts.tests)
    problems = () if looked_at else ("no test passed twice and was seen in full: nothing is known",)
    return Supplied(tuple(found), looked_at, facts.left_out, (), problems)


def by_kills(level: int) -> Supplier:
    """What the detectors find that need to know which tests kill which mutants."""

    def supply(looking: Looking, progress: Progress) -> Supplied:
        killed = kill_facts(
            level, looking.suite, looking.baseline, looking.places, looking.amount, progress
        )
        facts = killed.facts
        found: tuple[Finding, ...] = ()
        if facts is not None and not killed.interrupted:
            found = tuple(one for detector in of_level(level) for one in detector.find(facts))
        return Supplied(
            found,
            killed.looked_at,
            killed.left_out,
            killed.notices,
            killed.inconclusive,
            killed.interrupted,
            facts.verdicts if facts is not None else (),
            facts.diffs if facts is not None and facts.verdicts else {},
        )

    return supply


SUPPLIERS: dict[int, Supplier] = {0: level_0, **{n: by_kills(n) for n in (1, 2, 3, 4)}}


def findings(level: int, looking: Looking, progress: Progress) -> Supplied:
    """All that the suppliers up to a level find. UsageError for a level that there is not."""
    if level not in SUPPLIERS:
        known = ", ".join(map(str, sorted(SUPPLIERS)))
        raise UsageError(f"there is no level {level}: known are {known}")
    supplied = []
    for number, supplier in sorted(SUPPLIERS.items()):
        if number <= level:
            supplied.append(supplier(looking, progress))
            if supplied[-1].interrupted:
                break
    return joined(supplied)


def joined(supplied: list[Supplied]) -> Supplied:
    """What several levels found, as one; of tests counted at several levels, the larger count."""
    left: Counter[str] = Counter()
    for one in supplied:
        left |= Counter(one.left_out)
    return Supplied(
        tuple(finding for one in supplied for finding in one.findings),
        max((one.looked_at for one in supplied), default=0),
        dict(sorted(left.items())),
        tuple(notice for one in supplied for notice in one.notices),
        tuple(words for one in supplied for words in one.inconclusive),
        any(one.interrupted for one in supplied),
        tuple(verdict for one in supplied for verdict in one.verdicts),
        {name: diff for one in supplied for name, diff in one.diffs.items()},
    )


# -- what changed lately


def recent_change(project: Project, impact: ImpactMap) -> Recent:
    """What the working tree has changed since its base, and the tests that run it; nothing if there
    is no base, or no change."""
    change: SemanticChange | None = None
    if project.is_repository:
        with contextlib.suppress(AssayError):
            change = read_change(project, None, None)
    if change is None:
        return Recent()
    units = {(unit.path, unit.unit) for unit in change.units}
    lines: dict[str, int] = {}
    for unit in change.units:
        for line in unit.lines:
            lines[unit.path] = lines.get(unit.path, 0) | 1 << line
    tests = {
        test.partition("[")[0]
        for test in impact.tests
        if test_key(test) in impact.nodes
        and any(
            path in lines and ran.mask & lines[path]
            for path, ran in impact.nodes[test_key(test)].lines.items()
        )
    }
    return Recent(units, {file.path for file in change.change.files}, tests)
