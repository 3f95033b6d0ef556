"""What an ordinary run has written down is read as it was meant, or not at all."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from assay.impact.record import Tree
from assay.impact.spool import RunFacts, read_run, variables_of


@pytest.fixture
def ordinary() -> Any:
    # By its name: nothing imports the probe.
    return importlib.import_module("assay.probe.ordinary")


def test_the_process_takes_the_digests_that_the_tree_takes(ordinary: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "dir" / "__pycache__").mkdir(parents=True)
    (tmp_path / "dir" / "b").touch()
    tree = Tree(tmp_path)
    for name in ("file", "link", "dir", "missing"):
        path = str(tmp_path / name)
        assert ordinary.file_digest(path) == tree.sha(name)
        assert ordinary.directory_digest(path) == tree.directory(name)
        assert ordinary.kind_of(path) == tree.kind(name)


def run_in(directory: Path, *lines: str) -> Path:
    facts = RunFacts("/repo", 1, {"a.py": "sha"}, {})
    (directory / "run.json").write_text(json.dumps(facts.as_json()))
    (directory / "main-1.jsonl").write_text("".join(lines))
    return directory


COLLECTED = {
    "type": "collected",
    "items": [{"id": "t.py::x", "path": "/repo/t.py", "line": 1, "doctest": False}],
    "inifile": "/repo/pytest.ini",
    "fingerprint": ["Python=3"],
    "modules": {},
    "path": [],
    "errors": 0,
}


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    lines = [json.dumps(COLLECTED) + "\n", '{"type": "test"}\n', '{"type": "fin']
    run = read_run(run_in(tmp_path, *lines))
    assert run is not None
    (worker,) = run.workers
    assert [message["type"] for message in worker.messages] == ["collected", "test"]
    assert not worker.finished
    assert worker.collected is not None
    assert (worker.collected.inifile, worker.collected.items[0].path) == ("pytest.ini", "t.py")


def test_a_process_that_collected_nothing_is_left_out(tmp_path: Path) -> None:
    run = read_run(run_in(tmp_path, '{"type": "finished"}\n'))
    assert run is not None
    assert run.workers == ()


@pytest.mark.parametrize("text", ["", "{}", '{"version": 0}', "[]"])
def test_what_is_no_run_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    assert read_run(tmp_path) is None


def test_a_variable_that_assay_sets_otherwise_is_marked() -> None:
    found = variables_of({"A": "1"}, {"A": "1", "PYTHONHASHSEED": "0"})
    assert "!PYTHONHASHSEED" in found
    assert "!A" not in found
    assert "1" not in found.values()
