"""Every way assay stops early, and the exit code each one means.

AssayError
 ├── UsageError             2   wrong option or configuration; a tool missing in the interpreter
 ├── BaselineError          3   the suite does not pass, or does not run, without mutants
 ├── InconclusiveError      4   a control failed: what was measured cannot be trusted
 ├── NothingToCompare       5   no base, no change, or a diff that does not fit the tree
 └── StateError             2   the state directory cannot be used
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a finished command says to the shell; documented in docs/exit-codes.md."""

    CLEAN = 0
    GATE = 1
    USAGE = 2
    BASELINE = 3
    INCONCLUSIVE = 4
    NOTHING = 5
    INTERNAL = 70
    INTERRUPTED = 130


class AssayError(Exception):
    """A problem a person can act on, told in one line: what is wrong, and what to do.

    `details` are further lines (a list of failing tests, a file's parse error) shown beneath it.
    """

    code = ExitCode.INTERNAL

    def __init__(self, message: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class UsageError(AssayError):
    """The request cannot be understood or the environment lacks what it needs."""

    code = ExitCode.USAGE


class StateError(UsageError):
    """The state directory cannot be created, read or written."""


class BaselineError(AssayError):
    """The suite fails, or cannot be collected, with no mutant at all."""

    code = ExitCode.BASELINE


class InconclusiveError(AssayError):
    """A control failed, so a verdict would be a guess."""

    code = ExitCode.INCONCLUSIVE


class NothingToCompare(AssayError):  # noqa: N818 - an outcome rather than an error
    """There is no base, no change, or the diff does not fit the tree."""

    code = ExitCode.NOTHING
