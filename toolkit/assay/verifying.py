"""Runs the working tree against what a diagnosis left: all tests, in two orders."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from assay.change.git import head_commit
from assay.change.trees import Trees, trees_of
from assay.diagnosis.checks import code_of
from assay.diagnosis.sides import Side
from assay.diagnosis.transitions import FLAKY, verified
from assay.errors import StateError, UsageError
from assay.execution.evidence import EvidenceRun
from assay.execution.zygote import ZygoteSettings
from assay.model.diagnosis import Fault
from assay.model.run import GOOD, TestOutcome
from assay.model.verification import Before, Now, TestCode, Verification
from assay.progress import Progress
from assay.project import Project
from assay.report.diagnosis_json import FORMAT
from assay.sessions import (
    Session,
    import_places,
    runner_of,
    session_of,
    settings_of,
    tests_of,
    texts_of,
    tree_settings,
)

FORWARD, REVERSE = "suite order", "reverse order"

RERUNS = 14
"""Runs after which a failure rate of a fifth has been seen with 95 %: 1 - 0.8 ** 14."""


def read_before(project: Project) -> Before:
    """What the last `assay diagnose` left; UsageError if there is nothing."""
    path = project.reports / "diagnose.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            "nothing to verify against: run `assay diagnose` before mending anything"
        ) from None
    except (OSError, ValueError) as problem:
        raise StateError(f"cannot read {path}: run `assay diagnose` again") from problem
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise UsageError(f"{path} is of another version of assay: run `assay diagnose` again")
    try:
        return _before(record)
    except (KeyError, TypeError, ValueError) as problem:
        raise StateError(f"{path} is damaged: run `assay diagnose` again") from problem


def _before(record: Mapping[str, Any]) -> Before:
    return Before(
        base=record["base"],
        outcomes={test: TestOutcome(word) for test, word in record["outcomes"].items()},
        failing={one["test"]: one["category"] for one in record["failing"]},
        paths=dict(record["paths"]),
        code=_code(record["checks"]),
        at_fault=frozenset(
            one["test"] for one in record["failing"] if one["fault"] == Fault.CODE.value
        ),
        settings=record["settings"],
    )


def _code(record: Mapping[str, Any]) -> TestCode:
    return TestCode(
        assertions={name: int(count) for name, count in record["assertions"].items()},
        texts={name: tuple(texts) for name, texts in record["texts"].items()},
        hooks=dict(record["hooks"]),
        files=dict(record["files"]),
        sources=record["sources"],
    )


def verify(
    project: Project, asked: Sequence[str], tests_kept: bool, progress: Progress
) -> Verification:
    """`tests_kept` objects to every edit of a test file. UsageError for a test that did not fail at
    the diagnosis, or if there is none."""
    before = read_before(project)
    unknown = [test for test in asked if test not in before.failing]
    if unknown:
        raise UsageError(
            f"{unknown[0]} did not fail at the last diagnosis: name one of the "
            f"{len(before.failing)} that did",
            tuple(list(before.failing)[:10]),
        )
    project.prepare_state()
    settings = project.settings(project.state)
    places = import_places(project, settings)
    with trees_of(project.repo) as trees:
        root = trees.head("head")
        trees.take_ignored([root])
        at = tree_settings(project, settings, places, root)
        with session_of(project, at, "the working tree", progress) as session:
            now = _now(session, places, before, asked, progress)
        if _only_reverse(before, now):
            now = _reverse_at_base(project, trees, settings, places, before, now, progress)
    return verified(before, now, asked, tests_kept)


def _now(
    session: Session,
    places: tuple[str, ...],
    before: Before,
    asked: Sequence[str],
    progress: Progress,
) -> Now:
    is_test = tests_of(session)
    side = Side(texts_of(session), places)
    orders: dict[str, Mapping[str, TestOutcome]] = {}
    skips: Mapping[str, str] = {}
    reruns: dict[str, tuple[TestOutcome, ...]] = {}
    if session.suite is not None:
        tests = session.node_ids
        forward = _run(session, tests, "running all tests", progress)
        backward = _run(session, tests[::-1], "running all tests in reverse order", progress)
        orders = {FORWARD: _outcomes(forward), REVERSE: _outcomes(backward)}
        skips = forward.skips
        wanted = [t for t in asked or before.failing if before.failing.get(t) == FLAKY]
        there = set(tests)
        reruns = _reruns(session, [t for t in wanted if t in there], progress)
    return Now(
        orders=orders,
        skips=skips,
        broken={path: e.main.first_line for path, e in session.broken.items()},
        paths=session.paths,
        code=code_of(side, is_test, asked or before.failing),
        reruns=reruns,
        settings=settings_of(session) or before.settings,
    )


def _run(session: Session, tests: Sequence[str], what: str, progress: Progress) -> EvidenceRun:
    progress.start(what, len(tests))
    try:
        return runner_of(session, {}, progress).run(tests)
    finally:
        progress.finish()


def _outcomes(run: EvidenceRun) -> dict[str, TestOutcome]:
    return {test: result.outcome for test, result in run.results.items()}


def _reruns(
    session: Session, tests: Sequence[str], progress: Progress
) -> dict[str, tuple[TestOutcome, ...]]:
    found: dict[str, list[TestOutcome]] = {test: [] for test in tests}
    suite = session.suite
    if not tests or suite is None:
        return {}
    progress.start("running flaky tests again", len(tests) * RERUNS)
    runner = runner_of(session, {}, progress)
    for seed in range(1, RERUNS + 1):
        run = runner.run_alone(tests, suite.project.workers, seed)
        for test, result in run.results.items():
            found[test].append(result.outcome)
    progress.finish()
    return {test: tuple(outcomes) for test, outcomes in found.items()}


# -- the second order, at base


def _only_reverse(before: Before, now: Now) -> list[str]:
    """Tests that pass in suite order and fail in reverse, and did not fail before."""
    forward, backward = now.orders.get(FORWARD, {}), now.orders.get(REVERSE, {})
    return [
        test
        for test, outcome in backward.items()
        if outcome not in GOOD and forward.get(test) in GOOD and test not in before.failing
    ]


def _reverse_at_base(
    project: Project,
    trees: Trees,
    settings: ZygoteSettings,
    places: tuple[str, ...],
    before: Before,
    now: Now,
    progress: Progress,
) -> Now:
    """What fails in reverse order at base too is no fault of the fix."""
    root = trees.base(before.base or head_commit(project.repo), "base")
    trees.take_ignored([root])
    at = tree_settings(project, settings, places, root)
    with session_of(project, at, "base", progress) as session:
        if session.suite is None:
            return now
        run = _run(session, session.node_ids[::-1], "base in reverse order", progress)
    failed = {test for test, result in run.results.items() if result.outcome not in GOOD}
    return replace(now, before_too=frozenset(failed.intersection(_only_reverse(before, now))))
