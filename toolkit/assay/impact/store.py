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

from assay.change.semantics import read_source
from assay.errors import StateError
from assay.impact.record import CHANGED_MEANWHILE, Recorded, units_of_mask
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

SCHEMA_VERSION = 2

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE file (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, sha TEXT NOT NULL, text BLOB,
    UNIQUE (path, sha));
CREATE TABLE block (
    id INTEGER PRIMARY KEY, file INTEGER NOT NULL, mask BLOB NOT NULL,
    UNIQUE (file, mask));
CREATE TABLE fact (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    UNIQUE (kind, name, value));
CREATE TABLE node (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,
    outcome TEXT, seconds REAL, path TEXT, place INTEGER);
CREATE TABLE node_block (
    block INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY (block, node)) WITHOUT ROWID;
CREATE INDEX block_of_node ON node_block (node, block);
CREATE TABLE node_fact (
    fact INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY (fact, node)) WITHOUT ROWID;
CREATE INDEX fact_of_node ON node_fact (node, fact);
"""

BUSY_SECONDS = 30.0

SAVED = "saved"
"""The kind of the fact that tells when a node was written: nanoseconds, with leading zeros."""

_MAPS = {"file": "files", "dir": "dirs", "exists": "exists", "env": "env"}
_SETS = {"name": "names", "use": "uses", "opaque": "opaque", "flag": "flags"}


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

    def close(self) -> None:
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

    def tests(self) -> dict[str, TestRecord]:
        """Every test's record, by node id."""
        query = "SELECT key, outcome, seconds, path, place FROM node WHERE outcome IS NOT NULL"
        return {
            key.removeprefix(TEST_PREFIX): TestRecord(_OUTCOMES[outcome], seconds, path, place)
            for key, outcome, seconds, path, place in self._db.execute(query)
        }

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
                users.update(row[0] for row in self._db.execute(_USERS, (key,)))
                if key.startswith(MODULE_PREFIX):
                    path = key.removeprefix(MODULE_PREFIX)
                    users.update(row[0] for row in self._db.execute(_RUNNERS, (path,)))
            fresh = users - found
            found |= fresh
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
    ) -> None:
        """Write a run's nodes in one transaction.

        A change of the environment empties the map first: nothing recorded in another one is
        known to hold. Shared nodes are merged with what is stored (a run of few tests sees less of
        a fixture than the whole suite does); tests are replaced. `gone` are node ids to forget.
        `owed` are tests that something recorded anew affects and that did not run (an interrupt,
        fewer tests asked for): what they share is up to date from now on, so the debt itself has
        to be written down.
        """
        with self._transaction():
            if self._other_environment(fingerprint):
                for table in ("node_block", "node_fact", "node"):
                    self._db.execute(f"DELETE FROM {table}")
            shared = [key for key in recorded.nodes if not key.startswith(TEST_PREFIX)]
            stored = self.part(self.rows_of(shared)).nodes
            self._set_meta("fingerprint", "\n".join(fingerprint))
            olds = {(p, ls.sha) for node in stored.values() for p, ls in node.lines.items()}
            texts = {**self.texts(olds), **recorded.texts}
            writer = _Writer(self._db, texts)
            for key, node in recorded.nodes.items():
                old = stored.get(key)
                record = recorded.tests.get(key.removeprefix(TEST_PREFIX))
                if old is not None:
                    node = merged(carried(old, node, texts), node)  # noqa: PLW2901
                writer.write(node, record)
            for node_id in gone:
                writer.delete(test_key(node_id))
            self._db.executemany(
                "UPDATE node SET outcome = ? WHERE key = ?",
                [(TestOutcome.NOT_RUN.value, test_key(node_id)) for node_id in owed],
            )
            files = [path for path in sorted(recorded.files) if _is_text(path)]
            self._set_meta("files", "\0".join(files))
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
            writers: dict[int, _Writer] = {}
            for key, node in impact.nodes.items():
                saved = times.get(key, 0)
                writer = writers.setdefault(saved, _Writer(self._db, texts, saved))
                writer.write(node, impact.tests.get(key.removeprefix(TEST_PREFIX)))
            self._set_meta("fingerprint", "\n".join(impact.fingerprint))
            self._set_meta("files", "\0".join(f for f in sorted(impact.files) if _is_text(f)))
            for key, value in meta.items():
                self._set_meta(key, value)
            self._prune()

    def note(self, meta: Mapping[str, str]) -> None:
        """Write down what is known of the map as a whole."""
        with self._transaction():
            for key, value in meta.items():
                self._set_meta(key, value)

    def _other_environment(self, fingerprint: tuple[str, ...]) -> bool:
        known = self.meta("fingerprint")
        return bool(known) and tuple(known.splitlines()) != fingerprint

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as problem:
            raise _unusable(self.path, problem) from problem
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

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


class _Writer:
    """Writes nodes within a transaction; what several of them share, once."""

    def __init__(
        self, db: sqlite3.Connection, texts: Mapping[Source, str], saved: int | None = None
    ) -> None:
        self._db = db
        self._texts = texts
        self._time = f"{time.time_ns() if saved is None else saved:020}"
        self._files: dict[Source, int] = {}
        self._blocks: dict[tuple[int, bytes], int] = {}
        self._facts: dict[tuple[str, str, str], int] = {}

    def delete(self, key: str) -> None:
        row = self._db.execute("SELECT id FROM node WHERE key = ?", (key,)).fetchone()
        if row is not None:
            for table in ("node_block", "node_fact"):
                self._db.execute(f"DELETE FROM {table} WHERE node = ?", row)
            self._db.execute("DELETE FROM node WHERE id = ?", row)

    def write(self, node: Node, record: TestRecord | None) -> None:
        self.delete(node.key)
        known = (None, None, None, None)
        if record is not None:
            known = (record.outcome.value, record.seconds, record.path, record.place)  # type: ignore[assignment]
        query = "INSERT INTO node (key, outcome, seconds, path, place) VALUES (?, ?, ?, ?, ?)"
        row = self._db.execute(query, (node.key, *known)).lastrowid
        self._db.executemany(
            "INSERT OR IGNORE INTO node_block VALUES (?, ?)",
            [(self._block(path, ls), row) for path, ls in node.lines.items()],
        )
        facts = [
            (kind, name, value)
            for kind, attribute in _MAPS.items()
            for name, value in getattr(node, attribute).items()
        ]
        implied = {module_key(path) for path in node.lines}
        facts.append((SAVED, self._time, ""))
        facts += [
            (kind, name, "")
            for kind, attribute in _SETS.items()
            for name in getattr(node, attribute)
            if name not in implied
        ]
        self._db.executemany(
            "INSERT OR IGNORE INTO node_fact VALUES (?, ?)",
            [(self._fact(fact), row) for fact in facts],
        )

    def _file(self, source: Source) -> int:
        if source not in self._files:
            text = self._texts.get(source)
            data = None if text is None else zlib.compress(_bytes(text), 1)
            self._files[source] = self._interned("file", ("path", "sha"), source, {"text": data})
        return self._files[source]

    def _block(self, path: str, lines: LineSet) -> int:
        file = self._file((path, lines.sha))
        mask = lines.mask.to_bytes((lines.mask.bit_length() + 7) // 8, "little")
        if (file, mask) not in self._blocks:
            self._blocks[file, mask] = self._interned("block", ("file", "mask"), (file, mask), {})
        return self._blocks[file, mask]

    def _fact(self, fact: tuple[str, str, str]) -> int:
        if fact not in self._facts:
            self._facts[fact] = self._interned("fact", ("kind", "name", "value"), fact, {})
        return self._facts[fact]

    def _interned(
        self,
        table: str,
        columns: tuple[str, ...],
        values: tuple[object, ...],
        more: Mapping[str, object],
    ) -> int:
        where = " AND ".join(f"{column} = ?" for column in columns)
        row = self._db.execute(f"SELECT id FROM {table} WHERE {where}", values).fetchone()
        if row is not None:
            return int(row[0])
        names = ", ".join((*columns, *more))
        marks = ", ".join("?" * (len(columns) + len(more)))
        query = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        found = self._db.execute(query, (*values, *more.values())).lastrowid
        assert found is not None
        return found


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


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


def _is_text(path: str) -> bool:
    """Whether sqlite can hold the name: one that is not UTF-8 it cannot."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


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
        lines[path] = LineSet(ours.sha, _same_units(path, before, after, theirs.mask))
    return replace(old, lines=lines)


def _same_units(path: str, before: str, after: str, mask: int) -> int:
    hit = {unit.name for unit in units_of_mask(read_source(path, _bytes(before)), mask)}
    found = 0
    for unit in read_source(path, _bytes(after)).units[1:]:
        if unit.name in hit:
            found |= (1 << (unit.last_line + 1)) - (1 << unit.body_line)
    return found


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


def open_store(path: Path) -> Opened:
    """Open or create the store; a damaged or newer one is moved beside it first."""
    notice = ""
    if path.exists():
        problem = _problem_with(path)
        if problem:
            aside = _set_aside(path)
            notice = f"the impact map {problem}: set aside as {aside.name}, recording a new one"
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        if not _tables(connection):
            connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    return Opened(Store(connection, path), notice)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[tuple[Store, str]]:
    """The store for reading, and what has to be said of it; an empty one where there is none.

    Nothing is written, not even beside the file.
    """
    problem = _problem_with(path) if path.exists() else ""
    if path.exists() and not problem:
        connection = _open_read_only(path)
        # Lists of rows for a condition are kept in memory.
        connection.execute("PRAGMA temp_store = MEMORY")
        if not _tables(connection):
            connection.close()
            connection = _in_memory()
    else:
        connection = _in_memory()
    notice = f"the impact map {problem}: it is not used" if problem else ""
    try:
        yield Store(connection, path), notice
    finally:
        connection.close()


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
            contextlib.closing(_open_read_only(source)) as old,
            contextlib.closing(sqlite3.connect(partial)) as new,
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
        problem = _problem_with(path)
    except StateError as error:
        return error.message
    if problem:
        return problem
    with reading(path) as (store, _):
        return "holds no map" if store.is_empty() else ""


def set_aside_if_damaged(path: Path) -> str:
    """Move a store that cannot be used; what is to be said of it."""
    problem = _problem_with(path) if path.exists() else ""
    return f"the impact map {problem}: set aside as {_set_aside(path).name}" if problem else ""


def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(_SCHEMA)
    return connection


def _open_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )


def _problem_with(path: Path) -> str:
    """What is wrong with the file as a store, in words; empty if it can be used."""
    try:
        connection = _open_read_only(path)
        try:
            if not _tables(connection):
                return ""
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
            if verdict != "ok":
                return f"is damaged ({verdict})"
            row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        finally:
            connection.close()
    except sqlite3.OperationalError as problem:
        if "no such" in str(problem):
            return "is damaged (it is another program's)"
        raise _unusable(path, problem) from problem
    except sqlite3.DatabaseError as problem:
        return f"is damaged ({problem})"
    version = row[0] if row else "none"
    if version != str(SCHEMA_VERSION):
        return f"has schema {version} where this assay has {SCHEMA_VERSION}"
    return ""


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside


def _unusable(path: Path, problem: Exception) -> StateError:
    return StateError(
        f"the state in {path.parent} cannot be used ({problem}): check its permissions"
    )
