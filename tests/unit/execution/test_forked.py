"""Facts about failures that only a fork brings about."""

from __future__ import annotations

from assay.execution.forked import WORDS, fork_only, told
from assay.execution.suite import SuiteRun
from assay.model.run import TestOutcome, TestResult

PASSED, FAILED, ERROR = TestOutcome.PASSED, TestOutcome.FAILED, TestOutcome.ERROR


def test_what_fails_in_a_fork_and_passes_anew_is_due_to_the_fork() -> None:
    assert fork_only(["a", "b"], {"a": FAILED, "b": ERROR}, {"a": PASSED, "b": PASSED}) == [
        "a",
        "b",
    ]


def test_what_fails_both_times_or_passes_both_times_is_not() -> None:
    assert fork_only(["a", "b"], {"a": FAILED, "b": PASSED}, {"a": FAILED, "b": PASSED}) == []


def test_what_did_not_come_to_its_end_is_not() -> None:
    assert fork_only(["a", "b"], {"a": FAILED}, {"b": PASSED}) == []


def test_the_failure_is_put_in_words_and_stays_a_failure() -> None:
    run = SuiteRun({t: TestResult(t, FAILED, 0.1, None) for t in ("a", "b")}, interrupted=False)
    found = told(run, ["a"]).results
    assert found["b"] == run.results["b"]
    assert found["a"].outcome is FAILED
    assert found["a"].failure is not None
    assert found["a"].failure.message == WORDS
