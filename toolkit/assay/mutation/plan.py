"""Which tests each mutant is run against, in which order, and by which route (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from assay.impact.graph import users_of, with_users
from assay.model.impact import ImpactMap
from assay.model.mutant import Mutant, PlannedMutant, PlannedTest, Route, Status, Verdict
from assay.model.source import SourceFile

TEST_PREFIX = "test:"
SLOW = 0.05
"""Seconds: tests that take about as long are ordered by what they are about."""
COMMON = frozenset({"call", "get", "init", "locals", "new", "py", "set", "test", "tests"})

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

DIRECT, BY_FIXTURE, IN_THIS_FILE, BY_IMPORT = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What will run, and the verdicts that need no run."""

    planned: tuple[PlannedMutant, ...]
    early: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The tests that may be used: those that just passed, and how long each took.

    `first` are tests to try before others (they changed, or killed here before).
    """

    seconds: Mapping[str, float] = field(hash=False)
    first: Collection[str] = ()


class Coverage:
    """Which tests ran which lines of one file, at one content, straight or through what they use.

    `nodes` are all nodes of the map; a line that a fixture above function scope ran counts for all
    tests that use it, one that ran while a module was imported for all tests that depend on it.
    `users` are those of all nodes, for whoever asks about many files.
    """

    def __init__(
        self,
        impact: ImpactMap,
        path: str,
        sha: str,
        users: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self._masks = {
            key: node.lines[path].mask
            for key, node in impact.nodes.items()
            if path in node.lines and node.lines[path].sha == sha
        }
        self._users = users_of(impact) if users is None else users
        self._nodes = impact.nodes
        self._reach: dict[str, Mapping[str, int]] = {}

    def covering(self, lines: Collection[int]) -> dict[str, int]:
        """Tests that ran any of the lines, by how: DIRECT, BY_FIXTURE or through an import.

        Of the last, those that ran something else in the file are IN_THIS_FILE, the likelier to
        notice; the others BY_IMPORT.
        """
        wanted = sum(1 << line for line in lines)
        found: dict[str, int] = {}
        for key, mask in self._masks.items():
            if not mask & wanted:
                continue
            if key.startswith(TEST_PREFIX):
                found[key.removeprefix(TEST_PREFIX)] = DIRECT
                continue
            for test in self._tests_using(key):
                how = BY_IMPORT
                if key.startswith("fixture:"):
                    how = BY_FIXTURE
                elif TEST_PREFIX + test in self._masks:
                    how = IN_THIS_FILE
                found[test] = min(how, found.get(test, how))
        return found

    def ran_at_import(self, first_line: int, last_line: int) -> bool:
        """Whether any of the lines ran while a module was imported or tests were collected."""
        wanted = (1 << (last_line + 1)) - (1 << first_line)
        return any(
            mask & wanted
            for key, mask in self._masks.items()
            if key.startswith(("module:", "session:", "collect:"))
        )

    def breadth(self, node_id: str) -> int:
        """How many lines the test runs: few means that it is about this one."""
        node = self._nodes.get(TEST_PREFIX + node_id)
        return sum(lines.mask.bit_count() for lines in node.lines.values()) if node else 0

    def _tests_using(self, key: str) -> Collection[str]:
        if key not in self._reach:
            above = with_users([key], self._users)
            tests = [k.removeprefix(TEST_PREFIX) for k in above if k.startswith(TEST_PREFIX)]
            self._reach[key] = dict.fromkeys(tests, 0)
        return self._reach[key]


def plan(
    mutants: Iterable[Mutant],
    sources: Mapping[str, SourceFile],
    impact: ImpactMap,
    candidates: Candidates,
    limit: Callable[[str], float],
    hot_allowed: bool,
) -> Plan:
    """Give each mutant its covering tests; NoCoverage at once where there are none."""
    planned: list[PlannedMutant] = []
    early: list[Verdict] = []
    coverages: dict[str, Coverage] = {}
    users = users_of(impact)
    # Mutants of one statement have the same tests: thousands of mutants, hundreds of statements.
    known: dict[
        tuple[str, str, frozenset[int]], tuple[dict[str, int], tuple[PlannedTest, ...]]
    ] = {}
    for mutant in mutants:
        source = sources[mutant.path]
        if mutant.path not in coverages:
            coverages[mutant.path] = Coverage(impact, mutant.path, source.sha, users)
        coverage = coverages[mutant.path]
        place = (mutant.path, mutant.scope, mutant.lines)
        if place not in known:
            found = coverage.covering(mutant.lines)
            usable = [test for test in found if test in candidates.seconds]
            ordered = sorted(usable, key=_order(found, candidates, coverage, mutant))
            known[place] = (
                found,
                tuple(
                    PlannedTest(test, limit(test), found[test] < BY_IMPORT, found[test] == DIRECT)
                    for test in ordered
                ),
            )
        found, tests = known[place]
        if not tests:
            early.append(_no_coverage(mutant, found))
            continue
        route = _route(mutant, source, coverage, hot_allowed)
        planned.append(PlannedMutant(mutant, tests, route))
    return Plan(tuple(planned), tuple(early))


def _order(
    found: Mapping[str, int], candidates: Candidates, coverage: Coverage, mutant: Mutant
) -> Callable[[str], tuple[object, ...]]:
    about = words_of(mutant.scope) | words_of(stem_of(mutant.path))

    def key(test: str) -> tuple[object, ...]:
        # Durations below some hundredths are noise: there, being about this code decides.
        return (
            found[test],
            test not in candidates.first,
            int(candidates.seconds[test] / SLOW),
            -len(about & words_of(test.partition("[")[0])),
            coverage.breadth(test),
            test,
        )

    return key


def stem_of(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py")


@cache
def words_of(name: str) -> frozenset[str]:
    """The words that a name is made of, in lower case: those that many names have left out."""
    return frozenset(word.lower() for word in _WORD.findall(name)) - COMMON


def _route(mutant: Mutant, source: SourceFile, coverage: Coverage, hot_allowed: bool) -> Route:
    unit = source.unit(mutant.unit)
    if not hot_allowed or unit is None or unit.is_module:
        return Route.COLD
    # A function that ran during import has left its result behind: swapping comes too late.
    if coverage.ran_at_import(unit.body_line, unit.last_line):
        return Route.COLD
    return Route.HOT


def _no_coverage(mutant: Mutant, found: Collection[str]) -> Verdict:
    reason = "no test runs this line"
    if found:
        tests = "the one test" if len(found) == 1 else f"the {len(found)} tests"
        verb = "runs" if len(found) == 1 else "run"
        reason = f"{tests} that {verb} this line cannot be used: failing, or not collected"
    return Verdict(
        mutant=mutant,
        status=Status.NO_COVERAGE,
        covering=tuple(sorted(found)),
        killer="",
        by_assertion=False,
        reason=reason,
        tests_run=0,
        seconds=0.0,
    )
