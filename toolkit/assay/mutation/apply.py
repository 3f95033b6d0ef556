"""What a mutant does to a text: the mutated text, and the change as a patch."""

from __future__ import annotations

import re

from assay.model.mutant import Mutant
from assay.mutation.positions import LineTable

_GIT_LINE = re.compile(r"[^\n]*\n|[^\n]+")
"""git ends lines at LF alone; a CR before it is part of the line."""


def mutated_text(text: str, mutant: Mutant) -> str:
    """Raises ValueError if the text at the mutant's span is not the one it was made of."""
    start, end = offsets(LineTable.of(text), mutant)
    return text[:start] + mutant.replacement + text[end:]


def offsets(table: LineTable, mutant: Mutant) -> tuple[int, int]:
    """Where the mutant's text begins and ends; raises ValueError if it stands there no more."""
    start, end = table.offsets(mutant.span)
    if table.text[start:end] != mutant.original:
        where = f"{mutant.path}:{mutant.span.start_line}:{mutant.span.start_column + 1}"
        raise ValueError(
            f"{where}: the text there is not {mutant.original!r}, which mutant {mutant.id} replaces"
        )
    return start, end


def unified_diff(path: str, text: str, mutant: Mutant, context: int = 3) -> str:
    """What a mutant changes, for `git apply`."""
    return text_diff(path, text, mutated_text(text, mutant), context)


def text_diff(path: str, before: str, after: str, context: int = 3) -> str:
    """One hunk for `git apply`, its lines numbered in the file."""
    old = _GIT_LINE.findall(before)
    new = _GIT_LINE.findall(after)
    first = _common(old, new)
    last = _common(old[first:][::-1], new[first:][::-1])
    begin, tail = max(first - context, 0), min(last, context)
    old_end, new_end = len(old) - last, len(new) - last
    hunk = [
        *(" " + line for line in old[begin:first]),
        *("-" + line for line in old[first:old_end]),
        *("+" + line for line in new[first:new_end]),
        *(" " + line for line in old[old_end : old_end + tail]),
    ]
    old_range = _range(begin, old_end + tail)
    new_range = _range(begin, new_end + tail)
    # A tab ends a name that has a space in it, as git's own patches do.
    end = "\t" if " " in path else ""
    header = f"--- a/{path}{end}\n+++ b/{path}{end}\n@@ -{old_range} +{new_range} @@\n"
    return header + "".join(map(_ended, hunk))


def _common(old: list[str], new: list[str]) -> int:
    """How many lines at the start are equal."""
    shorter = min(len(old), len(new))
    return next((index for index in range(shorter) if old[index] != new[index]), shorter)


def _range(begin: int, end: int) -> str:
    # A range without lines is named by the line before it.
    return f"{begin + 1 if end > begin else begin},{end - begin}"


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
