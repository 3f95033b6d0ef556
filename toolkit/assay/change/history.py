"""What earlier commits took away: definitions and modules that once were, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assay.change.git import log_of_removals

COMMITS = 400
"""So many commits are looked through: what is older is forgotten by more than its tests."""

_DEFINITION = re.compile(r"-\s*(?:async\s+)?(def|class)\s+([A-Za-z_]\w*)")
_COMMIT = "\x01"


@dataclass(frozen=True, slots=True)
class Removal:
    """A definition or module that a commit took away ("" : not committed yet), its kind "function",
    "class" or "module"."""

    name: str
    kind: str
    path: str
    commit: str


def removals(root: Path) -> list[Removal]:
    """All that was removed lately, newest first; what has come again is still in the list."""
    return list(read_removals(log_of_removals(root, COMMITS)))


def read_removals(text: str) -> Iterator[Removal]:
    """The removals of a log with patches, in which a line with a byte 1 begins a commit."""
    commit = path = ""
    in_head = True
    for line in text.split("\n"):
        if line.startswith(_COMMIT):
            commit = line[1:].strip()
        elif line.startswith("diff --git "):
            in_head = True
        elif in_head and line.startswith("--- "):
            path = line[4:].strip().strip('"').removeprefix("a/")
        elif in_head and line.startswith("+++ /dev/null"):
            stem = path.rpartition("/")[2].removesuffix(".py")
            yield Removal(stem, "module", path, commit)
        elif line.startswith("@@"):
            in_head = False
        elif not in_head and (match := _DEFINITION.match(line)):
            kind = "function" if match[1] == "def" else "class"
            yield Removal(match[2], kind, path, commit)
