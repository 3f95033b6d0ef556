"""Keeps a row for each finished run in an sqlite file of bounded size.

A damaged file, or one of another version, is set aside and begun anew: never trusted, never lost.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

from assay.errors import StateError
from assay.history.lines import run_json, run_of
from assay.impact import bound
from assay.impact.database import BUSY_SECONDS, set_aside, unusable
from assay.model.history import Run

VERSION = 1

KEPT_RUNS = 1000
KEPT_BYTES = 16_000_000
"""Beyond so many rows, or so much of them, the oldest go."""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, verb TEXT NOT NULL, revision TEXT NOT NULL,
    score REAL, body BLOB NOT NULL);
PRAGMA user_version = {VERSION};
"""


class History:
    """The runs of one project; `notice` is what had to be said about the file ("" if nothing)."""

    def __init__(self, connection: sqlite3.Connection, path: Path, notice: str) -> None:
        self._db = connection
        self._path = path
        self.notice = notice

    def add(self, run: Run) -> None:
        """Write one run; it is safe on return."""
        text = json.dumps(run_json(run), ensure_ascii=False, separators=(",", ":"))
        body = zlib.compress(text.encode("utf-8", "surrogatepass"))
        row = (run.stamp.at, run.verb, run.stamp.commit, run.score, body)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT INTO run (at, verb, revision, score, body) VALUES (?, ?, ?, ?, ?)", row
            )
            self._forget()
            self._db.execute("COMMIT")
        except sqlite3.Error as problem:
            raise unusable(self._path, problem) from problem

    def _forget(self) -> None:
        sizes = self._db.execute("SELECT id, length(body) FROM run ORDER BY id DESC").fetchall()
        kept = 0
        for number, (row, size) in enumerate(sizes):
            kept += size
            # The newest stays, however large it is.
            if number and (number >= KEPT_RUNS or kept > KEPT_BYTES):
                self._db.execute("DELETE FROM run WHERE id <= ?", (row,))
                return

    def runs(self) -> list[Run]:
        """All of them, the oldest first. StateError if a row cannot be read."""
        try:
            rows = self._db.execute("SELECT body FROM run ORDER BY id").fetchall()
            return [
                run_of(json.loads(zlib.decompress(body).decode("utf-8", "surrogatepass")))
                for (body,) in rows
            ]
        except sqlite3.Error as problem:
            raise unusable(self._path, problem) from problem
        except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise StateError(f"{self._path} is damaged: delete it to begin anew") from problem


@contextlib.contextmanager
def open_history(path: Path) -> Iterator[History]:
    """The file for reading and writing, made if it is missing."""
    notice = ""
    problem = _problem_with(path) if path.exists() else ""
    if problem:
        aside = set_aside(path)
        notice = f"the history {problem}: set aside as {aside.name}, beginning a new one"
    try:
        connection = bound.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.executescript(_SCHEMA)
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    with contextlib.closing(connection):
        yield History(connection, path, notice)


def _problem_with(path: Path) -> str:
    """Why the file is no history, in words; empty if it is one."""
    try:
        with contextlib.closing(bound.connect(path, timeout=BUSY_SECONDS)) as connection:
            if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                return "is damaged"
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.OperationalError as problem:
        raise unusable(path, problem) from problem
    except sqlite3.DatabaseError as problem:
        return f"is damaged ({problem})"
    if version != VERSION and (version or tables):
        return f"has version {version} where this assay has {VERSION}"
    return ""
