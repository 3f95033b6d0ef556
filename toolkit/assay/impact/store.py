"""Keeps the impact map in an sqlite file: by content, so that it stays valid across branches.

A damaged store, or one of another schema, is set aside and begun anew: never trusted, never lost.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from assay.errors import StateError
from assay.impact import bound, database
from assay.impact.merge import carried, merged
from assay.impact.record import Recorded
from assay.impact.write import SAVED, Writer
from assay.model.impact import (
    EMPTY_MAP,
    MODULE_PREFIX,
    TEST_PREFIX,
    Block,
    Fact,
    ImpactMap,
    LineSet,
    Node,
    Source,
    TestRecord,
    module_key,
    test_key,
)
from assay.model.run import TestOutcome


@dataclass(frozen=True, slots=True)
class Opened:
    """A store ready for use, and what had to be said about it ("" if nothing)."""

    store: Store
    notice: str


class Store:
    """One sqlite file with one writer at a time."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self.path = path
        self._written = False

    def close(self) -> None:
        if self._written:
            database.seal(self._db, self.path)
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- reading

    def load(self) -> ImpactMap:
        """The whole map."""
        ids = [row[0] for row in self._db.execute("SELECT id FROM node")]
        return replace(self.part(ids), tests=self.tests())

    def tests(self, wanted: Iterable[str] | None = None) -> dict[str, TestRecord]:
        """The records of some tests (of all: None), by node id."""
        query = "SELECT key, outcome, seconds, path, place FROM node WHERE outcome IS NOT NULL"
        if wanted is None:
            rows = list(self._db.execute(query))
        else:
            query += " AND key = ?"
            rows = [row for t in wanted for row in self._db.execute(query, (test_key(t),))]
        return {
            key.removeprefix(TEST_PREFIX): TestRecord(_OUTCOMES[outcome], seconds, path, place)
            for key, outcome, seconds, path, place in rows
        }

    def standing(self, settled: Collection[TestOutcome]) -> list[tuple[str, str, bool]]:
        """Every test's node id and file, and whether it ended in one of these ways."""
        marks = ",".join("?" * len(settled))
        return self._db.execute(
            f"SELECT substr(key, {len(TEST_PREFIX) + 1}), path, outcome IN ({marks}) FROM node"
            " WHERE outcome IS NOT NULL",
            [outcome.value for outcome in settled],
        ).fetchall()

    def test_files(self) -> frozenset[str]:
        query = "SELECT DISTINCT path FROM node WHERE outcome IS NOT NULL"
        return frozenset(row[0] for row in self._db.execute(query))

    def part(self, ids: Iterable[int]) -> ImpactMap:
        """Only these nodes, by row; no tests' records."""
        keys: dict[int, str] = {}
        lines: dict[int, dict[str, LineSet]] = {}
        facts: dict[int, dict[str, dict[str, str]]] = {}
        with self._chosen(ids):
            for node, key in self._db.execute(
                "SELECT id, key FROM node WHERE id IN (SELECT id FROM chosen)"
            ):
                keys[node] = key
            sets = {
                block: (path, LineSet(sha, int.from_bytes(mask, "little")))
                for block, path, sha, mask in self._db.execute(
                    "SELECT b.id, f.path, f.sha, b.mask FROM block b JOIN file f ON f.id = b.file"
                    " WHERE b.id IN (SELECT block FROM node_block WHERE node IN"
                    " (SELECT id FROM chosen))"
                )
            }
            for node, block in self._db.execute(
                "SELECT node, block FROM node_block WHERE node IN (SELECT id FROM chosen)"
            ):
                path, line_set = sets[block]
                lines.setdefault(node, {})[path] = line_set
            for node, kind, name, value in self._db.execute(
                "SELECT nf.node, f.kind, f.name, f.value FROM node_fact nf"
                " JOIN fact f ON f.id = nf.fact WHERE nf.node IN (SELECT id FROM chosen)"
            ):
                facts.setdefault(node, {}).setdefault(kind, {})[name] = value
        nodes = {
            key: _node(key, lines.get(node, {}), facts.get(node, {})) for node, key in keys.items()
        }
        return ImpactMap(nodes, {}, self.fingerprint(), self.python_files())

    @contextlib.contextmanager
    def _chosen(self, ids: Iterable[int]) -> Iterator[None]:
        """A temporary table of rows: a list of any length as a condition."""
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (id INTEGER PRIMARY KEY)")
        self._db.execute("DELETE FROM chosen")
        self._db.executemany("INSERT OR IGNORE INTO chosen VALUES (?)", ((i,) for i in ids))
        yield

    def times(self) -> dict[str, int]:
        """When each node was written, by key; those of an earlier assay are missing."""
        query = (
            "SELECT n.key, f.name FROM fact f JOIN node_fact nf ON nf.fact = f.id"
            " JOIN node n ON n.id = nf.node WHERE f.kind = ?"
        )
        return {key: int(name) for key, name in self._db.execute(query, (SAVED,))}

    def fingerprint(self) -> tuple[str, ...]:
        return tuple(self.meta("fingerprint").splitlines())

    def python_files(self) -> frozenset[str]:
        return frozenset(filter(None, self.meta("files").split("\0")))

    def is_empty(self) -> bool:
        return self._db.execute("SELECT 1 FROM node LIMIT 1").fetchone() is None

    def sources(self) -> list[Source]:
        """Every file at every content that some node ran."""
        return [(path, sha) for path, sha in self._db.execute("SELECT path, sha FROM file")]

    def texts(self, sources: Collection[Source] | None = None) -> dict[Source, str]:
        """Texts of recorded files (all of them: None); those that were no text are missing."""
        if sources is None:
            rows = self._db.execute("SELECT path, sha, text FROM file WHERE text IS NOT NULL")
        else:
            query = "SELECT path, sha, text FROM file WHERE path = ? AND text IS NOT NULL"
            paths = sorted({path for path, _ in sources})
            rows = (row for path in paths for row in self._db.execute(query, (path,)))  # type: ignore[assignment]
        return {
            (path, sha): zlib.decompress(text).decode("utf-8", "surrogatepass")
            for path, sha, text in rows
            if sources is None or (path, sha) in sources
        }

    def blocks(self, paths: Iterable[str]) -> list[Block]:
        """The recorded line sets of some files, at all contents."""
        query = (
            "SELECT b.id, f.path, f.sha, b.mask FROM block b JOIN file f ON f.id = b.file"
            " WHERE f.path = ?"
        )
        return [
            Block(block, (path, sha), int.from_bytes(mask, "little"))
            for wanted in sorted(set(paths))
            for block, path, sha, mask in self._db.execute(query, (wanted,))
        ]

    def facts(self, *kinds: str) -> list[Fact]:
        """Every fact of some kinds."""
        marks = ",".join("?" * len(kinds))
        query = f"SELECT id, kind, name, value FROM fact WHERE kind IN ({marks})"
        return [Fact(*row) for row in self._db.execute(query, kinds)]

    def nodes_by_block(self, blocks: Iterable[int]) -> list[tuple[int, int]]:
        """(node, block) for every node that has one of these blocks, by row."""
        query = "SELECT node, block FROM node_block WHERE block IN (SELECT id FROM chosen)"
        with self._chosen(blocks):
            return list(self._db.execute(query))

    def nodes_by_fact(self, facts: Iterable[int]) -> list[tuple[int, int]]:
        """(node, fact) for every node that has one of these facts, by row."""
        query = "SELECT node, fact FROM node_fact WHERE fact IN (SELECT id FROM chosen)"
        with self._chosen(facts):
            return list(self._db.execute(query))

    def keys(self, nodes: Iterable[int]) -> dict[int, str]:
        """The keys of some nodes, by row."""
        with self._chosen(nodes):
            return dict(
                self._db.execute("SELECT id, key FROM node WHERE id IN (SELECT id FROM chosen)")
            )

    def closure(self, nodes: Iterable[int]) -> set[int]:
        """The nodes, and all that depend on one of them, directly or through others."""
        found = set(nodes)
        fresh = set(found)
        while fresh:
            users: set[int] = set()
            for key in self.keys(fresh).values():
                users |= self.users(key)
            fresh = users - found
            found |= fresh
        return found

    def users(self, key: str) -> set[int]:
        """The nodes that depend on a node directly, whether it is recorded itself or not."""
        found = {row[0] for row in self._db.execute(_USERS, (key,))}
        if key.startswith(MODULE_PREFIX):
            path = key.removeprefix(MODULE_PREFIX)
            found |= {row[0] for row in self._db.execute(_RUNNERS, (path,))}
        return found

    def rows_of(self, keys: Iterable[str]) -> set[int]:
        """The rows of the nodes that there are under these keys."""
        query = "SELECT id FROM node WHERE key = ?"
        return {row[0] for key in keys for row in self._db.execute(query, (key,))}

    def meta(self, key: str) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return "" if row is None else str(row[0])

    # -- writing

    def save(
        self,
        recorded: Recorded,
        fingerprint: tuple[str, ...],
        gone: Iterable[str],
        owed: Iterable[str] = (),
        meta: Mapping[str, str] | None = None,
        renewed: Iterable[str] = (),
    ) -> None:
        """Write a run's nodes in one transaction.

        A change of the environment empties the map first: nothing recorded in another one is
        known to hold. Shared nodes are merged with what is stored (a run of few tests sees less of
        a fixture than the whole suite does); tests are replaced. `gone` are node ids to forget.
        `owed` are tests that something recorded anew affects and that did not run (an interrupt,
        fewer tests asked for): what they share is up to date from now on, so the debt itself has
        to be written down. `renewed` are shared nodes of which what earlier runs saw is forgotten:
        tests that depend on them and did not run are owed, too.
        """
        with self._transaction():
            if self._other_environment(fingerprint):
                for table in ("node_block", "node_fact", "node"):
                    self._db.execute(f"DELETE FROM {table}")
            known, gone = set(renewed), set(gone)
            # Also tests that another process has recorded since the caller looked.
            left = self._tests_above({*known, *map(test_key, gone)}) - recorded.tests.keys()
            shared = [key for key in recorded.nodes if not key.startswith(TEST_PREFIX)]
            stored = self.part(self.rows_of(key for key in shared if key not in known)).nodes
            self._set_meta("fingerprint", "\n".join(fingerprint))
            olds = {(p, ls.sha) for node in stored.values() for p, ls in node.lines.items()}
            texts = {**self.texts(olds), **recorded.texts}
            writer = Writer(self._db, texts)
            for key, node in recorded.nodes.items():
                old = stored.get(key)
                record = recorded.tests.get(key.removeprefix(TEST_PREFIX))
                if old is not None:
                    node = merged(carried(old, node, texts), node)  # noqa: PLW2901
                writer.write(node, record)
            for key in (*map(test_key, gone), *(known - recorded.nodes.keys())):
                writer.delete(key)
            self._db.executemany(
                "UPDATE node SET outcome = ? WHERE key = ?",
                [(TestOutcome.NOT_RUN.value, test_key(test)) for test in left.union(owed)],
            )
            self._set_meta("files", "\0".join(sorted(recorded.files)))
            for key, value in (meta or {}).items():
                self._set_meta(key, value)
            self._prune()

    def replace_all(
        self,
        impact: ImpactMap,
        texts: Mapping[Source, str],
        times: Mapping[str, int],
        meta: Mapping[str, str],
    ) -> None:
        """Write a whole map in place of what is stored; each node keeps its time."""
        with self._transaction():
            for table in ("node_block", "node_fact", "node"):
                self._db.execute(f"DELETE FROM {table}")
            writers: dict[int, Writer] = {}
            for key, node in impact.nodes.items():
                saved = times.get(key, 0)
                writer = writers.setdefault(saved, Writer(self._db, texts, saved))
                writer.write(node, impact.tests.get(key.removeprefix(TEST_PREFIX)))
            self._set_meta("fingerprint", "\n".join(impact.fingerprint))
            self._set_meta("files", "\0".join(sorted(impact.files)))
            for key, value in meta.items():
                self._set_meta(key, value)
            self._prune()

    def note(self, meta: Mapping[str, str]) -> None:
        """Write down what is known of the map as a whole."""
        with self._transaction():
            for key, value in meta.items():
                self._set_meta(key, value)

    def _tests_above(self, keys: Iterable[str]) -> set[str]:
        """The node ids of the tests among some nodes and all that depend on one of them."""
        found = self.keys(self.closure(self.rows_of(keys))).values()
        return {key.removeprefix(TEST_PREFIX) for key in found if key.startswith(TEST_PREFIX)}

    def _other_environment(self, fingerprint: tuple[str, ...]) -> bool:
        known = self.meta("fingerprint")
        return bool(known) and tuple(known.splitlines()) != fingerprint

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as problem:
            raise database.unusable(self.path, problem) from problem
        try:
            yield
            self._db.execute("COMMIT")
            self._written = True
        except BaseException as problem:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(problem, sqlite3.OperationalError):
                raise database.unusable(self.path, problem) from problem
            raise

    def _prune(self) -> None:
        """Forget contents that no node refers to any more."""
        self._db.execute(
            "DELETE FROM block WHERE NOT EXISTS (SELECT 1 FROM node_block WHERE block = block.id)"
        )
        self._db.execute(
            "DELETE FROM fact WHERE NOT EXISTS (SELECT 1 FROM node_fact WHERE fact = fact.id)"
        )
        self._db.execute(
            "DELETE FROM file WHERE NOT EXISTS (SELECT 1 FROM block WHERE file = file.id)"
        )

    def _set_meta(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


_USERS = (
    "SELECT node FROM node_fact WHERE fact IN (SELECT id FROM fact WHERE kind = 'use' AND name = ?)"
)
_RUNNERS = (
    "SELECT node FROM node_block WHERE block IN (SELECT b.id FROM block b"
    " JOIN file f ON f.id = b.file WHERE f.path = ?)"
)
_OUTCOMES = {outcome.value: outcome for outcome in TestOutcome}


def _node(key: str, lines: Mapping[str, LineSet], facts: Mapping[str, Mapping[str, str]]) -> Node:
    implied = frozenset(module_key(path) for path in lines) - {key}
    return Node(
        key=key,
        lines=lines,
        files=facts.get("file", {}),
        dirs=facts.get("dir", {}),
        exists=facts.get("exists", {}),
        env=facts.get("env", {}),
        names=frozenset(facts.get("name", ())),
        uses=implied.union(facts.get("use", ())),
        opaque=frozenset(facts.get("opaque", ())),
        flags=frozenset(facts.get("flag", ())),
    )


def open_store(path: Path) -> Opened:
    """Open or create the store; a damaged or newer one is moved beside it first."""
    connection, notice = database.connect(path)
    return Opened(Store(connection, path), notice)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[tuple[Store, str]]:
    """The store for reading, and what has to be said of it; an empty one where there is none.

    Nothing is written, not even beside the file, and what another process writes meanwhile is not
    seen: what is asked in several questions fits together.
    """
    connection, notice = database.snapshot(path)
    with contextlib.closing(connection):
        yield Store(connection, path), notice


def read_map(path: Path) -> tuple[ImpactMap, str]:
    """The map without writing anything, and why it is empty if that needs saying."""
    with reading(path) as (store, notice):
        return (EMPTY_MAP if store.is_empty() else store.load()), notice


def copy_map(source: Path, target: Path) -> None:
    """A whole and consistent copy of the store, whoever writes meanwhile; StateError if it fails.

    The target appears at once and complete, or not at all.
    """
    partial = target.with_name(f"{target.name}.partial-{time.time_ns()}")
    try:
        with (
            contextlib.closing(database.open_as(source, "ro")) as old,
            contextlib.closing(bound.connect(partial)) as new,
        ):
            old.backup(new)
        partial.replace(target)
    except (sqlite3.Error, OSError) as problem:
        raise StateError(f"cannot copy {source} to {target}: {problem}") from problem
    finally:
        partial.unlink(missing_ok=True)


def why_no_map(path: Path) -> str:
    """Why a file cannot be used as a map, in words; empty if it can."""
    if not path.is_file():
        return "is no file"
    try:
        problem = database.problem_with(path, "ro")
    except StateError as error:
        return error.message
    if problem:
        return problem
    with reading(path) as (store, _):
        return "holds no map" if store.is_empty() else ""


def set_aside_if_damaged(path: Path) -> str:
    """Move a store that cannot be used; what is to be said of it."""
    problem = database.problem_with(path, "rw") if path.exists() else ""
    return (
        f"the impact map {problem}: set aside as {database.set_aside(path).name}" if problem else ""
    )
