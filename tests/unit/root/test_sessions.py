"""The settings of a project for another tree of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.model.evidence import is_kept_by
from assay.sessions import moved


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/w/shop", "/t/head"),
        ("/w/shop/src", "/t/head/src"),
        ("--rootdir=/w/shop/a", "--rootdir=/t/head/a"),
        ("/w/shop-lib/src", "/w/shop-lib/src"),
        ("/w/shop2", "/w/shop2"),
        ("/x/w/shop/src", "/x/w/shop/src"),
    ],
)
def test_only_paths_within_the_project_move(text: str, expected: str) -> None:
    assert moved(text, "/w/shop", Path("/t/head")) == expected


@pytest.mark.parametrize(
    ("path", "broken", "kept"),
    [
        ("tests/test_a.py", "tests/test_a.py", True),
        ("tests/test_a.py", "tests/conftest.py", True),
        ("tests/sub/test_a.py", "tests/conftest.py", True),
        ("test_a.py", "conftest.py", True),
        ("tests/sub/test_a.py", "tests/sub", True),
        ("tests/test_a.py", "pytest", True),
        ("tests/test_a.py", "tests/sub/conftest.py", False),
        ("tests/test_ab.py", "tests/test_a.py", False),
        ("tests2/test_a.py", "tests", False),
    ],
)
def test_what_is_broken_is_in_the_way_of_what_lies_below_it(
    path: str, broken: str, kept: bool
) -> None:
    assert is_kept_by(path, broken) is kept
