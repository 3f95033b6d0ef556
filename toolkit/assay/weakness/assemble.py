"""Makes facts for the detectors of level 0 from the map, the watched run and the texts: and keeps
from them every test of which not all is known."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from assay.model.impact import TEST_PREFIX, ImpactMap, Node, test_key
from assay.model.run import CollectedItem, TestOutcome
from assay.weakness.facts import (
    FunctionNode,
    Gone,
    SuiteFacts,
    TestFunction,
    TextFile,
    Watched,
)
from assay.weakness.syntax import functions_of

TRACING_OFF = "turned line tracing off"

_REASONS = {
    TestOutcome.SKIPPED: "skipped",
    TestOutcome.FAILED: "failed",
    TestOutcome.ERROR: "failed",
    TestOutcome.XFAILED: "expected to fail",
    TestOutcome.XPASSED: "expected to fail",
    TestOutcome.CRASHED: "took its process down",
    TestOutcome.TIMEOUT: "ran too long",
    TestOutcome.NOT_RUN: "did not run",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What facts are made of: the map, the collected `items`, how the watched run ended for those
    of them that were `wanted`, what it saw, the project's files, and which of them are tests'."""

    impact: ImpactMap = field(hash=False)
    items: tuple[CollectedItem, ...]
    wanted: frozenset[str]
    outcomes: Mapping[str, TestOutcome] = field(hash=False)
    watched: Mapping[str, Watched] = field(hash=False)
    files: Mapping[str, TextFile] = field(hash=False)
    test_files: frozenset[str]
    gone: tuple[Gone, ...] = ()


def facts_of(seen: Seen) -> SuiteFacts:
    """Facts of the tests of which everything is known, and how many others there are, and why."""
    left: Counter[str] = Counter()
    good: list[Watched] = []
    spoiled: set[tuple[str, str]] = set()
    for item in seen.items:
        if item.node_id not in seen.wanted:
            continue
        reason = why_left_out(seen, item)
        if reason:
            left[reason] += 1
            spoiled.add(_function_key(item))
        else:
            good.append(seen.watched[item.node_id])
    ran, stale = _ran(seen)
    return SuiteFacts(
        tests=tuple(_functions(seen, good, spoiled, left)),
        files={p: f for p, f in seen.files.items() if p in seen.test_files},
        sources={p: f for p, f in seen.files.items() if p not in seen.test_files},
        ran=ran,
        ran_by=_ran_by(seen, [case.node_id for case in good]),
        unseen=frozenset(item.node_id for item in _unseen(seen)),
        unseen_files=frozenset(item.path for item in _unseen(seen)),
        stale=stale,
        gone=seen.gone,
        left_out=dict(sorted(left.items())),
    )


def why_left_out(seen: Seen, item: CollectedItem) -> str:
    """Why nothing may be said of a test; empty if all of it is known, and it passed both times."""
    if item.is_doctest:
        return "doctest"
    record = seen.impact.tests.get(item.node_id)
    node = seen.impact.nodes.get(test_key(item.node_id))
    if record is None or node is None:
        return "not recorded"
    if record.outcome is not TestOutcome.PASSED:
        return _REASONS[record.outcome]
    second = seen.outcomes.get(item.node_id)
    if second is None:
        return "did not run"
    if second is not TestOutcome.PASSED:
        return "ended otherwise when it was watched"
    watched = seen.watched.get(item.node_id)
    if watched is None or watched.problem:
        return "could not be watched"
    if TRACING_OFF in node.opaque:
        return "its lines could not be recorded"
    if watched.code[0] not in seen.files or _node_of(seen, watched) is None:
        return "its text was not found"
    mine = node.lines.get(watched.code[0])
    if mine is None or mine.sha != seen.files[watched.code[0]].source.sha:
        return "its lines could not be recorded"
    return ""


def _unseen(seen: Seen) -> list[CollectedItem]:
    """Tests that may run code without its being known."""
    found = []
    for item in seen.items:
        record = seen.impact.tests.get(item.node_id)
        node = seen.impact.nodes.get(test_key(item.node_id))
        passed = record is not None and record.outcome is TestOutcome.PASSED
        if not passed or node is None or node.opaque:
            found.append(item)
    return found


# -- functions


def _node_of(seen: Seen, watched: Watched) -> tuple[str, FunctionNode] | None:
    """The syntax of a test's function and its qualified name."""
    path, line = watched.code
    file = seen.files.get(path)
    if file is None:
        return None
    for name, node in functions_of(file.tree).items():
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        if node.name == watched.name and first <= line <= node.lineno:
            return name, node
    return None


def _function_key(item: CollectedItem) -> tuple[str, str]:
    """What all cases of a test function share, also where it was never watched."""
    return item.path, item.node_id.partition("[")[0].partition("::")[2].replace("::", ".")


def _functions(
    seen: Seen,
    good: Iterable[Watched],
    spoiled: Collection[tuple[str, str]],
    left: Counter[str],
) -> list[TestFunction]:
    """Cases rolled up to their functions; one of which a case is left out is left out whole."""
    cases: dict[tuple[str, str], list[Watched]] = defaultdict(list)
    nodes: dict[tuple[str, str], FunctionNode] = {}
    bad: set[tuple[str, str]] = set()
    for watched in good:
        found = _node_of(seen, watched)
        assert found is not None
        place = (watched.code[0], found[0])
        cases[place].append(watched)
        nodes[place] = found[1]
        name = watched.node_id.partition("[")[0].partition("::")[2].replace("::", ".")
        if (watched.path, name) in spoiled:
            bad.add(place)
    functions = []
    for place, members in cases.items():
        # An inherited test may have been left out under another class.
        if place in bad or place in spoiled:
            left["another case of it is left out"] += len(members)
            continue
        functions.append(
            TestFunction(
                file=seen.files[place[0]],
                unit=place[1],
                node=nodes[place],
                cases=tuple(members),
                opaque=frozenset().union(
                    *(seen.impact.nodes[test_key(case.node_id)].opaque for case in members)
                ),
            )
        )
    return sorted(functions, key=lambda one: (one.path, one.node.lineno))


# -- lines


def _ran(seen: Seen) -> tuple[dict[str, int], frozenset[str]]:
    """The lines that any node ran, and files that some node ran at another content."""
    ran: dict[str, int] = defaultdict(int)
    stale = set()
    for node in seen.impact.nodes.values():
        for path, lines in node.lines.items():
            file = seen.files.get(path)
            if file is not None and lines.sha == file.source.sha:
                ran[path] |= lines.mask
            else:
                stale.add(path)
    return dict(ran), frozenset(stale)


def _ran_by(seen: Seen, tests: Iterable[str]) -> dict[str, dict[str, int]]:
    return {test: _masks(seen, seen.impact.nodes[TEST_PREFIX + test]) for test in tests}


def _masks(seen: Seen, node: Node) -> dict[str, int]:
    return {
        path: lines.mask
        for path, lines in node.lines.items()
        if path in seen.files and lines.sha == seen.files[path].source.sha
    }


def parsed(text: str) -> ast.Module | None:
    """The tree of a text; None if it cannot be had."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
