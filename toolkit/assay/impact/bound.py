"""Connections to sqlite that hold any name: what is no UTF-8 is escaped on the way in and back out.

A file name may be any bytes; Python holds those that are no UTF-8 as lone surrogates (PEP 383),
which sqlite cannot bind. Each is written as DLE (a control character that no sensible name has) and
four hexadecimal digits, and so is DLE itself: every text has one escaped form and comes back from
it. Files written before names were escaped read as they ever did.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ESCAPE = "\x10"

_SPECIAL = re.compile("[\x10\ud800-\udfff]")
_ESCAPED = re.compile("\x10([0-9a-f]{4})")


def escaped(text: str) -> str:
    """The text as sqlite can hold it; most are as they were."""
    if text.isascii() and ESCAPE not in text:
        return text
    return _SPECIAL.sub(lambda found: f"{ESCAPE}{ord(found[0]):04x}", text)


def unescaped(data: bytes) -> str:
    """The text that was written."""
    text = data.decode("utf-8", "surrogateescape")
    if ESCAPE not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


class Connection(sqlite3.Connection):
    """Binds, and gives back, texts with any characters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.text_factory = unescaped

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        return super().execute(sql, _row(parameters))

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        return super().executemany(sql, map(_row, parameters))


def connect(database: str | Path, **options: Any) -> sqlite3.Connection:
    """`sqlite3.connect`, but for texts; its errors are the same."""
    return sqlite3.connect(database, factory=Connection, **options)


def _row(row: Sequence[Any]) -> Sequence[Any]:
    if str not in map(type, row):
        return row
    return [escaped(value) if type(value) is str else value for value in row]
