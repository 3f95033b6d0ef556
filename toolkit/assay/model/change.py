"""What a change is: the files and units that differ between a base and the working tree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from assay.model.source import SourceFile


class FileStatus(Enum):
    """How a file differs from the base."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file before and after.

    `path` is relative to the repository with forward slashes. `before`/`after` are the contents,
    None where the file does not exist on that side. `changed_lines` are head line numbers (from 1)
    that were added or modified; `deleted_at` are head line numbers directly after which base lines
    were removed with nothing put in their place (0: before the first line).
    A rename is one DELETED and one ADDED file.
    """

    path: str
    status: FileStatus
    before: bytes | None
    after: bytes | None
    changed_lines: frozenset[int]
    deleted_at: frozenset[int]


@dataclass(frozen=True, slots=True)
class Change:
    """The difference between a base and the working tree, uncommitted and untracked files included.

    `description` is one line for people: what was compared with what. `base` is the commit id of
    the base, or a word such as "diff FILE".
    """

    base: str
    description: str
    files: tuple[FileChange, ...]


class UnitStatus(Enum):
    """How a unit differs from the base."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class UnitChange:
    """One unit of one file whose digest differs between base and head.

    `lines` are the changed head lines within the unit (empty for a deletion), `deleted_at` as in
    `FileChange`, limited to the unit.
    """

    path: str
    unit: str
    status: UnitStatus
    lines: frozenset[int]
    deleted_at: frozenset[int]


@dataclass(frozen=True, slots=True)
class SemanticChange:
    """A change seen as units: what remains once comments and formatting are set aside.

    `sources` and `bases` are the changed Python files as they stand at head and at base, by path;
    `units` are the units that differ; `cosmetic` are changed Python files whose units are all
    equal; `other` are changed paths that are not Python.
    """

    change: Change
    bases: dict[str, SourceFile]
    sources: dict[str, SourceFile]
    units: tuple[UnitChange, ...]
    cosmetic: tuple[str, ...]
    other: tuple[str, ...]
