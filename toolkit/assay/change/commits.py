"""What git tells of a commit beside the files of a change: a text in it, and its submodules."""

from __future__ import annotations

import os
from pathlib import Path

from assay.change.git import output_of
from assay.errors import UsageError

_SUBMODULE = b"160000"


def text_at(root: Path, commit: str, path: str) -> str | None:
    """A file's text in a commit, None if it has no such file."""
    try:
        return output_of(root, "cat-file", "blob", f"{commit}:{path}").decode("utf-8", "replace")
    except UsageError:
        return None


def changed_submodules(root: Path, commit: str) -> tuple[str, ...]:
    """Paths of submodules that the working tree has at another commit than a commit names."""
    how = ("--raw", "-z", "--no-renames", "--ignore-submodules=dirty")
    fields = output_of(root, "diff-index", *how, commit, "--").split(b"\0")
    return tuple(
        os.fsdecode(name)
        for facts, name in zip(fields[0::2], fields[1::2], strict=False)
        if _SUBMODULE in facts.removeprefix(b":").split(b" ")[:2]
    )
