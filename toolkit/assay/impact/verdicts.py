"""Keeps verdicts, and the tokens of tests, in an sqlite file: written as they come.

Several processes may read and write at once: each verdict is a transaction of its own in sqlite's
write-ahead log, so that an interrupt, or a kill, loses nothing that was written. A damaged file, or
one of another version, is set aside and begun anew.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from assay.impact import bound
from assay.impact.database import BUSY_SECONDS, set_aside, unusable
from assay.impact.tokens import TOKEN_BYTES, TestToken
from assay.model.matrix import Cell, Pair
from assay.model.mutant import Measured, Status
from assay.model.reuse import PastKill, StoredVerdict, Token

VERSION = 2

VERSIONS_OF_ONE = 6
"""So many verdicts are kept of one mutant, for different tests: the newest."""

KEPT_ROWS = 200_000
"""Beyond so many verdicts, those not seen for longest go: some 60 MB."""

KEPT_PAIRS = 2_000_000
"""Beyond so many pairs of a mutant and a test, those not seen for longest go: some 100 MB."""

KEPT_DAYS = 90
"""A verdict that no run has asked for in so many days goes."""

DAY = 86_400

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS proof (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, tokens BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS verdict (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, status TEXT NOT NULL,
    proof INTEGER NOT NULL REFERENCES proof (id),
    by_assertion INTEGER NOT NULL, reason TEXT NOT NULL, tests_run INTEGER NOT NULL,
    seconds REAL NOT NULL, measured INTEGER NOT NULL, revision TEXT NOT NULL, seen INTEGER NOT NULL,
    UNIQUE (key, status, proof));
CREATE INDEX IF NOT EXISTS seen_verdict ON verdict (seen);
CREATE INDEX IF NOT EXISTS proof_of_verdict ON verdict (proof);
CREATE TABLE IF NOT EXISTS token (
    test TEXT PRIMARY KEY, saved INTEGER NOT NULL, token BLOB NOT NULL, opaque INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pair (
    key BLOB NOT NULL, token BLOB NOT NULL, cell TEXT NOT NULL, text TEXT NOT NULL,
    alone INTEGER NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (key, token)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_pair ON pair (seen);
CREATE TABLE IF NOT EXISTS kill (
    mutant TEXT PRIMARY KEY, path TEXT NOT NULL, test TEXT NOT NULL, file TEXT NOT NULL,
    seen INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""

_FIELDS = "v.status, p.tokens, v.by_assertion, v.reason, v.tests_run, v.seconds, v.measured"


class Verdicts:
    """One sqlite file of verdicts by key; see `verdict.reuse` for what is in a key."""

    def __init__(self, connection: sqlite3.Connection, path: Path, today: int) -> None:
        self._db = connection
        self._path = path
        self._today = today

    # -- verdicts

    def of(self, key: bytes) -> list[StoredVerdict]:
        """What is stored under a key, newest first."""
        query = (
            f"SELECT {_FIELDS}, v.revision FROM verdict v JOIN proof p ON p.id = v.proof"
            " WHERE v.key = ? ORDER BY v.measured DESC, v.id DESC"
        )
        with self._sound():
            rows = self._db.execute(query, (key,)).fetchall()
        return [
            StoredVerdict(
                status=Status(status),
                witnesses=_unpacked(tokens),
                by_assertion=bool(by_assertion),
                reason=reason,
                tests_run=tests_run,
                seconds=seconds,
                measured=Measured(measured, revision),
            )
            for status, tokens, by_assertion, reason, tests_run, seconds, measured, revision in rows
        ]

    def add(self, key: bytes, stored: StoredVerdict) -> None:
        """Write one verdict; it is safe on return."""
        packed = _packed(stored.witnesses)
        digest = hashlib.sha256(packed).digest()
        with self._transaction():
            self._db.execute(
                "INSERT OR IGNORE INTO proof (digest, tokens) VALUES (?, ?)", (digest, packed)
            )
            (proof,) = self._db.execute(
                "SELECT id FROM proof WHERE digest = ?", (digest,)
            ).fetchone()
            self._db.execute(
                "INSERT OR REPLACE INTO verdict (key, status, proof, by_assertion, reason,"
                " tests_run, seconds, measured, revision, seen) VALUES (?,?,?,?,?,?,?,?,?,?)",
                (
                    key,
                    stored.status.value,
                    proof,
                    stored.by_assertion,
                    stored.reason,
                    stored.tests_run,
                    stored.seconds,
                    stored.measured.at,
                    stored.measured.commit,
                    self._today,
                ),
            )
            self._db.execute(
                "DELETE FROM verdict WHERE key = ? AND id NOT IN (SELECT id FROM verdict"
                " WHERE key = ? ORDER BY measured DESC, id DESC LIMIT ?)",
                (key, key, VERSIONS_OF_ONE),
            )

    def forget(self, keys: Collection[bytes]) -> None:
        """Remove all that is stored under some keys."""
        with self._transaction():
            self._db.executemany("DELETE FROM verdict WHERE key = ?", [(key,) for key in keys])

    def saw(self, keys: Collection[bytes]) -> None:
        """These were asked for today: they stay."""
        with self._transaction():
            self._db.executemany(
                "UPDATE verdict SET seen = ? WHERE key = ? AND seen < ?",
                [(self._today, key, self._today) for key in keys],
            )

    def prune(self) -> None:
        """Forget what was not asked for in `KEPT_DAYS`, and the oldest beyond `KEPT_ROWS`."""
        with self._transaction():
            self._db.execute("DELETE FROM verdict WHERE seen < ?", (self._today - KEPT_DAYS,))
            self._db.execute(
                "DELETE FROM verdict WHERE id IN (SELECT id FROM verdict"
                " ORDER BY seen DESC, measured DESC, id DESC LIMIT -1 OFFSET ?)",
                (KEPT_ROWS,),
            )
            self._db.execute(
                "DELETE FROM proof WHERE NOT EXISTS (SELECT 1 FROM verdict WHERE proof = proof.id)"
            )
            self._db.execute("DELETE FROM pair WHERE seen < ?", (self._today - KEPT_DAYS,))
            self._db.execute(
                "DELETE FROM pair WHERE (key, token) IN (SELECT key, token FROM pair"
                " ORDER BY seen DESC, key, token LIMIT -1 OFFSET ?)",
                (KEPT_PAIRS,),
            )

            self._db.execute("DELETE FROM kill WHERE seen < ?", (self._today - KEPT_DAYS,))

    # -- who killed what

    def past_kills(self) -> list[PastKill]:
        """The last killer of each mutant that had one, in any content of its code."""
        with self._sound():
            rows = self._db.execute("SELECT mutant, path, test, file FROM kill ORDER BY mutant")
            return [PastKill(*row) for row in rows]

    def note_kill(self, kill: PastKill) -> None:
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO kill VALUES (?, ?, ?, ?, ?)",
                (kill.mutant, kill.path, kill.test, kill.file, self._today),
            )

    def forget_kill(self, mutant: str) -> None:
        with self._transaction():
            self._db.execute("DELETE FROM kill WHERE mutant = ?", (mutant,))

    # -- pairs

    def pairs_of(self, key: bytes) -> dict[Token, Pair]:
        """What is stored of a mutant and tests, by the token of the test; seen today."""
        with self._sound():
            rows = self._db.execute(
                "SELECT token, cell, text, alone FROM pair WHERE key = ?", (key,)
            ).fetchall()
            self._db.execute(
                "UPDATE pair SET seen = ? WHERE key = ? AND seen < ?",
                (self._today, key, self._today),
            )
        return {bytes(t): Pair(Cell(cell), text, bool(alone)) for t, cell, text, alone in rows}

    def add_pair(self, key: bytes, token: Token, pair: Pair) -> None:
        """Write one pair; it is safe on return."""
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO pair VALUES (?, ?, ?, ?, ?, ?)",
                (key, token, pair.cell.value, pair.text, pair.alone, self._today),
            )

    def forget_pairs(self, keys: Collection[tuple[bytes, Token]]) -> None:
        with self._transaction():
            self._db.executemany("DELETE FROM pair WHERE key = ? AND token = ?", keys)

    # -- tokens

    def tokens(self) -> dict[str, tuple[int, TestToken]]:
        """By test, the token of its record, and when that record was written."""
        with self._sound():
            rows = self._db.execute("SELECT test, saved, token, opaque FROM token").fetchall()
        return {t: (saved, TestToken(token, bool(opaque))) for t, saved, token, opaque in rows}

    def keep_tokens(
        self, tokens: Mapping[str, tuple[int, TestToken]], gone: Collection[str]
    ) -> None:
        with self._transaction():
            self._db.executemany("DELETE FROM token WHERE test = ?", [(test,) for test in gone])
            self._db.executemany(
                "INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?)",
                [(test, at, one.token, one.opaque) for test, (at, one) in tokens.items()],
            )

    # -- sqlite

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._sound():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            raise unusable(self._path, problem) from problem


@contextlib.contextmanager
def open_verdicts(path: Path, today: int | None = None) -> Iterator[tuple[Verdicts, str]]:
    """The store, and what has to be said of it ("" if nothing). `today` is in days since 1970."""
    notice = ""
    problem = _problem_with(path) if path.exists() else ""
    if problem:
        notice = f"the store of verdicts {problem}: set aside as {set_aside(path).name}"
    try:
        connection = bound.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    with contextlib.closing(connection):
        try:
            # A log of writes, synced now and then: a verdict costs microseconds, and only a loss
            # of power can lose the last ones.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            if not connection.execute("PRAGMA user_version").fetchone()[0]:
                connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        except sqlite3.Error as error:
            raise unusable(path, error) from error
        day = int(time.time()) // DAY if today is None else today
        yield Verdicts(connection, path, day), notice


def _problem_with(path: Path) -> str:
    """Why the file cannot be used as a store of verdicts, in words; empty if it can."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    try:
        with contextlib.closing(bound.connect(uri, uri=True, timeout=BUSY_SECONDS)) as connection:
            found = connection.execute("PRAGMA quick_check").fetchone()[0]
            if found != "ok":
                return f"is damaged ({found})"
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.OperationalError as problem:
        raise unusable(path, problem) from problem
    except sqlite3.DatabaseError as problem:
        return f"is damaged ({problem})"
    if version != VERSION and (version or tables):
        return f"has version {version} where this assay has {VERSION}"
    return ""


def key_of(*parts: str) -> bytes:
    """One key for all that a verdict is stored under."""
    text = json.dumps(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).digest()[:16]


def _packed(tokens: Collection[Token]) -> bytes:
    return b"".join(sorted(tokens))


@functools.lru_cache(maxsize=4096)
def _unpacked(packed: bytes) -> frozenset[Token]:
    starts = range(0, len(packed), TOKEN_BYTES)
    return frozenset(packed[at : at + TOKEN_BYTES] for at in starts)
