"""What is known of a shared node after two runs that each saw a part of it (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import SequenceMatcher

from assay.change.regions import span
from assay.change.semantics import read_source
from assay.change.version import plain_lines
from assay.impact.record import CHANGED_MEANWHILE, units_of_mask
from assay.model.impact import LineSet, Node, Source
from assay.model.source import SourceFile


def carried(old: Node, new: Node, texts: Mapping[Source, str]) -> Node:
    """The old node with its lines moved to the contents that the new one saw.

    A run of few tests sees less of what is shared; what it did not see is still so, at other line
    numbers. Of a function of which any line ran, all lines count.
    """
    lines = dict(old.lines)
    for path, theirs in old.lines.items():
        ours = new.lines.get(path)
        if ours is None or ours.sha == theirs.sha:
            continue
        before, after = texts.get((path, theirs.sha)), texts.get((path, ours.sha))
        if before is None or after is None:
            continue
        lines[path] = LineSet(ours.sha, _moved(path, before, after, theirs.mask))
    return replace(old, lines=lines)


def _moved(path: str, before: str, after: str, mask: int) -> int:
    """The lines in the text after that stand for those of the mask in the text before."""
    if not mask:
        return 0
    old, new = read_source(path, _bytes(before)), read_source(path, _bytes(after))
    if old.problem or new.problem:
        return span(1, len(_lines(after)))
    hit = {unit.name for unit in units_of_mask(old, mask)}
    found = 0
    for unit in new.units[1:]:
        if unit.name in hit:
            found |= span(unit.body_line, unit.last_line)
    rest = mask & ~_bodies(old)
    return found | (_moved_outside(before, after, rest) & ~_bodies(new)) if rest else found


def _moved_outside(before: str, after: str, mask: int) -> int:
    """Lines outside function bodies, and functions on one line: those of the same text; every line
    if one of them is no longer there."""
    old, new = _lines(before), _lines(after)
    found = 0
    for start, other, size in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        here = mask & span(start + 1, start + size)
        found |= here << (other - start) if other >= start else here >> (start - other)
        mask &= ~here
    return span(1, len(new)) if mask else found


def _bodies(source: SourceFile) -> int:
    found = 0
    for unit in source.units[1:]:
        found |= span(unit.body_line, unit.last_line)
    return found


def _lines(text: str) -> list[str]:
    return plain_lines(text).removesuffix("\n").split("\n")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def merged(old: Node, new: Node) -> Node:
    """A shared node seen in two runs: the union, where what the new run saw is newer.

    Lines of a file that has changed meanwhile are replaced; a file that the new run did not touch
    stays, for another test may still run it.
    """
    lines = dict(old.lines)
    for path, ours in new.lines.items():
        theirs = lines.get(path)
        same = theirs is not None and theirs.sha == ours.sha
        lines[path] = LineSet(ours.sha, ours.mask | theirs.mask) if same and theirs else ours
    return Node(
        key=new.key,
        lines=lines,
        files={**old.files, **new.files},
        dirs={**old.dirs, **new.dirs},
        exists={**old.exists, **new.exists},
        env={**old.env, **new.env},
        names=old.names | new.names,
        uses=old.uses | new.uses,
        opaque=frozenset(o for o in old.opaque if not _outlived(o, new)) | new.opaque,
        flags=old.flags | new.flags,
    )


def _outlived(opaque: str, new: Node) -> bool:
    """A file that changed while it was recorded has been recorded at rest since."""
    path, _, why = opaque.partition(f" {CHANGED_MEANWHILE}")
    return not why and opaque != path and path in new.lines
