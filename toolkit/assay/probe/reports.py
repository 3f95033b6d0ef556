"""How a test's phases become one result, without trusting the objects that made it fail."""

from __future__ import annotations

from typing import Any

import pytest

MESSAGE_LIMIT = 300
EXCERPT_LIMIT = 4000


def safe_message(error: BaseException) -> str:
    """The first line of an exception's text; its own `__str__` may be broken or mutated."""
    try:
        text = str(error)
    except Exception:
        text = "(its text cannot be made)"
    line = text.strip().split("\n", 1)[0]
    return line[:MESSAGE_LIMIT]


def fixture_message(error: BaseException) -> str:
    """A missing fixture in words: the text of pytest's own error is a tuple of objects."""
    name = getattr(error, "argname", None)
    if type(error).__name__ != "FixtureLookupError" or not isinstance(name, str):
        return ""
    return str(getattr(error, "msg", None) or f"there is no fixture {name!r}")


def is_assertion(error: BaseException) -> bool:
    """Whether the test noticed by checking: AssertionError, or pytest's own Failed."""
    return isinstance(error, (AssertionError, pytest.fail.Exception))


class PhaseLog:
    """Collects the reports of one test's set-up, call and teardown."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.outcome = "passed"
        self.seconds = 0.0
        self.failure: dict[str, Any] | None = None
        self._error: tuple[str, BaseException] | None = None
        self.seen = False

    @property
    def error(self) -> BaseException | None:
        """The exception seen last."""
        return None if self._error is None else self._error[1]

    def saw_exception(self, when: str, error: BaseException) -> None:
        self._error = (when, error)

    def saw_report(self, report: Any) -> None:
        self.seen = True
        self.seconds += report.duration
        if report.failed:
            # A failure in the call outranks one in the teardown that follows from it.
            if self.failure is None:
                self.outcome = "failed" if report.when == "call" else "error"
                self.failure = self._failure(report)
        elif hasattr(report, "wasxfail"):
            if report.when != "teardown" and self.outcome == "passed":
                self.outcome = "xfailed" if report.skipped else "xpassed"
        elif report.skipped and self.outcome == "passed":
            self.outcome = "skipped"

    def _failure(self, report: Any) -> dict[str, Any]:
        failure = {
            "phase": report.when,
            "exception": "",
            "message": "",
            "by_assertion": False,
            "excerpt": "",
        }
        if self._error is not None and self._error[0] == report.when:
            error = self._error[1]
            failure["exception"] = type(error).__name__
            failure["message"] = fixture_message(error) or safe_message(error)
            failure["by_assertion"] = is_assertion(error) and report.when == "call"
        elif isinstance(report.longrepr, str):
            failure["exception"] = "Failed"
            failure["message"] = report.longrepr.strip().split("\n", 1)[0][:MESSAGE_LIMIT]
            failure["by_assertion"] = report.when == "call"
        if report.longrepr is not None:
            failure["excerpt"] = str(report.longrepr)[-EXCERPT_LIMIT:]
        return failure


def quick_report(item: Any, call: Any) -> pytest.TestReport:
    """A TestReport as pytest makes it, but without rendering the traceback.

    Rendering costs more than most tests, and nobody reads a mutant's.
    """
    outcome: Any = "passed"
    longrepr: Any = None
    if call.excinfo is not None:
        if isinstance(call.excinfo.value, pytest.skip.Exception):
            outcome = "skipped"
            longrepr = ("", 0, safe_message(call.excinfo.value))
        else:
            outcome = "failed"
            longrepr = type(call.excinfo.value).__name__
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords={},
        outcome=outcome,
        longrepr=longrepr,
        when=call.when,
        duration=call.duration,
        start=call.start,
        stop=call.stop,
    )
