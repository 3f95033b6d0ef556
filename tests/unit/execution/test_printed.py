"""An exception as it was printed, read again."""

from __future__ import annotations

from assay.execution.printed import last_traceback

STARTED = """\
Traceback (most recent call last):
  File "/state/bootstrap.py", line 30, in main
    import tempfile
  File "/usr/lib/python3.11/tempfile.py", line 45, in <module>
    from random import Random as _Random
ImportError: cannot import name 'Random' from 'random' (/t/head/random.py)
"""


def test_what_ended_the_process_is_told_with_its_frames() -> None:
    told = last_traceback(f"some output\n{STARTED}")
    assert told is not None
    assert told["type"] == "ImportError"
    assert told["bases"][:2] == ["ImportError", "Exception"]
    assert told["attributes"] == {"name": "random"}
    assert [row[:4] for row in told["frames"]] == [
        ["/state/bootstrap.py", "", "main", 30],
        ["/usr/lib/python3.11/tempfile.py", "", "<module>", 45],
    ]


def test_of_a_chain_the_last_is_told() -> None:
    text = STARTED + "\nDuring handling of the above exception, another exception occurred:\n\n"
    text += "Traceback (most recent call last):\n"
    text += '  File "/t/head/a.py", line 2, in f\n    x\nValueError: no\n'
    told = last_traceback(text)
    assert told is not None
    assert (told["type"], told["message"]) == ("ValueError", "no")


def test_an_internal_error_of_pytest_is_read_through_its_marks() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "/t/head/conftest.py", line 2, in pytest_configure',
        "    json.load",
        "AttributeError: module 'json' has no attribute 'load'",
    ]
    told = last_traceback("\n".join(f"INTERNALERROR> {line}" for line in lines))
    assert told is not None
    thing = {"kind": "module", "name": "json", "path": ""}
    assert told["attributes"] == {"name": "load", "obj": thing}


def test_a_file_that_cannot_be_read_is_told_with_its_line() -> None:
    text = "Traceback (most recent call last):\n"
    text += '  File "/x/y.py", line 1, in <module>\n    import random\n'
    text += '  File "/t/head/random.py", line 3\n    def (\n        ^\n'
    text += "SyntaxError: invalid syntax\n"
    told = last_traceback(text)
    assert told is not None
    assert told["attributes"]["filename"] == "/t/head/random.py"
    assert told["attributes"]["lineno"] == 3
    assert "SyntaxError" in told["bases"]


def test_where_nothing_was_printed_or_it_was_cut_off_there_is_none() -> None:
    assert last_traceback("ERROR: usage: pytest\n") is None
    assert last_traceback("Traceback (most recent call last):\n") is None
