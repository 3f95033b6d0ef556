"""Facts about the conductor that need no suite."""

from __future__ import annotations

import pytest

from assay.pipeline import python_of


@pytest.mark.parametrize(
    ("fingerprint", "python"),
    [
        (("Python=3.12.1", "pytest=9.2.0"), (3, 12)),
        (("a=b", "Python=3.9"), (3, 9)),
        ((), (0,)),
    ],
)
def test_an_environment_tells_its_python(
    fingerprint: tuple[str, ...], python: tuple[int, ...]
) -> None:
    assert python_of(fingerprint) == python


def test_an_environment_that_does_not_tell_is_older_than_any() -> None:
    assert python_of(()) < (3, 0)
