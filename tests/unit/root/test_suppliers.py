"""Levels include those below them, and a run that was cut short ends the asking."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from assay import suppliers
from assay.errors import UsageError
from assay.progress import Progress
from assay.suppliers import Looking, Supplied, Supplier, findings

LOOKING: Any = Looking(suite=None, baseline=None, places={})  # type: ignore[arg-type]
PROGRESS = Progress(Console(file=io.StringIO()), quiet=True)


def supplier(**found: Any) -> Supplier:
    return lambda _looking, _progress: Supplied((), **found)


def ask(level: int, table: dict[int, Supplier], monkeypatch: pytest.MonkeyPatch) -> Supplied:
    monkeypatch.setattr(suppliers, "SUPPLIERS", table)
    return findings(level, LOOKING, PROGRESS)


def test_a_level_includes_those_below(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {
        1: supplier(looked_at=2, left_out={"skipped": 1, "slow": 1}, notices=("one",)),
        0: supplier(looked_at=3, left_out={"skipped": 2}, notices=("zero",)),
        2: supplier(notices=("two",)),
    }
    assert ask(1, table, monkeypatch) == Supplied((), 3, {"skipped": 2, "slow": 1}, ("zero", "one"))


def test_after_an_interrupt_no_further_level_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {0: supplier(interrupted=True), 1: supplier(notices=("one",))}
    assert ask(1, table, monkeypatch) == Supplied((), interrupted=True)


def test_a_level_that_there_is_not_is_told_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UsageError, match="there is no level 3: known are 0"):
        ask(3, {0: supplier()}, monkeypatch)
