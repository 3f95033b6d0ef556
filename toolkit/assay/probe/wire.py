"""How the controller, the zygote and its children talk: one JSON object a line."""

from __future__ import annotations

import json
import os
from typing import Any

# Taken at import: a user's test may replace them (freezegun, pyfakefs, monkeypatch).
_write = os.write
_dumps = json.dumps

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    return _dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[_write(fd, view) :]


class LineBuffer:
    """Cuts a stream of bytes into whole lines."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """The lines completed by `data`, without their line ends."""
        if b"\n" not in data:
            self._parts.append(data)
            return []
        *lines, rest = (b"".join(self._parts) + data).split(b"\n")
        self._parts = [rest] if rest else []
        return lines
