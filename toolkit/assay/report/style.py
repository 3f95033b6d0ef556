"""The colours of a text report on a terminal; the words are the same without them."""

from __future__ import annotations

from rich.text import Text

from assay.model.answer import Guard

_STARTS = (
    ("@@", "cyan"),
    ("    @@", "cyan"),
    ("    +", "green"),
    ("    -", "red"),
    ("Survived:", "bold yellow"),
    ("Without coverage:", "yellow"),
    ("Not conclusive:", "bold magenta"),
    ("Interrupted:", "bold magenta"),
    ("Note:", "dim"),
    ("Accepted:", "dim"),
    ("Refused:", "bold red"),
    ("Would be refused:", "bold yellow"),
    ("Weak test:", "bold yellow"),
    ("  Next:", "green"),
    (f"{Guard.GUARDED.value} ", "green"),
    (f"{Guard.TOUCHED.value} ", "yellow"),
    (f"{Guard.MOCKED.value} ", "yellow"),
    (f"{Guard.UNTOUCHED.value} ", "yellow"),
    (f"{Guard.UNKNOWN.value} ", "magenta"),
)


def styled(text: str) -> Text:
    """The report with a style for each line whose beginning says what it is; the first is bold."""
    found = Text()
    for number, line in enumerate(text.splitlines(keepends=True)):
        style = next((style for start, style in _STARTS if line.startswith(start)), "")
        found.append(line, "bold" if number == 0 else style)
    return found
