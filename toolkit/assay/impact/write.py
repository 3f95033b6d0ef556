"""Writes nodes into the map's tables within a transaction; what several share, once."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Mapping

from assay.model.impact import (
    LineSet,
    Node,
    Source,
    TestRecord,
    module_key,
)

SAVED = "saved"
"""The kind of the fact that tells when a node was written: nanoseconds, with leading zeros."""

MAPS = {"file": "files", "dir": "dirs", "exists": "exists", "env": "env"}
SETS = {"name": "names", "use": "uses", "opaque": "opaque", "flag": "flags"}


class Writer:
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
            for kind, attribute in MAPS.items()
            for name, value in getattr(node, attribute).items()
        ]
        implied = {module_key(path) for path in node.lines}
        facts.append((SAVED, self._time, ""))
        facts += [
            (kind, name, "")
            for kind, attribute in SETS.items()
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
            data = None if text is None else zlib.compress(as_bytes(text), 1)
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


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
