"""Makes nodes of what the probe wrote: lines become units, paths become digests."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from assay.change.semantics import read_source
from assay.impact.imports import find_imports
from assay.model.impact import (
    ABSENT,
    MODULE_PREFIX,
    TEST_PREFIX,
    LineSet,
    Node,
    TestRecord,
    UnitRef,
    module_key,
    test_key,
)
from assay.model.run import CollectedItem
from assay.model.source import SourceFile, Unit, decode

CHANGED_MEANWHILE = "changed while it was recorded"


class Tree:
    """The repository's files as they are now, each read at most once."""

    def __init__(self, repo: Path) -> None:
        self.repo = repo
        self._content: dict[str, bytes | None] = {}
        self._sources: dict[str, SourceFile] = {}

    def content(self, path: str) -> bytes | None:
        """The file's bytes, None if it cannot be read."""
        if path not in self._content:
            try:
                self._content[path] = (self.repo / path).read_bytes()
            except OSError:
                self._content[path] = None
        return self._content[path]

    def sha(self, path: str) -> str:
        content = self.content(path)
        return ABSENT if content is None else hashlib.sha256(content).hexdigest()

    def source(self, path: str) -> SourceFile | None:
        """The file divided into units; None if it is not there."""
        content = self.content(path)
        if content is None:
            return None
        if path not in self._sources:
            self._sources[path] = read_source(path, content)
        return self._sources[path]

    def directory(self, path: str) -> str:
        """A digest of the names in a directory."""
        try:
            names = sorted(entry.name for entry in (self.repo / path).iterdir())
        except OSError:
            return ABSENT
        # What running tests leaves behind is not a change of the project.
        kept = [name for name in names if name not in ("__pycache__", ".assay", ".pytest_cache")]
        return hashlib.sha256("\0".join(kept).encode("utf-8", "surrogateescape")).hexdigest()

    def forget(self) -> None:
        self._content.clear()
        self._sources.clear()


@dataclass(slots=True)
class _Books:
    """What has been booked on one node so far."""

    lines: dict[str, int]
    reads: set[str]
    dirs: set[str]
    names: set[str]
    uses: set[str]
    opaque: set[str]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording run adds to the map."""

    nodes: Mapping[str, Node]
    tests: Mapping[str, TestRecord]
    files: frozenset[str] = frozenset()


class Recording:
    """Gathers the probe's messages of one run; `finish` makes nodes of them.

    The tree is read when the recording begins, so that a file which changes while the suite runs
    is noticed: whatever ran it is then opaque.
    """

    def __init__(
        self,
        tree: Tree,
        roots: Collection[str],
        python_files: Collection[str],
        items: Iterable[CollectedItem],
    ) -> None:
        self._tree = tree
        items = list(items)
        self._paths = {item.node_id: item.path for item in items}
        self._texts = {
            item.node_id: item.path
            for item in items
            if item.is_doctest or not item.path.endswith(".py")
        }
        self._roots = roots
        self._files = frozenset(python_files)
        self._books: dict[str, _Books] = {}
        self._tests: dict[str, TestRecord] = {}
        self._read: dict[str, str] = {}
        self._listed: dict[str, str] = {}
        self._at_start = {path: tree.sha(path) for path in self._files}

    def add_sinks(self, sinks: Mapping[str, Mapping[str, Any]]) -> None:
        for key, sink in sinks.items():
            books = self._books.get(key)
            if books is None:
                books = self._books[key] = _Books({}, set(), set(), set(), set(), set())
            for path, mask in sink["lines"].items():
                books.lines[path] = books.lines.get(path, 0) | int(mask, 16)
            for path in sink["reads"]:
                # Now, not at the end: a test may change what another has read.
                self._read.setdefault(path, self._tree.sha(path))
            for path in sink["dirs"]:
                self._listed.setdefault(path, self._tree.directory(path))
            books.reads.update(sink["reads"])
            books.dirs.update(sink["dirs"])
            books.names.update(sink["names"])
            books.uses.update(sink["uses"])
            books.opaque.update(sink["opaque"])

    def add_test(self, node_id: str, record: TestRecord) -> None:
        self._tests[node_id] = record

    def add_opaque(self, keys: Iterable[str], why: str) -> None:
        for key in keys:
            if key in self._books:
                self._books[key].opaque.add(why)

    def fixture_keys(self) -> tuple[str, ...]:
        return tuple(key for key in self._books if key.startswith("fixture:"))

    def finish(self) -> Recorded:
        """The nodes of every finished test and of all that tests share."""
        now = Tree(self._tree.repo)
        ran = {path for books in self._books.values() for path in books.lines}
        unstable = {path for path in ran if now.sha(path) != self._at_start.get(path)}
        finished = {test_key(node_id) for node_id in self._tests}
        nodes = {
            key: self._node(key, books, unstable)
            for key, books in self._books.items()
            if key in finished or not key.startswith("test:")
        }
        for key in finished - nodes.keys():
            nodes[key] = Node(key)
        return Recorded(nodes, dict(self._tests), self._files)

    def _node(self, key: str, books: _Books, unstable: Collection[str]) -> Node:
        units: set[UnitRef] = set()
        lines: dict[str, LineSet] = {}
        uses = set(books.uses)
        opaque = set(books.opaque)
        for path, mask in books.lines.items():
            source = self._tree.source(path)
            if path in unstable or source is None:
                opaque.add(f"{path} {CHANGED_MEANWHILE}")
                continue
            units.update(UnitRef(path, u.name, u.digest) for u in units_of_mask(source, mask))
            lines[path] = LineSet(source.sha, mask)
            uses.add(module_key(path))
        names = set(books.names)
        if key.startswith(MODULE_PREFIX):
            self._follow_imports(key.removeprefix(MODULE_PREFIX), uses, names, units)
        files = {path: self._read[path] for path in books.reads}
        if key.startswith(TEST_PREFIX):
            node_id = key.removeprefix(TEST_PREFIX)
            uses.update(self._conftests_above(node_id))
            # A test whose text lies in a docstring or a text file depends on that file's text.
            if node_id in self._texts:
                files[self._texts[node_id]] = self._tree.sha(self._texts[node_id])
        uses.discard(key)
        return Node(
            key=key,
            units=frozenset(units),
            lines=lines,
            files=files,
            dirs={path: self._listed[path] for path in books.dirs},
            names=frozenset(names),
            uses=frozenset(uses),
            opaque=frozenset(opaque),
        )

    def _conftests_above(self, node_id: str) -> set[str]:
        """A test depends on every conftest that applies to it."""
        path = self._paths.get(node_id, "")
        found = set()
        for parent in PurePosixPath(path).parents:
            conftest = "conftest.py" if str(parent) == "." else f"{parent}/conftest.py"
            if conftest in self._files:
                found.add(module_key(conftest))
        return found

    def _follow_imports(
        self, path: str, uses: set[str], names: set[str], units: set[UnitRef]
    ) -> None:
        """A module depends on its own body and on all that its import statements reach."""
        source = self._tree.source(path)
        if source is None:
            return
        units.add(UnitRef(path, source.module.name, source.module.digest))
        content = self._tree.content(path) or b""
        try:
            text = decode(content)
        except (SyntaxError, LookupError, UnicodeDecodeError):
            text = content.decode("utf-8", "replace")
        found = find_imports(path, text, self._roots, self._files)
        uses.update(module_key(reached) for reached in found.paths)
        names.update(found.names)


def units_of_mask(source: SourceFile, mask: int) -> list[Unit]:
    """The units that any of the lines belong to."""
    rest = mask
    found = []
    for unit in source.units[1:]:
        span = (1 << (unit.last_line + 1)) - (1 << unit.body_line)
        if mask & span:
            found.append(unit)
        rest &= ~span
    if rest:
        found.append(source.module)
    return found
