"""Facts about how the name and version of a distribution are read from its metadata."""

from __future__ import annotations

from importlib import metadata

import pytest

from assay.probe.server import name_and_version


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Metadata-Version: 2.1\nName: shop\nVersion: 1.2\nSummary: x\n", ("shop", "1.2")),
        ("Metadata-Version: 2.1\r\nName: shop\r\nVersion: 1.2\r\n\r\nName: y\r\n", ("shop", "1.2")),
        ("name: shop\nVERSION:1.2  \n", ("shop", "1.2")),
        ("Name: shop\nVersion: 1\nName: other\n", ("shop", "1")),
        ("Name: shop\n\nVersion: 2 is out\n", ("shop", "")),
        ("Summary: a\n  Name: folded\nName: shop\nVersion: 1\n", ("shop", "1")),
        ("", ("", "")),
    ],
)
def test_the_fields_of_the_header_count(text: str, found: tuple[str, str]) -> None:
    assert name_and_version(text) == found


def test_what_is_installed_here_is_called_as_by_the_library() -> None:
    found = list(metadata.distributions())
    assert found
    for one in found:
        text = one.read_text("METADATA") or one.read_text("PKG-INFO") or ""
        assert name_and_version(text) == (one.metadata["Name"], one.version)
