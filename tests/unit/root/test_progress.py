"""Facts about progress: a line a stage where nobody watches, nothing at all when quiet."""

from __future__ import annotations

from io import StringIO

import pytest
from conftest import A_MUTANT as MUTANT
from rich.console import Console

from assay.model.mutant import Status, Verdict
from assay.model.run import TestOutcome, TestResult
from assay.progress import Progress


def whole_run(quiet: bool, terminal: bool) -> str:
    stream = StringIO()
    console = Console(file=stream, force_terminal=terminal, soft_wrap=True, width=100)
    with Progress(console, quiet) as progress:
        progress.stage("collecting")
        progress.start("running tests", 2)
        for outcome in (TestOutcome.PASSED, TestOutcome.FAILED):
            progress.test(TestResult("t", outcome, 0.1, None))
        progress.finish()
        progress.start("running mutants", 0)
        progress.finish()
        progress.start("running mutants", len(Status))
        for status in Status:
            progress.verdict(Verdict(MUTANT, status, (), "", False, "", 0, 0.0))
        progress.finish()
        progress.say("done [not markup]")
    return stream.getvalue()


def test_off_a_terminal_there_is_one_line_a_stage() -> None:
    assert whole_run(quiet=False, terminal=False) == (
        f"running tests: 2\nrunning mutants: {len(Status)}\ndone [not markup]\n"
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_says_nothing(terminal: bool) -> None:
    assert whole_run(quiet=True, terminal=terminal) == ""


def test_on_a_terminal_there_is_a_bar_with_counts() -> None:
    text = whole_run(quiet=False, terminal=True)
    assert "collecting" in text
    assert "running tests" in text
    assert "1 failed, 1 passed" in text
    assert "1 killed, 5 other, 1 survived, 1 timed out" in text


def test_a_bar_that_is_left_by_an_error_is_taken_down() -> None:
    stream = StringIO()
    progress = Progress(Console(file=stream, force_terminal=True, width=100), quiet=False)
    with pytest.raises(KeyboardInterrupt), progress:
        progress.start("running tests", 5)
        raise KeyboardInterrupt
    # The cursor that a live bar hides is shown again.
    assert stream.getvalue().rstrip().endswith(("\x1b[?25h", "\x1b[2K"))
