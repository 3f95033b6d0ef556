"""The sqlite file that holds the impact map: its tables, and opening it without ever trusting it.

A file is opened for writing by `connect`, or copied into memory by `snapshot`. Whoever has written
leaves a seal beside it, the length and checksum of the whole: a file that fits its seal is complete
and sound, which is quicker to tell than by sqlite's own check (a fifth of it at 90 MB).
"""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from pathlib import Path

from assay.errors import StateError
from assay.impact import bound

SCHEMA_VERSION = 2

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS file (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, sha TEXT NOT NULL, text BLOB,
    UNIQUE (path, sha));
CREATE TABLE IF NOT EXISTS block (
    id INTEGER PRIMARY KEY, file INTEGER NOT NULL, mask BLOB NOT NULL,
    UNIQUE (file, mask));
CREATE TABLE IF NOT EXISTS fact (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    UNIQUE (kind, name, value));
CREATE TABLE IF NOT EXISTS node (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,
    outcome TEXT, seconds REAL, path TEXT, place INTEGER);
CREATE TABLE IF NOT EXISTS node_block (
    block INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY (block, node)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS block_of_node ON node_block (node, block);
CREATE TABLE IF NOT EXISTS node_fact (
    fact INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY (fact, node)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fact_of_node ON node_fact (node, fact);
INSERT OR IGNORE INTO meta VALUES ('schema', '{SCHEMA_VERSION}');
"""

BUSY_SECONDS = 30.0

CAN_SEAL = hasattr(sqlite3.Connection, "deserialize")
"""SQLite libraries before 3.36 are mostly built without."""

UNFINISHED = "was left in the middle of a write"


def connect(path: Path) -> tuple[sqlite3.Connection, str]:
    """Open or create the file; a damaged or newer one is moved beside it first, which is told."""
    notice = ""
    if path.exists():
        # For writing: what a killed process left half done is rolled back first.
        problem = problem_with(path, "rw")
        if problem:
            aside = set_aside(path)
            notice = f"the impact map {problem}: set aside as {aside.name}, recording a new one"
    try:
        connection = bound.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        if not _tables(connection):
            # Another process may be at it at the same time: each statement allows for that.
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    return connection, notice


def snapshot(path: Path) -> tuple[sqlite3.Connection, str]:
    """A copy in memory of what is committed, and why it is empty if that needs saying.

    A copy, so that a writer neither waits for its reader nor changes the map beneath it.
    """
    memory = bound.connect(":memory:", isolation_level=None)
    problem = ""
    content = _sealed(path)
    if content is not None:
        memory.deserialize(content)
        problem = _schema_problem(memory)
        if problem:
            memory.close()
            memory = bound.connect(":memory:", isolation_level=None)
    elif path.exists():
        problem = problem_with(path, "ro")
        if not problem:
            _copy_into(memory, path)
    if not _tables(memory):
        memory.executescript(_SCHEMA)
    return memory, f"the impact map {problem}: it is not used" if problem else ""


def _copy_into(memory: sqlite3.Connection, path: Path) -> None:
    try:
        with contextlib.closing(open_as(path, "ro")) as source:
            if _tables(source):
                source.backup(memory)
    except sqlite3.Error as error:
        raise unusable(path, error) from error


def seal(connection: sqlite3.Connection, path: Path) -> None:
    """Write down what the file is like now. Without a seal, or with another one, it is checked."""
    if not CAN_SEAL:
        return
    seal_file = _seal_of(path)
    with contextlib.suppress(OSError, sqlite3.Error):
        partial = seal_file.with_name(f"{seal_file.name}.partial")
        partial.write_text(_sum_of(connection.serialize()), encoding="ascii")
        partial.replace(seal_file)


def _seal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.seal")


def _sum_of(content: bytes) -> str:
    return f"{len(content)} {zlib.crc32(content):08x}"


def _sealed(path: Path) -> bytes | None:
    """The file's bytes, if they are those that were sealed."""
    if not CAN_SEAL:
        return None
    try:
        wanted = _seal_of(path).read_text(encoding="ascii")
        content = path.read_bytes()
    except (OSError, ValueError):
        return None
    return content if content and _sum_of(content) == wanted else None


def unusable(path: Path, problem: Exception) -> StateError:
    # What SQLite says when the file it has open is gone.
    if "readonly" in str(problem) and not path.exists():
        return StateError(f"{path} was deleted while assay ran: do tests delete {path.parent}?")
    return StateError(
        f"the state in {path.parent} cannot be used ({problem}): check its permissions"
    )


def open_as(path: Path, mode: str) -> sqlite3.Connection:
    return bound.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
    )


def problem_with(path: Path, mode: str) -> str:
    """What is wrong with the file as a store, in words; empty if it can be used."""
    try:
        with contextlib.closing(open_as(path, mode)) as connection:
            if not _tables(connection):
                return ""
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
            if verdict != "ok":
                return f"is damaged ({verdict})"
            return _schema_problem(connection)
    except sqlite3.OperationalError as problem:
        if "no such" in str(problem):
            return "is damaged (it is another program's)"
        if problem.sqlite_errorcode == sqlite3.SQLITE_READONLY_ROLLBACK:
            return UNFINISHED
        raise unusable(path, problem) from problem
    except sqlite3.DatabaseError as problem:
        return f"is damaged ({problem})"


def _schema_problem(connection: sqlite3.Connection) -> str:
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    version = row[0] if row else "none"
    if version != str(SCHEMA_VERSION):
        return f"has schema {version} where this assay has {SCHEMA_VERSION}"
    return ""


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]


def set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm", "-journal", ".seal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside
