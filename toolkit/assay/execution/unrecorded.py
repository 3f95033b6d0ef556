"""Runs of tests that record nothing: the job, and how a test ended that took its process down."""

from __future__ import annotations

from collections.abc import Iterable

from assay.execution.jobs import failed_by
from assay.execution.suite import Collected, files_of
from assay.execution.timeouts import Limits
from assay.execution.zygote import Job, ZygoteSettings
from assay.model.run import ChildEnd, Outcome, TestOutcome, TestResult


def unrecorded(
    tests: Iterable[str], settings: ZygoteSettings, collected: Collected, limits: Limits
) -> Job:
    """All these tests, in this order, to their ends. A fixture that tests share may take as long as
    a test that was never timed: what set it up when the others were timed may not be among them."""
    wanted = tuple(tests)
    return Job(
        tests=wanted,
        limits=tuple(limits.of(test) for test in wanted),
        collect_limit=limits.collection,
        shared_limit=limits.unknown,
        record=False,
        stop_at_failure=False,
        quick=True,
        files=files_of(wanted, collected, settings.repo),
    )


def lost_test(outcome: Outcome, limits: Limits) -> TestResult | None:
    """How the test ended that took its process down; None if there is none, or if it had ended."""
    test = outcome.current
    ended = any(result.node_id == test for result in outcome.results)
    if outcome.end is ChildEnd.FINISHED or not test or ended:
        return None
    if outcome.end is ChildEnd.TIMEOUT:
        words = f"ran longer than {limits.of(test):.0f} s"
        return failed_by(test, TestOutcome.TIMEOUT, words, outcome.seconds)
    stopped = outcome.end is ChildEnd.STOPPED
    kind = TestOutcome.NOT_RUN if stopped else TestOutcome.CRASHED
    return failed_by(test, kind, how_it_ended(outcome), outcome.seconds)


def how_it_ended(outcome: Outcome) -> str:
    """How a process ended: of a traceback, its last line."""
    if outcome.end is not ChildEnd.BROKEN:
        return outcome.detail
    return f"pytest broke off: {(outcome.detail.strip().splitlines() or ['an error'])[-1]}"
