"""Which mutants are asked for: those of a change, or those of chosen places."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Collection
from dataclasses import dataclass

from assay.model.change import SemanticChange
from assay.model.mutant import Mutant
from assay.model.source import SourceFile
from assay.mutation.find import find_mutants
from assay.mutation.mutmut_adapter import CannotMutate
from assay.mutation.scope import in_lines


@dataclass(frozen=True, slots=True)
class Target:
    """One file's mutants, with the text they are spans of."""

    source: SourceFile
    text: str
    mutants: tuple[Mutant, ...]


def decode(content: bytes) -> str:
    """A Python file's text by its own coding cookie, line ends as they are."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding)


def targets_of_change(
    change: SemanticChange, skip: Collection[str]
) -> tuple[list[Target], list[str]]:
    """Mutants of the changed lines of every changed file but the skipped ones; and what could not
    be mutated, in words."""
    contents = {file.path: file.after for file in change.change.files}
    changed_lines = {file.path: file.changed_lines for file in change.change.files}
    targets: list[Target] = []
    notices: list[str] = []
    for path, source in sorted(change.sources.items()):
        content = contents.get(path)
        if path in skip or content is None:
            continue
        lines = frozenset(line for unit in change.units if unit.path == path for line in unit.lines)
        target = target_of(source, content, lines & (changed_lines[path] or lines), notices)
        if target is not None:
            targets.append(target)
    return targets, notices


def target_of(
    source: SourceFile, content: bytes, lines: frozenset[int] | None, notices: list[str]
) -> Target | None:
    """A file's mutants, of the given lines only; None, and a notice, if it cannot be mutated."""
    try:
        text = decode(content)
        mutants = find_mutants(source, text)
    except (CannotMutate, SyntaxError, UnicodeDecodeError, LookupError) as problem:
        notices.append(f"{source.path} has no mutants: {problem}")
        return None
    if lines is not None:
        mutants = in_lines(mutants, text, lines)
    return Target(source, text, mutants)
