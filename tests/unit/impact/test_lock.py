"""Of two recordings of one project, the second waits."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from assay.impact.lock import Busy, is_held, locked


def nothing() -> None:
    """Nobody needs to be told."""


def test_it_is_held_while_it_is_held(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with locked(lock, 0, nothing):
        assert is_held(lock)
    assert not is_held(lock)


def test_the_second_gives_up_when_its_time_is_over(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock", 0, nothing),
        pytest.raises(Busy, match="another recording"),
        locked(tmp_path / "lock", 0, nothing),
    ):
        pytest.fail("both hold it")


def test_the_second_says_that_it_waits_and_goes_on_afterwards(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    waits, order = threading.Event(), []

    def second() -> None:
        with locked(lock, 30, waits.set):
            order.append("second")

    with locked(lock, 0, nothing):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(30)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
