"""Traps that a trap file cannot hold: what lies outside the repository, links, times and modes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import RunAssay, commit_all, failing_tests, start_repository, write

INI = "[pytest]\npythonpath = .\n"
NOTES = "notes.txt"
"""A file that no test reads: with it changed, there is something to compare."""


class Ground:
    """A small project, and what assay and plain pytest say of it."""

    def __init__(self, room: Path, run_assay: RunAssay) -> None:
        self.project = room / "project"
        self.env: dict[str, str] = {}
        self._work = room / "work"
        self._run_assay = run_assay

    def write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            write(self.project / path, text)

    def map(self, files: Mapping[str, str]) -> None:
        """Make the project of these files and record its map."""
        self.write({"pytest.ini": INI, NOTES: "to do\n", **files})
        start_repository(self.project)
        done = self._run_assay("map", project=self.project, env=self.env)
        assert done.code == 0, done.out + done.err

    def failing(self) -> set[str]:
        return failing_tests(self.project, self._work, env=self.env)

    def selected(self) -> set[str]:
        done = self._run_assay("select", "--format", "ids", project=self.project, env=self.env)
        assert done.code == 0, done.err
        return set(done.lines)


@pytest.fixture
def ground(tmp_path: Path, run_assay: RunAssay) -> Ground:
    return Ground(tmp_path, run_assay)


# -- what is installed

USES_LABELS = {
    "shop.py": "from labels import label\n\n\ndef tag(word):\n    return label(word)\n",
    "test_tag.py": 'from shop import tag\n\n\ndef test_tag():\n    assert tag("tea") == "TEA"\n',
    "test_other.py": "def test_other():\n    assert True\n",
}


def install(site: Path, version: str, body: str) -> None:
    """A distribution of one module, as an installer would leave it."""
    for old in site.glob("labels-*.dist-info/METADATA"):
        old.unlink()
        old.parent.rmdir()
    write(site / "labels.py", f"def label(word):\n    return {body}\n")
    metadata = f"Metadata-Version: 2.1\nName: labels\nVersion: {version}\n"
    write(site / f"labels-{version}.dist-info" / "METADATA", metadata)


@pytest.fixture
def with_labels(ground: Ground, tmp_path: Path) -> Path:
    """Where version 1.0 of the distribution is installed that the mapped project uses."""
    site = tmp_path / "site"
    install(site, "1.0", "word.upper()")
    ground.env["PYTHONPATH"] = str(site)
    ground.map(USES_LABELS)
    ground.write({NOTES: "to do: everything\n"})
    return site


def test_a_dependency_is_upgraded(ground: Ground, with_labels: Path) -> None:
    install(with_labels, "1.1", "word.title()")
    assert ground.failing() == {"test_tag.py::test_tag"}
    assert "test_tag.py::test_tag" in ground.selected()


@pytest.mark.xfail(reason="known: only the version counts")
def test_a_dependency_is_edited_where_it_is_installed(ground: Ground, with_labels: Path) -> None:
    install(with_labels, "1.0", "word.title()")
    assert ground.failing() == {"test_tag.py::test_tag"}
    assert "test_tag.py::test_tag" in ground.selected()


@pytest.mark.xfail(reason="known: another distribution selects every test")
def test_a_dependency_that_a_test_does_not_use_is_upgraded(
    ground: Ground, with_labels: Path
) -> None:
    install(with_labels, "1.1", "word.title()")
    assert "test_other.py::test_other" not in ground.selected()


def test_nothing_that_is_installed_changes(ground: Ground, with_labels: Path) -> None:
    install(with_labels, "1.0", "word.upper()")
    assert ground.selected() == set()


# -- times and sizes

CONSTANT = {
    "tax.py": "VAT = 20\n",
    "test_tax.py": "from tax import VAT\n\n\ndef test_vat():\n    assert VAT == 20\n",
    "test_other.py": "def test_other():\n    assert True\n",
}


def test_a_file_changes_and_keeps_its_size_and_time(ground: Ground) -> None:
    ground.map(CONSTANT)
    path = ground.project / "tax.py"
    before = path.stat()
    path.write_bytes(b"VAT = 21\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    ground.write({NOTES: "to do: everything\n"})
    assert ground.failing() == {"test_tax.py::test_vat"}
    assert ground.selected() == {"test_tax.py::test_vat"}


def test_a_file_gets_a_new_time_only(ground: Ground) -> None:
    ground.map(CONSTANT)
    os.utime(ground.project / "tax.py", (2_000_000_000, 2_000_000_000))
    ground.write({NOTES: "to do: everything\n"})
    assert ground.selected() == set()


def test_a_file_changes_and_changes_back_in_a_later_commit(ground: Ground) -> None:
    ground.map(CONSTANT)
    ground.write({"tax.py": "VAT = 21\n"})
    commit_all(ground.project, "up")
    ground.write({"tax.py": "VAT = 20\n"})
    commit_all(ground.project, "down again")
    ground.write({NOTES: "to do: everything\n"})
    assert ground.failing() == set()
    assert ground.selected() == set()


# -- links

READS_A_LINK = {
    "data/old.txt": "old\n",
    "data/new.txt": "new\n",
    "data/spare.txt": "spare\n",
    "test_data.py": (
        "from pathlib import Path\n\n\n"
        "def test_current():\n"
        '    assert Path("data/current.txt").read_text() == "old\\n"\n\n\n'
        "def test_spare():\n"
        '    assert Path("data/spare.txt").read_text() == "spare\\n"\n'
    ),
}


def relink(link: Path, target: str) -> None:
    link.unlink(missing_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def test_a_link_to_a_data_file_leads_elsewhere(ground: Ground) -> None:
    relink(ground.project / "data/current.txt", "old.txt")
    ground.map(READS_A_LINK)
    relink(ground.project / "data/current.txt", "new.txt")
    assert ground.failing() == {"test_data.py::test_current"}
    assert ground.selected() == {"test_data.py::test_current"}


def test_the_target_of_a_link_changes(ground: Ground) -> None:
    relink(ground.project / "data/current.txt", "old.txt")
    ground.map(READS_A_LINK)
    ground.write({"data/old.txt": "older\n"})
    assert ground.failing() == {"test_data.py::test_current"}
    assert ground.selected() == {"test_data.py::test_current"}


def test_a_link_to_a_directory_leads_elsewhere(ground: Ground) -> None:
    relink(ground.project / "current", "releases/1")
    ground.map(
        {
            "releases/1/data.txt": "one\n",
            "releases/2/data.txt": "two\n",
            "test_data.py": (
                "from pathlib import Path\n\n\n"
                "def test_data():\n"
                '    assert Path("current/data.txt").read_text() == "one\\n"\n'
            ),
            "test_other.py": "def test_other():\n    assert True\n",
        }
    )
    relink(ground.project / "current", "releases/2")
    assert ground.failing() == {"test_data.py::test_data"}
    assert ground.selected() == {"test_data.py::test_data"}


def test_a_link_to_a_package_leads_elsewhere(ground: Ground) -> None:
    relink(ground.project / "driver", "drivers/fast")
    ground.map(
        {
            "drivers/fast/__init__.py": 'NAME = "fast"\n',
            "drivers/safe/__init__.py": 'NAME = "safe"\n',
            "test_driver.py": (
                'from driver import NAME\n\n\ndef test_name():\n    assert NAME == "fast"\n'
            ),
            "test_other.py": "def test_other():\n    assert True\n",
        }
    )
    relink(ground.project / "driver", "drivers/safe")
    assert ground.failing() == {"test_driver.py::test_name"}
    assert ground.selected() == {"test_driver.py::test_name"}


# -- modes and bytes


@pytest.mark.xfail(reason="known: a change of the mode alone is no change")
def test_a_script_may_no_longer_be_executed(ground: Ground) -> None:
    script = ground.project / "bin" / "hello"
    write(script, "#!/bin/sh\necho hello\n")
    script.chmod(0o755)
    ground.map(
        {
            "test_hello.py": (
                "import subprocess\n\n\n"
                "def test_hello():\n"
                '    assert subprocess.check_output(["bin/hello"]) == b"hello\\n"\n'
            ),
            "test_other.py": "def test_other():\n    assert True\n",
        }
    )
    script.chmod(0o644)
    assert ground.failing() == {"test_hello.py::test_hello"}
    assert ground.selected() == {"test_hello.py::test_hello"}


def test_line_ends_of_a_data_file_change(ground: Ground) -> None:
    ground.map(
        {
            "data.txt": "one\ntwo\n",
            "test_data.py": (
                "from pathlib import Path\n\n\n"
                "def test_data():\n"
                '    assert Path("data.txt").read_bytes() == b"one\\ntwo\\n"\n'
            ),
            "test_other.py": "def test_other():\n    assert True\n",
        }
    )
    (ground.project / "data.txt").write_bytes(b"one\r\ntwo\r\n")
    assert ground.failing() == {"test_data.py::test_data"}
    assert ground.selected() == {"test_data.py::test_data"}
