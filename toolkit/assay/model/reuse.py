"""What is kept of a verdict for later runs, and what it holds for."""

from __future__ import annotations

from dataclasses import dataclass

from assay.model.mutant import Measured, Status

Token = bytes
"""Stands for a test and the content of all that its record depends on."""


@dataclass(frozen=True, slots=True)
class PastKill:
    """Who was the last to kill a mutant: the mutant's id and file, the test and its file."""

    mutant: str
    path: str
    test: str
    file: str


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A verdict of an earlier run on the same mutant of the same text in the same environment.

    `witnesses` are the tokens of the tests it rests on: of the killer alone, or, for a survivor, of
    every covering test.
    """

    status: Status
    witnesses: frozenset[Token]
    by_assertion: bool
    reason: str
    tests_run: int
    seconds: float
    measured: Measured
