"""Which of the user's arguments go into the command that shows a polluter."""

from __future__ import annotations

import pytest

from assay.isolating import options_of


@pytest.mark.parametrize(
    ("arguments", "places", "left"),
    [
        (["tests"], ["tests"], ()),
        (["-x", "tests", "--ignore", "tests/slow"], ["tests"], ("-x", "--ignore", "tests/slow")),
        (["-k", "tests", "tests"], ["tests"], ("-k", "tests")),
        (["a.py::test", "-q", "b"], ["a.py::test", "b"], ("-q",)),
        (["-m", "not slow"], [], ("-m", "not slow")),
    ],
)
def test_what_says_how_to_run_is_kept(
    arguments: list[str], places: list[str], left: tuple[str, ...]
) -> None:
    assert options_of(arguments, places) == left
