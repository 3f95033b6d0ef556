"""Where the modules of a project meet: the tests run watched, and what they did becomes seams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from assay.diagnosis.seam_cards import cards_of
from assay.diagnosis.seams import all_seams, drifted, joined_modules
from assay.diagnosis.static_calls import Names, static_seams
from assay.execution.seaming import SeamWatching
from assay.execution.watched import WatchedRun
from assay.model.impact import (
    COLLECT_PREFIX,
    MODULE_PREFIX,
    TEST_PREFIX,
    ImpactMap,
    TestRecord,
)
from assay.model.run import CollectedItem, TestOutcome
from assay.model.seams import Drift, Integration, ModuleText, Seam, StandIn, TypeSeen, Watch
from assay.progress import Progress
from assay.project import is_test_file
from assay.recording import Baseline, Suite
from assay.watching import read_files, tests_within
from assay.weakness.facts import NOWHERE, Original, Patch, TextFile, Watched

Places = Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class _Texts:
    """The files of the project: its modules, and those of tests."""

    files: Mapping[str, TextFile]
    modules: frozenset[str]
    tests: frozenset[str]


def integrate(suite: Suite, baseline: Baseline, places: Places, progress: Progress) -> Integration:
    """Watch the tests that may cross a seam at the places (paths, True for directories; none:
    everywhere), and say what becomes of each seam. `baseline` must hold for the tree."""
    texts = _texts(suite)
    names = Names(
        (ModuleText(p, texts.files[p].text, texts.files[p].tree) for p in sorted(texts.modules)),
        suite.roots,
    )
    impact = baseline.impact
    touching = [s for s in static_seams(names) if _touches((s.caller.path, s.callee.path), places)]
    at = {path: False for s in touching for path in (s.caller.path, s.callee.path)}
    wanted = tests_within(suite, impact, {**places, **at} if places else {})
    watching, run = _watch(suite, impact, wanted, texts, progress)
    good, left = _told_apart(suite.collected.items, wanted, impact, run, watching.lost)
    watch = _watch_of(impact, watching, run, texts, good, _files(suite, wanted - good))
    trees = {path: file.tree for path, file in texts.files.items()}
    seams = [
        seam
        for seam in all_seams(names, watch)
        if _touches((seam.caller.path, seam.callee.path), places)
    ]
    drifts = [one for one in drifted(names, watch, trees) if _concerns(one, seams, places)]
    return Integration(
        project=str(suite.project.root),
        paths=tuple(places),
        seams=tuple(seams),
        drifts=tuple(drifts),
        cards=tuple(cards_of(names, watch, seams, drifts)),
        modules=len(set(joined_modules(seams))),
        collected=len(suite.collected.items),
        watched=len(good),
        left_out=left,
        notices=tuple(baseline.notices),
        interrupted=run.interrupted or baseline.run.interrupted,
    )


def _texts(suite: Suite) -> _Texts:
    """Modules are those of the top-level packages that the tests imported: scripts, examples and
    the like beside them meet nothing in the tests."""
    files = read_files(suite.project, suite.python_files)
    collected = frozenset(i.path for i in suite.collected.items if not i.is_doctest)
    tests = frozenset(path for path in files if is_test_file(path, collected))
    tops = {name.partition(".")[0] for name in suite.collected.modules}
    modules = frozenset(
        path
        for path in files
        if path not in tests and any(_top(path, root) in tops for root in suite.roots)
    )
    return _Texts(files, modules, tests)


def _top(path: str, root: str) -> str:
    """The top-level name of a file under a root; empty if it does not lie there."""
    if root and not path.startswith(f"{root}/"):
        return ""
    return (path[len(root) + 1 :] if root else path).partition("/")[0].removesuffix(".py")


def _touches(paths: Iterable[str], places: Places) -> bool:
    return not places or any(
        path == place or (is_directory and (place == "." or path.startswith(f"{place}/")))
        for path in paths
        for place, is_directory in places.items()
    )


def _concerns(drift: Drift, seams: Iterable[Seam], places: Places) -> bool:
    return _touches((drift.callee.path,), places) or any(
        set(drift.standins) & set(seam.standins) for seam in seams
    )


def _watch(
    suite: Suite,
    impact: ImpactMap,
    wanted: Collection[str],
    texts: _Texts,
    progress: Progress,
) -> tuple[SeamWatching, WatchedRun]:
    tests = [
        item.node_id
        for item in suite.collected.items
        if item.node_id in wanted and _passed(impact.tests.get(item.node_id))
    ]
    seconds = {test: impact.tests[test].seconds for test in tests}
    progress.start("watching tests", len(tests))
    watching = SeamWatching(
        suite.settings,
        suite.zygote,
        suite.collected,
        suite.limits(seconds),
        suite.project.config.record_jobs,
        progress.test,
        texts.tests,
    )
    run = watching.run(tests)
    progress.finish()
    return watching, run


def _passed(record: TestRecord | None) -> bool:
    return record is not None and record.outcome is TestOutcome.PASSED


def _told_apart(
    items: Iterable[CollectedItem],
    wanted: Collection[str],
    impact: ImpactMap,
    run: WatchedRun,
    lost: Collection[str],
) -> tuple[frozenset[str], dict[str, int]]:
    """The tests that passed both times and were seen to the end; how many others, by the reason."""
    good = set()
    left: Counter[str] = Counter()
    for item in items:
        if item.node_id not in wanted:
            continue
        record, result = impact.tests.get(item.node_id), run.results.get(item.node_id)
        if record is None or not _passed(record):
            left["not recorded" if record is None else record.outcome.value] += 1
        elif result is None:
            left["did not run to its end when it was watched"] += 1
        elif result.outcome is not TestOutcome.PASSED:
            left["ended otherwise when it was watched"] += 1
        elif item.node_id in lost:
            left["took the profiler away"] += 1
        else:
            good.add(item.node_id)
    return frozenset(good), dict(sorted(left.items()))


def _files(suite: Suite, tests: Collection[str]) -> list[str]:
    return sorted({item.path for item in suite.collected.items if item.node_id in tests})


def _watch_of(
    impact: ImpactMap,
    watching: SeamWatching,
    run: WatchedRun,
    texts: _Texts,
    good: frozenset[str],
    others: Iterable[str],
) -> Watch:
    masks: dict[str, dict[str, int]] = {"ran": {}, "at_import": {}, "doubtful": {}}
    for key, node in impact.nodes.items():
        kind = "ran"
        if key.startswith((MODULE_PREFIX, COLLECT_PREFIX)):
            kind = "at_import"
        elif key.startswith(TEST_PREFIX) and key.removeprefix(TEST_PREFIX) not in good:
            kind = "doubtful"
        for path, lines in node.lines.items():
            if path in texts.files and lines.sha == texts.files[path].source.sha:
                masks[kind][path] = masks[kind].get(path, 0) | lines.mask
    return Watch(
        calls=watching.calls,
        returned=watching.returned,
        standins=tuple(
            standin
            for test, watched in run.seen.items()
            if test in good and not watched.problem
            for standin in _standins(watched)
        ),
        ran=masks["ran"],
        at_import=masks["at_import"],
        doubtful=masks["doubtful"],
        unseen=tuple(texts.files[p].text for p in others if p in texts.files),
    )


def _standins(watched: Watched) -> Iterable[StandIn]:
    for patch in watched.patches:
        if patch.original is not None and patch.used is not False:
            yield _standin(watched, patch, patch.original)


def _standin(watched: Watched, patch: Patch, original: Original) -> StandIn:
    """Made by a decorator, it has no line that ran: the test's own stands for it."""
    return StandIn(
        test=watched.node_id,
        target=patch.target,
        original=(original.path, original.line),
        kind=original.kind,
        name=original.name,
        made=watched.code if patch.made == NOWHERE else patch.made,
        called_from=patch.called_from,
        gave=tuple(TypeSeen(shown, bases) for shown, bases in patch.gave),
        annotated=patch.bad_return,
        refused=(*patch.misfits, *patch.refused),
        is_spy=patch.is_spy,
    )
