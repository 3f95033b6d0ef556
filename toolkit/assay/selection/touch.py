"""What of the recorded map a change touches: line sets and facts, each with the cause (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from assay.impact.readers import Mentions, Readers
from assay.model.change import FileStatus
from assay.model.difference import Difference
from assay.model.impact import Block, Fact, Source
from assay.model.selection import ReasonKind
from assay.model.source import MODULE_UNIT


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something recorded is affected: the kind, and the words."""

    kind: ReasonKind
    text: str


@dataclass(frozen=True, slots=True)
class Altered:
    """One difference of a recorded file, and who reads the names it is about.

    `readers` is None if it is not told by names. `at_import`: whoever depends on the import of the
    file is affected.
    """

    source: Source
    difference: Difference
    readers: Readers | None
    at_import: bool

    @property
    def label(self) -> str:
        unit = self.difference.unit
        return f"{self.source[0]}::{'(module body)' if unit == MODULE_UNIT else unit}"

    @property
    def cause(self) -> Cause:
        body = self.difference.lines and not self.at_import and self.difference.unit != MODULE_UNIT
        kind = ReasonKind.CODE_CHANGED if body else ReasonKind.MODULE_CHANGED
        return Cause(kind, f"{self.label} {self.difference.words}")


@dataclass(frozen=True, slots=True)
class FactsNow:
    """The world as it is, for what nodes asked of it.

    Each maps what a fact names to the value it has now. `paths` are files that differ from the
    base, `appeared` import names that a new file answers, with the file; `anything`: there is some
    change at all.
    """

    files: Mapping[str, str] = field(hash=False)
    dirs: Mapping[str, str] = field(hash=False)
    exists: Mapping[str, str] = field(hash=False)
    env: Mapping[str, str] = field(hash=False)
    paths: Mapping[str, FileStatus] = field(hash=False)
    appeared: Mapping[str, str] = field(hash=False)
    anything: bool


def alter(
    differences: Mapping[Source, Iterable[Difference]],
    mentions: Mentions,
    importable: Collection[Source],
    imported_before: Mapping[str, bool],
) -> list[Altered]:
    """Ask for each difference who reads its names.

    `importable` are files whose import is known to succeed now: only for them, and for what cannot
    make an import fail, is a name all that changes. `imported_before` says of each newly imported
    module, as `PATH:MODULE`, whether it was imported before, so that importing it changes nothing.
    """
    found = []
    for source, several in differences.items():
        for difference in several:
            told = difference.names or difference.values or difference.classes
            at_import, readers = difference.at_import, None
            known = all(
                imported_before.get(f"{source[0]}:{module}") for module in difference.imports
            )
            if told and not at_import:
                # What is not imported by its name may be reached in another way, too.
                at_import = not known or not (
                    source in importable or (difference.sure and mentions.is_imported(source[0]))
                )
            if told and not at_import:
                readers = mentions.readers(difference, source[0])
                at_import = not readers.followed
            found.append(Altered(source, difference, readers, at_import))
    return found


def touched_blocks(blocks: Iterable[Block], altered: Iterable[Altered]) -> dict[int, Cause]:
    """The line sets that a difference touches, by row, each with its nearest cause."""
    by_source: dict[Source, list[tuple[int, Cause]]] = {}
    for one in altered:
        if one.difference.lines:
            by_source.setdefault(one.source, []).append((one.difference.lines, one.cause))
        for source, mask in (one.readers.lines if one.readers else {}).items():
            text = one.cause.text
            if source[0] != one.source[0]:
                text = f"{text} ← named in {source[0]}"
            by_source.setdefault(source, []).append((mask, Cause(ReasonKind.NAME_CHANGED, text)))
    found: dict[int, Cause] = {}
    for block in blocks:
        hits = [cause for mask, cause in by_source.get(block.source, ()) if mask & block.mask]
        if hits:
            found[block.id] = min(hits, key=lambda cause: (cause.kind, cause.text))
    return found


def touched_facts(facts: Iterable[Fact], now: FactsNow) -> dict[int, Cause]:
    """The facts that are no longer so, by row."""
    listed = {path.rpartition("/")[0] for path, s in now.paths.items() if s in _OTHER_NAMES}
    found = {}
    for fact in facts:
        cause = _touched_fact(fact, now, listed)
        if cause is not None:
            found[fact.id] = cause
    return found


_OTHER_NAMES = (FileStatus.ADDED, FileStatus.DELETED)


def _touched_fact(fact: Fact, now: FactsNow, listed: Collection[str]) -> Cause | None:
    name, value = fact.name, fact.value
    changed = ReasonKind.FILE_CHANGED
    if fact.kind == "file":
        if name in now.paths:
            return Cause(changed, f"{name}, which it reads, is {now.paths[name].value}")
        if now.files.get(name, value) != value:
            return Cause(changed, f"{name}, which it reads, changed since it was recorded")
    elif fact.kind == "dir":
        if name in listed or now.dirs.get(name, value) != value:
            return Cause(changed, f"{name or '.'}/, which it lists, has other files")
    elif fact.kind == "exists":
        if now.paths.get(name) in _OTHER_NAMES or now.exists.get(name, value) != value:
            return Cause(changed, f"{name}, which it looks for, has come or gone")
    elif fact.kind == "env":
        if now.env.get(name, value) != value:
            what = "the environment" if name == "*" else f"the environment variable {name}"
            return Cause(ReasonKind.ENVIRONMENT_READ, f"{what}, which it reads, changed")
    elif fact.kind == "name":
        if name in now.appeared:
            text = f"{now.appeared[name]} is new and answers `import {name}`"
            return Cause(ReasonKind.NAME_APPEARED, text)
    elif fact.kind == "opaque" and now.anything:
        return Cause(ReasonKind.OPAQUE, f"it {name}, so any change may affect it")
    return None
