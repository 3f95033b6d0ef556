"""Facts about a snapshot: it unpacks to the same files, and is refused when it is too large."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assay.errors import UsageError
from assay.execution.cluster.snapshot import MEGABYTE, files_below, pack, unpack


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "bin").mkdir(parents=True)
    (root / "a.py").write_bytes(b"x = 1\r\n")
    (root / "empty.txt").touch()
    (root / "bin" / "run").write_text("#!/bin/sh\n")
    (root / "bin" / "run").chmod(0o755)
    (root / "link").symlink_to("bin/run")
    (root / "dangling").symlink_to("/nowhere/at/all")
    (root / "directory").symlink_to("bin")
    os.link(root / "a.py", root / "same.py")
    return root


FILES = ("a.py", "empty.txt", "bin/run", "link", "dangling", "directory", "same.py")


def test_files_links_and_modes_come_back_as_they_were(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "room" / "project"
    snapshot = pack(project, FILES, 1)
    unpack(snapshot.content, target)
    assert snapshot.files == len(FILES)
    assert (target / "a.py").read_bytes() == b"x = 1\r\n"
    assert (target / "empty.txt").read_bytes() == b""
    assert (target / "bin" / "run").stat().st_mode & 0o777 == 0o755
    assert {
        name: str((target / name).readlink()) for name in ("link", "dangling", "directory")
    } == {
        "link": "bin/run",
        "dangling": "/nowhere/at/all",
        "directory": "bin",
    }


def test_two_names_of_one_file_are_two_files(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "room"
    unpack(pack(project, FILES, 1).content, target)
    (target / "a.py").write_bytes(b"changed")
    assert (target / "same.py").read_bytes() == b"x = 1\r\n"


def test_the_digest_is_that_of_the_content(project: Path) -> None:
    before = pack(project, FILES, 1).digest
    assert pack(project, reversed(FILES), 1).digest == before
    (project / "a.py").write_bytes(b"x = 2\r\n")
    assert pack(project, FILES, 1).digest != before


def test_what_is_no_file_or_has_vanished_is_left_out(project: Path) -> None:
    os.mkfifo(project / "pipe")
    assert pack(project, ["a.py", "pipe", "gone.py", "bin"], 1).files == 1


def test_too_much_is_refused_and_the_largest_named(project: Path) -> None:
    (project / "data").mkdir()
    with (project / "data" / "big").open("wb") as file:
        file.truncate(3 * MEGABYTE)
    with pytest.raises(UsageError, match=r"come to 3\.0 MB, and at most 2 MB .* data \(3\.0 MB\)"):
        pack(project, ["a.py", "data/big"], 2)
    assert pack(project, ["a.py", "data/big"], 4).files == 2


def test_without_git_caches_and_environments_are_left_out(project: Path) -> None:
    for name in ("__pycache__/a.pyc", ".assay/map.sqlite", "env/pyvenv.cfg", "vendor/b.py"):
        (project / name).parent.mkdir()
        (project / name).touch()
    assert set(files_below(project, {str(project / "vendor")})) == set(FILES)
