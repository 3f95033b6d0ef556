"""What one difference between two versions of a file is, and who is affected by it."""

from __future__ import annotations

from dataclasses import dataclass

ALL_LINES = -1
"""A mask with every bit set."""

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs, in words, and who is affected by it (see the module).

    `lines` is a mask of old lines, bit N for line N. `bases` are base classes that must be plain
    for `names` and `classes` to be enough; `imports` are modules newly imported, which must have
    been imported before. `tests`: functions and classes of a test file whose own tests are affected
    whatever they ran. `sure`: for all it does, importing the module cannot fail.
    """

    unit: str
    words: str
    lines: int = 0
    names: frozenset[str] = NONE
    values: frozenset[str] = NONE
    through: frozenset[str] = NONE
    classes: frozenset[str] = NONE
    at_import: bool = False
    bases: frozenset[str] = NONE
    imports: frozenset[str] = NONE
    tests: frozenset[str] = NONE
    sure: bool = False


@dataclass(frozen=True, slots=True)
class FileDelta:
    """The differences of one file."""

    differences: tuple[Difference, ...]
