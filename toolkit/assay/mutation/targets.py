"""Which mutants are asked for: those of a change, or those of chosen places."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from assay.errors import UsageError
from assay.model.change import SemanticChange, UnitChange
from assay.model.mutant import Left, Mutant
from assay.model.source import SourceFile, decode
from assay.mutation.apply import unified_diff
from assay.mutation.find import find
from assay.mutation.mutmut_adapter import self_check
from assay.mutation.scope import in_lines
from assay.mutation.settings import DEFAULTS, Settings
from assay.mutation.tree import CannotMutate


@dataclass(frozen=True, slots=True)
class Target:
    """One file's mutants, with the text they are spans of; `left` are those not to be run."""

    source: SourceFile
    text: str
    mutants: tuple[Mutant, ...]
    left: tuple[Left, ...] = ()


@functools.cache
def require_generator() -> None:
    """UsageError if the installed mutmut does not make the mutants that assay was tested with."""
    problem = self_check()
    if problem is not None:
        raise UsageError(problem)


def targets_of_change(
    change: SemanticChange, skip: Collection[str], settings: Settings = DEFAULTS
) -> tuple[list[Target], list[str]]:
    """Mutants of the changed lines of every changed file but the skipped ones; and the files that
    could not be mutated, each with the reason."""
    contents = {file.path: file.after for file in change.change.files}
    changed_lines = {file.path: file.changed_lines for file in change.change.files}
    targets: list[Target] = []
    notices: list[str] = []
    for path, source in sorted(change.sources.items()):
        content = contents.get(path)
        if path in skip or content is None:
            continue
        lines: set[int] = set()
        for unit in change.units:
            if unit.path == path:
                # A unit that only lost lines has no changed text: all of it stands for the change.
                lines |= (unit.lines & changed_lines[path]) or all_lines(source, unit)
        target = target_of(source, content, frozenset(lines), notices, settings)
        if target is not None:
            targets.append(target)
    return targets, notices


def all_lines(source: SourceFile, change: UnitChange) -> frozenset[int]:
    """The body of a changed function; of a module body, only the lines known to differ."""
    unit = source.unit(change.unit)
    if unit is None or unit.is_module:
        return change.lines
    return frozenset(range(unit.body_line, unit.last_line + 1))


def target_of(
    source: SourceFile,
    content: bytes,
    lines: frozenset[int] | None,
    notices: list[str],
    settings: Settings = DEFAULTS,
) -> Target | None:
    """A file's mutants, of the given lines only; None, and a notice, if it cannot be mutated."""
    require_generator()
    try:
        text = decode(content)
        found = find(source, text, settings)
    except (CannotMutate, SyntaxError, UnicodeDecodeError, LookupError) as problem:
        notices.append(f"{source.path} has no mutants: {problem}")
        return None
    if lines is None:
        return Target(source, text, found.mutants, found.left)
    mutants = in_lines(found.mutants, text, lines)
    inside = {mutant.id for mutant in in_lines([one.mutant for one in found.left], text, lines)}
    left = tuple(one for one in found.left if one.mutant.id in inside)
    return Target(source, text, mutants, left)


def diffs_of(targets: Iterable[Target]) -> dict[str, str]:
    """A unified diff for every mutant."""
    return {
        mutant.id: unified_diff(mutant.path, target.text, mutant)
        for target in targets
        for mutant in target.mutants
    }
