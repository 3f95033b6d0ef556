"""Level 0: the tests run once more, watched, and what was seen becomes facts for the detectors."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from assay.change.history import Removal, removals
from assay.change.semantics import read_source
from assay.errors import UsageError
from assay.execution.watched import WatchedRun, Watching
from assay.gather import taking_turns
from assay.model.impact import ImpactMap
from assay.model.run import TestOutcome
from assay.model.source import decode
from assay.progress import Progress
from assay.project import Project, is_test_file
from assay.recording import Baseline, Suite, out_of_date, record
from assay.weakness.assemble import Seen, facts_of, parsed
from assay.weakness.detectors.mock_shadow import may_run_unseen, replaced
from assay.weakness.facts import Gone, SuiteFacts, TextFile


def watch(
    suite: Suite, impact: ImpactMap, wanted: Collection[str], progress: Progress
) -> WatchedRun:
    """Run those of the wanted tests that pass by the map once more, watched, in their order."""
    tests = [
        item.node_id
        for item in suite.collected.items
        if item.node_id in wanted and not item.is_doctest and _passed(impact, item.node_id)
    ]
    seconds = {test: impact.tests[test].seconds for test in tests}
    progress.start("watching tests", len(tests))
    watching = Watching(
        suite.settings,
        suite.zygote,
        suite.collected,
        suite.limits(seconds),
        suite.project.config.record_jobs,
        progress.test,
    )
    run = watching.run(tests)
    progress.finish()
    return run


def _passed(impact: ImpactMap, test: str) -> bool:
    record = impact.tests.get(test)
    return record is not None and record.outcome is TestOutcome.PASSED


def with_all_lines(suite: Suite, baseline: Baseline, progress: Progress) -> Baseline:
    """The map with the lines of every test at the files' present content: a test that an edit does
    not affect keeps those of the content before, which say nothing of today's lines."""
    tests = sorted(out_of_date(suite.tree, baseline.impact, suite.python_files))
    known = {item.node_id for item in suite.collected.items}
    tests = [test for test in tests if test in known]
    if not tests or baseline.run.interrupted:
        return baseline
    with taking_turns(suite.project, progress.say):
        return record(suite, tests, frozenset(), (), (), (), _never, progress)


def _never(_: str) -> bool:
    return False


def seen_facts(
    suite: Suite, impact: ImpactMap, run: WatchedRun, wanted: Collection[str], history: bool
) -> SuiteFacts:
    """Facts of the wanted tests; `history`: git is asked which names are gone."""
    files = read_files(suite.project, suite.python_files)
    collected = frozenset(item.path for item in suite.collected.items if not item.is_doctest)
    tests = frozenset(path for path in files if is_test_file(path, collected))
    return facts_of(
        Seen(
            impact=impact,
            items=suite.collected.items,
            wanted=frozenset(wanted),
            outcomes={test: result.outcome for test, result in run.results.items()},
            watched=run.seen,
            files=files,
            test_files=tests,
            gone=tuple(gone_names(suite.project, tests)) if history else (),
        )
    )


def read_files(project: Project, paths: Iterable[str]) -> dict[str, TextFile]:
    """The files that can be read and parsed."""
    found = {}
    for path in paths:
        try:
            content = Path(project.repo, path).read_bytes()
            text = decode(content).replace("\r\n", "\n").replace("\r", "\n")
        except (OSError, SyntaxError, LookupError, UnicodeDecodeError):
            continue
        tree = parsed(text)
        if tree is not None:
            found[path] = TextFile(path, text, tree, read_source(path, content))
    return found


def gone_names(project: Project, tests: Collection[str]) -> list[Gone]:
    """What the history says was there once; whether it is still in use, the detector asks."""
    if not project.is_repository:
        return []
    try:
        found: Sequence[Removal] = removals(project.repo)
    except UsageError:
        # A history that git cannot show (a shallow clone's edge) names nothing.
        return []
    seen: dict[tuple[str, str], Gone] = {}
    for one in found:
        if not is_test_file(one.path, frozenset(tests)):
            key = (one.kind, one.name)
            seen.setdefault(key, Gone(one.name, one.kind, one.path, one.commit))
    return list(seen.values())


def only_mocked(
    suite: Suite, impact: ImpactMap, places: Collection[tuple[str, str]], progress: Progress
) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Of units that no test runs (path and name), those that tests replace, with these tests.

    Only tests are watched whose file, or any other file of the tests, names one of the units.
    """
    if not places:
        return {}
    collected = frozenset(item.path for item in suite.collected.items)
    names = "|".join(sorted({re.escape(name.rpartition(".")[2]) for _, name in places}))
    word = re.compile(rf"\b({names})\b")
    texts = read_files(suite.project, suite.python_files)
    naming = {
        path
        for path, file in texts.items()
        if is_test_file(path, collected) and word.search(file.text)
    }
    everywhere = bool(naming - collected)
    wanted = {i.node_id for i in suite.collected.items if everywhere or i.path in naming}
    if not naming:
        return {}
    run = watch(suite, impact, wanted, progress)
    facts = seen_facts(suite, impact, run, wanted, history=False)
    return {
        place: tests
        for place, tests in replaced(facts).items()
        if place in places and not may_run_unseen(facts, *place)
    }


def tests_within(suite: Suite, impact: ImpactMap, places: Mapping[str, bool]) -> frozenset[str]:
    """The tests that lie in the places (paths, True for directories) or ran lines of files there;
    all tests for no place."""
    if not places:
        return frozenset(item.node_id for item in suite.collected.items)

    def inside(path: str) -> bool:
        return any(
            path == place or (is_directory and (place == "." or path.startswith(f"{place}/")))
            for place, is_directory in places.items()
        )

    found = {item.node_id for item in suite.collected.items if inside(item.path)}
    for item in suite.collected.items:
        node = impact.nodes.get(f"test:{item.node_id}")
        if node is not None and any(inside(path) for path in node.lines):
            found.add(item.node_id)
    return frozenset(found)
