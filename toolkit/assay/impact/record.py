"""Makes nodes of what the probe wrote: lines become units, paths become digests."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from assay.change.semantics import read_source
from assay.impact.imports import candidates, find_imports
from assay.impact.memo import Suspicion, suspects
from assay.impact.reading import Reading, read_file
from assay.model.impact import (
    ABSENT,
    COLLECT_PREFIX,
    MEMO_PREFIX,
    MODULE_PREFIX,
    POSITIONS,
    SESSION_KEY,
    TEST_PREFIX,
    UNSEEN_NAMES,
    LineSet,
    Node,
    Source,
    TestRecord,
    module_key,
    test_key,
)
from assay.model.run import CollectedItem
from assay.model.source import SourceFile, Unit, decode

CHANGED_MEANWHILE = "changed while it was recorded"

BEYOND_US = "which assay's own Python cannot parse"

POSITION_WORDS = frozenset(
    """
    f_lineno tb_lineno co_firstlineno co_lines co_positions getsource
    getsourcelines findsource getframeinfo getinnerframes getouterframes extract_tb extract_stack
    format_exc format_exception format_tb format_stack print_exc walk_tb walk_stack getcomments
    """.split()
)
"""Names by which code asks for line numbers or for the text of other code."""

TEST_POSITION_WORDS = POSITION_WORDS | {"lineno", "end_lineno"}
"""In a test, these are positions in the code under test; elsewhere mostly those of other texts."""


LEFTOVERS = frozenset({"__pycache__", ".assay", ".pytest_cache"})
"""Directories that running tests leaves behind: no part of the project."""


def is_leftover(path: str) -> bool:
    return not LEFTOVERS.isdisjoint(path.split("/"))


SHARED_BEFORE_TESTS = (MODULE_PREFIX, SESSION_KEY, COLLECT_PREFIX)
"""Nodes that ran before any test did: what these left behind is there even for a test alone."""


class Tree:
    """The repository's files as they are now, each read at most once."""

    def __init__(self, repo: Path) -> None:
        self.repo = repo
        self._prefix = f"{repo}/"
        self._shas: dict[str, str] = {}
        self._content: dict[str, bytes | None] = {}
        self._texts: dict[str, str | None] = {}
        self._sources: dict[str, SourceFile] = {}

    def content(self, path: str) -> bytes | None:
        """The file's bytes, None if it cannot be read."""
        if path not in self._content:
            try:
                # Thousands of files: joining texts is cheaper than making path objects.
                with open(f"{self._prefix}{path}", "rb") as file:  # noqa: PTH123
                    self._content[path] = file.read()
            except OSError:
                self._content[path] = None
        return self._content[path]

    def sha(self, path: str) -> str:
        found = self._shas.get(path)
        if found is None:
            content = self.content(path)
            found = ABSENT if content is None else hashlib.sha256(content).hexdigest()
            self._shas[path] = found
        return found

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
        if is_leftover(path):
            return ABSENT
        try:
            names = sorted(entry.name for entry in (self.repo / path).iterdir())
        except OSError:
            return ABSENT
        # What running tests leaves behind is not a change of the project.
        kept = [name for name in names if name not in LEFTOVERS]
        return hashlib.sha256("\0".join(kept).encode("utf-8", "surrogateescape")).hexdigest()

    def kind(self, path: str) -> str:
        """What there is at a path: "file", "directory", or `ABSENT`."""
        if is_leftover(path):
            return ABSENT
        full = self.repo / path
        if full.is_dir():
            return "directory"
        return "file" if full.exists() or full.is_symlink() else ABSENT

    def text(self, path: str) -> str | None:
        """The file's text; None if it is not there, or not a text by its own encoding."""
        if path not in self._texts:
            content = self.content(path)
            self._texts[path] = None if content is None else text_of(content)
        return self._texts[path]

    def forget(self) -> None:
        self._shas.clear()
        self._content.clear()
        self._texts.clear()
        self._sources.clear()


def text_of(content: bytes) -> str | None:
    """A Python file's text; None where its encoding does not fit."""
    try:
        return decode(content)
    except (SyntaxError, LookupError, UnicodeDecodeError):
        return None


def env_digest(value: str | None) -> str:
    """What is kept of an environment variable: enough to see that it changed, never the value."""
    if value is None:
        return ABSENT
    return hashlib.sha256(b"assay" + value.encode("utf-8", "surrogateescape")).hexdigest()[:20]


ALL_VARIABLES = "*"


def variable_digest(name: str, environ: Mapping[str, str]) -> str:
    """The digest of one variable, or of all of them for `ALL_VARIABLES`."""
    if name == ALL_VARIABLES:
        return env_digest("\0".join(f"{key}={environ[key]}" for key in sorted(environ)))
    return env_digest(environ.get(name))


@dataclass(slots=True)
class _Books:
    """What has been booked on one node so far."""

    lines: dict[str, int]
    reads: set[str] = field(default_factory=set)
    dirs: set[str] = field(default_factory=set)
    exists: set[str] = field(default_factory=set)
    env: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)
    memo: set[str] = field(default_factory=set)


SETS = ("reads", "dirs", "exists", "env", "names", "uses", "opaque", "memo")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording run adds to the map: `texts` are those of the files that ran."""

    nodes: Mapping[str, Node]
    tests: Mapping[str, TestRecord]
    files: frozenset[str] = frozenset()
    texts: Mapping[Source, str] = field(default_factory=dict)


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
        environ: Mapping[str, str] | None = None,
        at_start: Mapping[str, str] | None = None,
    ) -> None:
        self._tree = tree
        items = list(items)
        self._paths = {item.node_id: item.path for item in items}
        self._places = {item.node_id: number for number, item in enumerate(items)}
        self._environ = environ or {}
        self._texts = {
            item.node_id: item.path
            for item in items
            if item.is_doctest or not item.path.endswith(".py")
        }
        self._test_files = frozenset(item.path for item in items)
        self._roots = roots
        self._files = frozenset(python_files)
        self._books: dict[str, _Books] = {}
        self._tests: dict[str, TestRecord] = {}
        self._read: dict[str, str] = {}
        self._listed: dict[str, str] = {}
        self._probed: dict[str, str] = {}
        self._readings: dict[str, Reading] = {}
        self._chains: dict[str, list[tuple[int, str]]] = {}
        if at_start is None:
            at_start = {path: tree.sha(path) for path in self._files}
        self._at_start = at_start

    def add_sinks(self, sinks: Mapping[str, Mapping[str, Any]]) -> None:
        for key, sink in sinks.items():
            books = self._books.get(key)
            if books is None:
                books = self._books[key] = _Books({})
            reads = set(sink["reads"])
            for path, mask in sink["lines"].items():
                if path.endswith(".py"):
                    books.lines[path] = books.lines.get(path, 0) | int(mask, 16)
                else:
                    # A template compiled under its own name, a script: its text is what counts.
                    reads.add(path)
            books.reads.update(reads)
            for path in reads:
                # Now, not at the end: a test may change what another has read.
                self._read.setdefault(path, self._tree.sha(path))
            for path in sink["dirs"]:
                self._listed.setdefault(path, self._tree.directory(path))
            for path in sink.get("exists", ()):
                self._probed.setdefault(path, self._tree.kind(path))
            for name in SETS:
                getattr(books, name).update(sink.get(name, ()))

    def add_test(self, node_id: str, record: TestRecord) -> None:
        path, place = self._paths.get(node_id, ""), self._places.get(node_id, 0)
        self._tests[node_id] = replace(record, path=path, place=place)

    def add_opaque(self, keys: Iterable[str], why: str) -> None:
        for key in keys:
            if key in self._books:
                self._books[key].opaque.add(why)

    def fixture_keys(self) -> tuple[str, ...]:
        return tuple(key for key in self._books if key.startswith("fixture:"))

    def suspicions(self) -> dict[str, list[Suspicion]]:
        """Tests of this run that may have used what others left behind, by node key."""
        ran = {key: books.lines for key, books in self._books.items()}
        files = {path: self._reading(path).kept for masks in ran.values() for path in masks}
        hits = {key: books.memo for key, books in self._books.items() if books.memo}
        order = {test_key(node_id): number for number, node_id in enumerate(self._tests)}
        found = suspects(ran, hits, files, order)
        return {key: signs for key, signs in found.items() if self._is_finished(key)}

    def _is_finished(self, key: str) -> bool:
        return key.removeprefix(TEST_PREFIX) in self._tests

    def settle(self, suspicions: Mapping[str, Iterable[Suspicion]], alone: Collection[str]) -> None:
        """Book what suspects may have used. `alone` are the node ids that ran by themselves too:
        what they need they made then, if it was not there since the import."""
        for key, signs in suspicions.items():
            by_itself = key.removeprefix(TEST_PREFIX) in alone
            for sign in signs:
                makers = sign.makers
                if by_itself:
                    makers = frozenset(m for m in makers if m.startswith(SHARED_BEFORE_TESTS))
                if makers and key in self._books:
                    memo = MEMO_PREFIX + sign.what
                    self._books.setdefault(memo, _Books({})).uses.update(makers)
                    self._books[key].uses.add(memo)

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
        for path in ran - unstable:
            # Run as a script or by exec: nobody imported it, its import statements count the same.
            key = module_key(path)
            if key not in nodes:
                nodes[key] = self._node(key, _Books({}), unstable)
        return Recorded(nodes, dict(self._tests), self._files, self._texts_of(nodes.values()))

    def _texts_of(self, nodes: Iterable[Node]) -> dict[Source, str]:
        """The recorded files as they were: what a later change is compared with."""
        found: dict[Source, str] = {}
        for node in nodes:
            for path, lines in node.lines.items():
                text = self._tree.text(path)
                if text is not None:
                    found[path, lines.sha] = text
        return found

    def _node(self, key: str, books: _Books, unstable: Collection[str]) -> Node:
        lines: dict[str, LineSet] = {}
        uses = set(books.uses)
        opaque = set(books.opaque)
        flags: set[str] = set()
        for path, mask in books.lines.items():
            if path in unstable or self._tree.content(path) is None:
                opaque.add(f"{path} {CHANGED_MEANWHILE}")
                continue
            lines[path] = LineSet(self._tree.sha(path), mask)
            reading = self._reading(path)
            if not reading.parses:
                opaque.add(f"ran {path}, {BEYOND_US}")
            if mask & reading.positions:
                flags.add(POSITIONS)
            self._follow_chains(path, mask, uses)
        names = set(books.names)
        if key.startswith(MODULE_PREFIX):
            self._follow_imports(key.removeprefix(MODULE_PREFIX), uses, names, lines)
        files = {path: self._read[path] for path in books.reads}
        if key.startswith(TEST_PREFIX):
            node_id = key.removeprefix(TEST_PREFIX)
            uses.update(self._conftests_above(node_id))
            # A test whose text lies in a docstring or a text file depends on that file's text.
            if node_id in self._texts:
                files[self._texts[node_id]] = self._tree.sha(self._texts[node_id])
                flags.add(UNSEEN_NAMES)
        uses.discard(key)
        return Node(
            key=key,
            lines=lines,
            files=files,
            dirs={path: self._listed[path] for path in books.dirs},
            exists={path: self._probed[path] for path in books.exists},
            env={name: self.variable(name) for name in books.env},
            names=frozenset(names),
            uses=frozenset(uses - {module_key(path) for path in lines}),
            opaque=frozenset(opaque),
            flags=frozenset(flags),
        )

    def variable(self, name: str) -> str:
        """The digest of an environment variable as the tests saw it."""
        return variable_digest(name, self._environ)

    def _follow_chains(self, path: str, mask: int, uses: set[str]) -> None:
        """`shop.fast.SPEED` uses the submodule, whoever imported it."""
        if path not in self._chains:
            self._chains[path] = [
                (lines, module_key(file))
                for dotted, lines in self._reading(path).chains.items()
                for file in candidates(path, dotted, self._roots, self._files)
                if not file.endswith("__init__.py") or file.startswith(dotted.replace(".", "/"))
            ]
        uses.update(key for lines, key in self._chains[path] if lines & mask)

    def _reading(self, path: str) -> Reading:
        if path not in self._readings:
            words = TEST_POSITION_WORDS if path in self._test_files else POSITION_WORDS
            text = self._tree.text(path)
            if text is None:
                text = (self._tree.content(path) or b"").decode("utf-8", "replace")
            self._readings[path] = read_file(path, text, words)
        return self._readings[path]

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
        self, path: str, uses: set[str], names: set[str], lines: dict[str, LineSet]
    ) -> None:
        """A module depends on its own body and on all that its import statements reach."""
        if self._tree.content(path) is None:
            return
        # An empty file runs no line; that it was imported is known all the same.
        lines.setdefault(path, LineSet(self._tree.sha(path), 0))
        found = find_imports(path, self._reading(path).asked, self._roots, self._files)
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
