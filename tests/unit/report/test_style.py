"""The colours of a report."""

from __future__ import annotations

import pytest
from rich.text import Text

from assay.report.style import styled

REPORT = "1 function changed.\nplain\nSurvived: x\n    +new\n    -old\nguarded  x.py\n"


def style_of(text: Text, line: str) -> str:
    start = text.plain.index(line)
    return next((str(span.style) for span in text.spans if span.start == start), "")


def test_the_words_stay_as_they_are() -> None:
    assert styled(REPORT).plain == REPORT


@pytest.mark.parametrize(
    ("line", "style"),
    [
        ("1 function", "bold"),
        ("plain", ""),
        ("Survived: x", "bold yellow"),
        ("    +new", "green"),
        ("    -old", "red"),
        ("guarded  x", "green"),
    ],
)
def test_a_line_is_coloured_by_what_it_begins_with(line: str, style: str) -> None:
    assert style_of(styled(REPORT), line) == style


def test_brackets_in_a_report_are_not_taken_for_markup() -> None:
    assert styled("[bold]x[/bold] [red]\n").plain == "[bold]x[/bold] [red]\n"
