"""Facts about the canary: which tests are made to fail, and what an unseen failure takes back."""

from __future__ import annotations

from assay.execution.canary import MOST, hidden, taken_back, to_try
from assay.model.mutant import Mutant, Status, Verdict
from assay.model.run import ChildEnd, Outcome, TestOutcome, TestResult
from assay.model.source import Span

MUTANT = Mutant("m", "tax.py", "rate", "rate", "n", Span(1, 0, 1, 1), "1", "2", 1, frozenset({1}))


def verdict(status: Status, *covering: str, killer: str = "") -> Verdict:
    return Verdict(MUTANT, status, covering, killer, True, "", 1, 0.1)


def outcome(end: ChildEnd = ChildEnd.FINISHED, **ends: TestOutcome) -> Outcome:
    names = {"a": "a/test_x.py::t", "b": "b/test_x.py::t"}
    results = tuple(TestResult(names[name], how, 0.1, None) for name, how in ends.items())
    return Outcome(end, results, "", False, "", "", (), "", 0.1)


TESTS = {"a": "a/test_x.py::t", "b": "b/test_x.py::t"}


def test_a_test_of_each_directory_with_a_survivor_is_tried() -> None:
    verdicts = [verdict(Status.SURVIVED, "a/test_x.py::t", "b/test_x.py::t", "a/test_y.py::t")]
    assert to_try(verdicts) == TESTS


def test_a_directory_in_which_a_test_was_seen_to_fail_is_not_tried() -> None:
    killed = verdict(Status.KILLED, "a/test_z.py::t", killer="a/test_z.py::t")
    survived = verdict(Status.SURVIVED, "a/test_x.py::t", "b/test_x.py::t")
    assert to_try([killed, survived]) == {"b": "b/test_x.py::t"}


def test_without_survivors_nothing_is_tried() -> None:
    assert to_try([verdict(Status.KILLED, "a/test_x.py::t"), verdict(Status.TIMEOUT, "b/t")]) == {}


def test_not_more_directories_than_stated_are_tried() -> None:
    tests = [f"{number}/test_x.py::t" for number in range(MOST + 5)]
    assert len(to_try([verdict(Status.SURVIVED, *tests)])) == MOST


def test_failures_and_errors_are_seen() -> None:
    assert hidden(TESTS, outcome(a=TestOutcome.FAILED, b=TestOutcome.ERROR)) == {}


def test_any_other_end_is_a_hidden_failure() -> None:
    found = hidden(TESTS, outcome(a=TestOutcome.XFAILED, b=TestOutcome.PASSED))
    assert set(found) == {"a", "b"}
    assert found["b"].startswith("b/test_x.py::t was made to fail, and pytest reports it as passed")


def test_a_canary_that_did_not_come_to_its_end_hides_nothing() -> None:
    assert hidden(TESTS, outcome(ChildEnd.DIED, a=TestOutcome.PASSED)) == {}


def test_only_survivors_whose_tests_all_lie_where_failures_hide_are_taken_back() -> None:
    verdicts = {
        "both": verdict(Status.SURVIVED, "a/test_x.py::t", "b/test_x.py::t"),
        "one": verdict(Status.SURVIVED, "a/test_x.py::t"),
        "killed": verdict(Status.KILLED, "a/test_x.py::t"),
        "uncovered": verdict(Status.NO_COVERAGE),
    }
    found = taken_back(verdicts, {"a": "hidden"})
    assert found == {**verdicts, "one": found["one"]}
    assert (found["one"].status, found["one"].reason) == (Status.RUNTIME_ERROR, "hidden")
