"""Facts about a test's phases: they become one result, as pytest itself would judge them."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

import pytest
from conftest import run_python

from assay.probe.reports import MESSAGE_LIMIT, PhaseLog, is_assertion, safe_message


class RudeError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


# Messages


def test_the_message_is_the_first_line() -> None:
    assert safe_message(ValueError("first\nsecond")) == "first"


def test_a_long_message_is_cut() -> None:
    assert len(safe_message(ValueError("x" * 10_000))) == MESSAGE_LIMIT


def test_an_exception_that_cannot_be_printed_has_a_message_all_the_same() -> None:
    assert safe_message(RudeError()) == "(its text cannot be made)"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AssertionError(), True),
        (pytest.fail.Exception("did not raise"), True),
        (ValueError(), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_an_assertion_is_told_from_a_crash(error: BaseException, expected: bool) -> None:
    assert is_assertion(error) is expected


# Phases


def report(when: str, outcome: str, longrepr: Any = None, **more: Any) -> pytest.TestReport:
    found = pytest.TestReport(
        nodeid="t",
        location=("t.py", 0, "t"),
        keywords={},
        outcome=outcome,  # type: ignore[arg-type]
        longrepr=longrepr,
        when=when,  # type: ignore[arg-type]
        duration=0.25,
        start=0.0,
        stop=0.25,
    )
    for name, value in more.items():
        setattr(found, name, value)
    return found


def logged(*reports: pytest.TestReport) -> PhaseLog:
    log = PhaseLog()
    for one in reports:
        log.saw_report(one)
    return log


SETUP, CALL, TEARDOWN = (report(when, "passed") for when in ("setup", "call", "teardown"))


def test_three_good_phases_are_a_pass_and_take_the_time_of_all() -> None:
    log = logged(SETUP, CALL, TEARDOWN)
    assert (log.outcome, log.seconds, log.failure, log.seen) == ("passed", 0.75, None, True)


def test_a_test_of_which_nothing_was_reported_was_not_seen() -> None:
    assert logged().seen is False


@pytest.mark.parametrize(
    ("when", "outcome"), [("setup", "error"), ("call", "failed"), ("teardown", "error")]
)
def test_a_failure_counts_by_its_phase(when: str, outcome: str) -> None:
    log = logged(report(when, "failed", "boom"))
    assert log.outcome == outcome
    assert log.failure is not None
    assert (log.failure["phase"], log.failure["message"]) == (when, "boom")


def test_a_failed_call_outranks_the_teardown_that_fails_after_it() -> None:
    log = logged(SETUP, report("call", "failed", "first"), report("teardown", "failed", "second"))
    assert log.outcome == "failed"
    assert log.failure is not None
    assert log.failure["message"] == "first"


@pytest.mark.parametrize("when", ["setup", "call"])
def test_a_skip_is_a_skip(when: str) -> None:
    assert logged(report(when, "skipped", ("f", 1, "why")), TEARDOWN).outcome == "skipped"


def test_an_expected_failure_is_told_from_an_unexpected_pass() -> None:
    assert logged(SETUP, report("call", "skipped", wasxfail="bug"), TEARDOWN).outcome == "xfailed"
    assert logged(SETUP, report("call", "passed", wasxfail="bug"), TEARDOWN).outcome == "xpassed"


def test_the_exception_of_the_same_phase_gives_the_details() -> None:
    log = PhaseLog()
    log.saw_exception("call", AssertionError("1 == 2"))
    log.saw_report(report("call", "failed", "AssertionError"))
    assert log.failure is not None
    assert (log.failure["exception"], log.failure["message"]) == ("AssertionError", "1 == 2")
    assert log.failure["by_assertion"] is True


def test_an_assertion_in_set_up_is_not_the_tests_own() -> None:
    log = PhaseLog()
    log.saw_exception("setup", AssertionError("db"))
    log.saw_report(report("setup", "failed", "AssertionError"))
    assert log.failure is not None
    assert log.failure["by_assertion"] is False


def test_resetting_forgets_the_last_test() -> None:
    log = logged(report("call", "failed", "boom"))
    log.reset()
    assert (log.outcome, log.seconds, log.failure, log.seen) == ("passed", 0.0, None, False)


# The same outcomes with and without rendering, by real pytest

SUITE = """\
import unittest
import pytest

def test_passes(): pass
def test_fails(): assert 1 == 2
def test_crashes(): {}["x"]
def test_skips(): pytest.skip("why")
def test_does_not_raise():
    with pytest.raises(ValueError): pass
@pytest.mark.xfail
def test_expected(): assert False
@pytest.mark.xfail
def test_unexpected(): pass
@pytest.mark.xfail(strict=True)
def test_strict(): pass
@pytest.mark.xfail(raises=KeyError)
def test_other_error(): raise ValueError
@pytest.fixture
def broken(): raise OSError("no db")
def test_set_up(broken): pass
@pytest.fixture
def torn():
    yield
    raise OSError("no db")
def test_teardown(torn): pass
def test_exits(): raise SystemExit(3)

class TestCase(unittest.TestCase):
    def test_good(self): pass
    def test_assert(self): self.assertEqual(1, 2)
    def test_error(self): raise ValueError("bad")
    def test_skip(self): self.skipTest("why")
    def test_raise_skip(self): raise unittest.SkipTest("why")
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass
"""

DRIVER = """\
import json, sys
import pytest
from assay.probe.plugin import AssayPlugin, run_item

def loop(plugin, session):
    plugin.quick = sys.argv[1] == "quick"
    results = []
    items = session.items
    for item, following in zip(items, [*items[1:], None]):
        results.append(run_item(plugin, item, following, lambda message: None, None))
    print("RESULTS" + json.dumps(results))

plugin = AssayPlugin(loop, None)
pytest.main(["-q", "-s", "-p", "no:cacheprovider", "test_suite.py"], plugins=[plugin])
"""


Found = dict[str, tuple[str, dict[str, Any] | None]]


@pytest.fixture(scope="module", params=["quick", "rendered"])
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Each test's outcome and failure, as the plugin tells them in a process of its own."""
    directory = tmp_path_factory.mktemp("suite")
    (directory / "test_suite.py").write_text(dedent(SUITE))
    (directory / "driver.py").write_text(DRIVER)
    done = run_python("driver.py", request.param, cwd=directory)
    assert done.code == 0, done.output
    (line,) = (line for line in done.output.splitlines() if "RESULTS" in line)
    results = json.loads(line.partition("RESULTS")[2])
    return {r["test"].partition("::")[2]: (r["outcome"], r["failure"]) for r in results}


EXPECTED = {
    "test_passes": "passed",
    "test_fails": "failed",
    "test_crashes": "failed",
    "test_skips": "skipped",
    "test_does_not_raise": "failed",
    "test_expected": "xfailed",
    "test_unexpected": "xpassed",
    "test_strict": "failed",
    "test_other_error": "failed",
    "test_set_up": "error",
    "test_teardown": "error",
    "test_exits": "failed",
    "TestCase::test_good": "passed",
    "TestCase::test_assert": "failed",
    "TestCase::test_error": "failed",
    "TestCase::test_skip": "skipped",
    "TestCase::test_raise_skip": "skipped",
    "TestCase::test_expected": "xfailed",
    "TestCase::test_unexpected": "failed",
}


@pytest.mark.slow
def test_outcomes_are_those_of_pytest(outcomes: Found) -> None:
    assert {test: found[0] for test, found in outcomes.items()} == EXPECTED


@pytest.mark.slow
def test_failures_say_whether_the_test_noticed_by_checking(outcomes: Found) -> None:
    failures = {test: failure for test, (_, failure) in outcomes.items() if failure}
    checked = {test for test, failure in failures.items() if failure["by_assertion"]}
    assert checked == {
        "test_fails",
        "test_does_not_raise",
        "test_strict",
        "TestCase::test_assert",
        "TestCase::test_unexpected",
    }
