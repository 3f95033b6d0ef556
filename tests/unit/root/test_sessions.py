"""The settings of a project for another tree of it."""

from __future__ import annotations

from pathlib import Path

import pytest

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
