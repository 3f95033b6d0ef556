"""Keeps the impact map in an sqlite file: by content, so that it stays valid across branches.

A damaged store, or one of another schema, is set aside and begun anew: never trusted, never lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.errors import StateError
from assay.impact.record import Recorded
from assay.model.impact import EMPTY_MAP, ImpactMap, LineSet, Node, TestRecord, UnitRef
from assay.model.run import TestOutcome

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE unit (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
    UNIQUE (path, name, digest));
CREATE TABLE unitset (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, ids BLOB NOT NULL);
CREATE TABLE lineset (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, mask BLOB NOT NULL);
CREATE TABLE node (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, unitset INTEGER NOT NULL,
    outcome TEXT, seconds REAL);
CREATE TABLE node_lines (
    node INTEGER NOT NULL, path TEXT NOT NULL, sha TEXT NOT NULL, lineset INTEGER NOT NULL,
    PRIMARY KEY (node, path)) WITHOUT ROWID;
CREATE TABLE fact (
    node INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (node, kind, name)) WITHOUT ROWID;
"""

BUSY_SECONDS = 30.0


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
        units = {row[0]: UnitRef(*row[1:]) for row in self._db.execute("SELECT * FROM unit")}
        unitsets = {
            set_id: frozenset(units[unit] for unit in array("I", ids))
            for set_id, ids in self._db.execute("SELECT id, ids FROM unitset")
        }
        masks = {
            set_id: int.from_bytes(mask, "little")
            for set_id, mask in self._db.execute("SELECT id, mask FROM lineset")
        }
        lines: dict[int, dict[str, LineSet]] = {}
        for node, path, sha, lineset in self._db.execute("SELECT * FROM node_lines"):
            lines.setdefault(node, {})[path] = LineSet(sha, masks[lineset])
        facts: dict[int, dict[str, dict[str, str]]] = {}
        for node, kind, name, value in self._db.execute("SELECT * FROM fact"):
            facts.setdefault(node, {}).setdefault(kind, {})[name] = value
        nodes: dict[str, Node] = {}
        tests: dict[str, TestRecord] = {}
        for node, key, unitset, outcome, seconds in self._db.execute("SELECT * FROM node"):
            mine = facts.get(node, {})
            nodes[key] = Node(
                key=key,
                units=unitsets[unitset],
                lines=lines.get(node, {}),
                files=mine.get("file", {}),
                dirs=mine.get("dir", {}),
                names=frozenset(mine.get("name", ())),
                uses=frozenset(mine.get("use", ())),
                opaque=frozenset(mine.get("opaque", ())),
            )
            if outcome is not None:
                tests[key.removeprefix("test:")] = TestRecord(TestOutcome(outcome), seconds)
        files = frozenset(filter(None, self._meta("files").split("\0")))
        return ImpactMap(nodes, tests, tuple(self._meta("fingerprint").splitlines()), files)

    def _meta(self, key: str) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return "" if row is None else str(row[0])

    # -- writing

    def save(
        self,
        recorded: Recorded,
        fingerprint: tuple[str, ...],
        gone: Iterable[str],
        owed: Iterable[str] = (),
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
                for table in ("node_lines", "fact", "node"):
                    self._db.execute(f"DELETE FROM {table}")
            stored = self.load()
            self._set_meta("fingerprint", "\n".join(fingerprint))
            for key, node in recorded.nodes.items():
                shared = not key.startswith("test:")
                old = stored.nodes.get(key) if shared else None
                record = recorded.tests.get(key.removeprefix("test:"))
                self._write(merged(old, node) if old is not None else node, record)
            for node_id in gone:
                self._delete("test:" + node_id)
            self._db.executemany(
                "UPDATE node SET outcome = ? WHERE key = ?",
                [(TestOutcome.NOT_RUN.value, "test:" + node_id) for node_id in owed],
            )
            files = [path for path in sorted(recorded.files) if _is_text(path)]
            self._set_meta("files", "\0".join(files))
            self._prune()

    def _other_environment(self, fingerprint: tuple[str, ...]) -> bool:
        known = self._meta("fingerprint")
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
        self._db.execute("DELETE FROM lineset WHERE id NOT IN (SELECT lineset FROM node_lines)")
        self._db.execute("DELETE FROM unitset WHERE id NOT IN (SELECT unitset FROM node)")
        used = {
            unit
            for (ids,) in self._db.execute("SELECT ids FROM unitset")
            for unit in array("I", ids)
        }
        known = {row[0] for row in self._db.execute("SELECT id FROM unit")}
        self._db.executemany("DELETE FROM unit WHERE id = ?", [(unit,) for unit in known - used])

    def _set_meta(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _delete(self, key: str) -> None:
        row = self._db.execute("SELECT id FROM node WHERE key = ?", (key,)).fetchone()
        if row is not None:
            for table in ("node_lines", "fact"):
                self._db.execute(f"DELETE FROM {table} WHERE node = ?", row)
            self._db.execute("DELETE FROM node WHERE id = ?", row)

    def _write(self, node: Node, record: TestRecord | None) -> None:
        self._delete(node.key)
        outcome = None if record is None else record.outcome.value
        seconds = None if record is None else record.seconds
        cursor = self._db.execute(
            "INSERT INTO node (key, unitset, outcome, seconds) VALUES (?, ?, ?, ?)",
            (node.key, self._unitset(node.units), outcome, seconds),
        )
        row = cursor.lastrowid
        self._db.executemany(
            "INSERT INTO node_lines VALUES (?, ?, ?, ?)",
            [(row, path, ls.sha, self._lineset(ls.mask)) for path, ls in node.lines.items()],
        )
        facts = [("file", name, value) for name, value in node.files.items()]
        facts += [("dir", name, value) for name, value in node.dirs.items()]
        facts += [("name", name, "") for name in node.names]
        facts += [("use", name, "") for name in node.uses]
        facts += [("opaque", name, "") for name in node.opaque]
        self._db.executemany(
            "INSERT INTO fact VALUES (?, ?, ?, ?)", [(row, *fact) for fact in facts]
        )

    def _unitset(self, units: Iterable[UnitRef]) -> int:
        ids = array("I")
        for unit in sorted(units):
            row = (unit.path, unit.unit, unit.digest)
            self._db.execute("INSERT OR IGNORE INTO unit (path, name, digest) VALUES (?,?,?)", row)
            ids.append(
                self._db.execute(
                    "SELECT id FROM unit WHERE path = ? AND name = ? AND digest = ?", row
                ).fetchone()[0]
            )
        return self._interned("unitset", "ids", ids.tobytes())

    def _lineset(self, mask: int) -> int:
        return self._interned(
            "lineset", "mask", mask.to_bytes((mask.bit_length() + 7) // 8, "little")
        )

    def _interned(self, table: str, column: str, blob: bytes) -> int:
        digest = hashlib.sha256(blob).hexdigest()
        self._db.execute(
            f"INSERT OR IGNORE INTO {table} (digest, {column}) VALUES (?, ?)", (digest, blob)
        )
        query = f"SELECT id FROM {table} WHERE digest = ?"
        return int(self._db.execute(query, (digest,)).fetchone()[0])


def _is_text(path: str) -> bool:
    """Whether sqlite can hold the name: one that is not UTF-8 it cannot."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def merged(old: Node, new: Node) -> Node:
    """A shared node seen in two runs: the union, where what the new run saw is newer.

    Units that the new run saw at another digest replace the old ones; old units it did not see
    stay, for another test may still run them.
    """
    seen = {(unit.path, unit.unit) for unit in new.units}
    kept = {unit for unit in old.units if (unit.path, unit.unit) not in seen}
    lines = dict(old.lines)
    for path, ours in new.lines.items():
        theirs = lines.get(path)
        same = theirs is not None and theirs.sha == ours.sha
        lines[path] = LineSet(ours.sha, ours.mask | theirs.mask) if same and theirs else ours
    return Node(
        key=new.key,
        units=new.units | kept,
        lines=lines,
        files={**old.files, **new.files},
        dirs={**old.dirs, **new.dirs},
        names=old.names | new.names,
        uses=old.uses | new.uses,
        opaque=old.opaque | new.opaque,
    )


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


def read_map(path: Path) -> tuple[ImpactMap, str]:
    """The map without writing anything, and why it is empty if that needs saying."""
    if not path.exists():
        return EMPTY_MAP, ""
    problem = _problem_with(path)
    if problem:
        return EMPTY_MAP, f"the impact map {problem}: it is not used"
    connection = _open_read_only(path)
    try:
        if not _tables(connection):
            return EMPTY_MAP, ""
        return Store(connection, path).load(), ""
    finally:
        connection.close()


def _open_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)


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


def lines_by_path(nodes: Mapping[str, Node], path: str, sha: str) -> dict[str, int]:
    """The lines of one file, at one content, by the nodes that ran them."""
    return {
        key: node.lines[path].mask
        for key, node in nodes.items()
        if path in node.lines and node.lines[path].sha == sha
    }
