"""Puts reports on disk, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from assay.errors import StateError

ESCAPED = "backslashreplace"


def write_json(path: Path, record: dict[str, Any]) -> None:
    """One record; what no text can hold (of a file name that is not UTF-8) as JSON escapes it."""
    write_text(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write beside the target and rename: a reader never sees half a report."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A device or a pipe cannot be replaced.
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", errors=ESCAPED)
            return
        partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            with partial.open("w", encoding="utf-8", errors=ESCAPED, newline="") as file:
                file.write(text)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise StateError(f"cannot write {path} ({problem.strerror})") from problem


def append_text(path: Path, text: str) -> None:
    """Add to what other steps have written there."""
    try:
        with path.open("a", encoding="utf-8", errors=ESCAPED, newline="") as file:
            file.write(text)
    except OSError as problem:
        raise StateError(f"cannot write {path} ({problem.strerror})") from problem
