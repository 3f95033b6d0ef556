"""Tests that fail because their process was forked, told from tests that just fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from assay.execution.jobs import run_job
from assay.execution.suite import Collected, SuiteRun, files_of
from assay.execution.timeouts import Limits
from assay.execution.unrecorded import unrecorded
from assay.execution.zygote import Job, Zygote, ZygoteSettings
from assay.model.run import Failure, TestOutcome, TestResult

FEW = 20
"""So many failing tests are tried: if more fail, forking is hardly the reason."""

FAILING = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})

WORDS = (
    "it passes where pytest starts anew, and fails in a process forked after collection: something "
    "compares process ids, or reacts to a fork; run with `--isolation process`"
)


def with_fork_failures_told(
    run: SuiteRun,
    settings: ZygoteSettings,
    zygote: Zygote,
    collected: Collected,
    limits: Limits,
) -> SuiteRun:
    """The run, with failures that only a fork brings about named as such.

    The failing tests run twice more, by themselves: in a fork of the collected session, and in a
    process that had nothing of the project when it was forked and collects all itself. Those that
    need another test before them pass both times.
    """
    failing = [r.node_id for r in run.failed if r.outcome in FAILING]
    if not failing or run.interrupted or not collected.can_fork:
        return run
    tests = failing[:FEW]
    # All that was collected: importing another test file may be what makes them fail.
    files = files_of((item.node_id for item in collected.items), collected, settings.repo)
    job = unrecorded(tests, settings, collected, limits)
    job = replace(job, files=files, shared_limit=limits.shared)
    with Zygote(settings, "cold", record=False) as cold:
        cold.greeting()
        anew = _ends(cold, job)
    if TestOutcome.PASSED not in anew.values():
        return run
    return told(run, fork_only(tests, _ends(zygote, job), anew))


def _ends(zygote: Zygote, job: Job) -> dict[str, TestOutcome]:
    return {result.node_id: result.outcome for result in run_job(zygote, job).results}


def fork_only(
    tests: Iterable[str], forked: Mapping[str, TestOutcome], anew: Mapping[str, TestOutcome]
) -> list[str]:
    """Tests that failed again in a fork and pass in a process of their own."""
    return [t for t in tests if forked.get(t) in FAILING and anew.get(t) is TestOutcome.PASSED]


def told(run: SuiteRun, tests: Sequence[str]) -> SuiteRun:
    """The run, with the failures of these tests put in words."""
    return replace(run, results={**run.results, **{t: _told(run.results[t]) for t in tests}})


def _told(result: TestResult) -> TestResult:
    seen = result.failure.excerpt if result.failure is not None else ""
    failure = Failure("call", "only in a fork", WORDS, by_assertion=False, excerpt=seen)
    return replace(result, failure=failure)
