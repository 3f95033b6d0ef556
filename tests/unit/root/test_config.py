"""Facts about the configuration: what each key may be, and all mistakes told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.config import KEYS, Config, load_config, parse_config
from assay.errors import UsageError

WHOLE: dict[str, Any] = {
    "python": ".venv/bin/python",
    "pytest-args": ["-x", "tests"],
    "exclude": ["vendor"],
    "jobs": 4,
    "record-jobs": 2,
    "scheduler": "tcp://10.0.0.1:8786",
    "snapshot-megabytes": 100,
    "timeout-factor": 5,
    "timeout-floor": 0.5,
    "timeout-unknown": 60.0,
}


def write(project: Path, text: str) -> Path:
    (project / "pyproject.toml").write_text(text, encoding="utf-8")
    return project


def test_every_key_is_taken() -> None:
    assert parse_config(WHOLE, "x") == Config(
        python=".venv/bin/python",
        pytest_args=("-x", "tests"),
        exclude=("vendor",),
        jobs=4,
        record_jobs=2,
        scheduler="tcp://10.0.0.1:8786",
        snapshot_megabytes=100,
        timeout_factor=5.0,
        timeout_floor=0.5,
        timeout_unknown=60.0,
    )
    assert set(WHOLE) == set(KEYS)


def test_an_empty_table_is_the_defaults() -> None:
    assert parse_config({}, "x") == Config()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("python", 3, "python must be a text"),
        ("pytest-args", "-x", "pytest-args must be a list of texts"),
        ("exclude", ["a", 1], "exclude must be a list of texts"),
        ("jobs", -1, "jobs must be a whole number, 0 or more"),
        ("jobs", True, "jobs must be a whole number, 0 or more"),
        ("jobs", 1.5, "jobs must be a whole number, 0 or more"),
        ("timeout-factor", 0, "timeout-factor must be a number above 0"),
        ("timeout-floor", "3", "timeout-floor must be a number above 0"),
        ("timeout-unknown", True, "timeout-unknown must be a number above 0"),
        ("timeout-floor", float("nan"), "timeout-floor must be a number above 0"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told(key: str, value: object, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_config({key: value}, "x.toml")
    assert caught.value.message == f"[tool.assay] in x.toml has mistakes: {words}"


def test_an_unknown_key_is_told_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        parse_config({"pytest_args": []}, "x.toml")
    assert f"unknown key 'pytest_args' (known: {', '.join(KEYS)})" in caught.value.message


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        parse_config({"python": 1, "jobs": 2, "colour": "red", "timeout-floor": -1}, "x.toml")
    message = caught.value.message
    assert message.count(";") == 2
    for words in ("python must", "'colour'", "timeout-floor must"):
        assert words in message
    assert "jobs must" not in message


def test_the_table_is_read_from_the_project(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "[tool.assay]\njobs = 3\n")).jobs == 3


@pytest.mark.parametrize("text", ["", "[tool.other]\njobs = 3\n", "[project]\nname = 'x'\n"])
def test_a_project_without_the_table_has_the_defaults(tmp_path: Path, text: str) -> None:
    assert load_config(write(tmp_path, text)) == Config()


def test_a_project_without_a_pyproject_has_the_defaults(tmp_path: Path) -> None:
    assert load_config(tmp_path) == Config()


def test_a_pyproject_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pyproject\.toml cannot be read"):
        load_config(write(tmp_path, "[tool.assay"))
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"pyproject\.toml cannot be read"):
        load_config(tmp_path)


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be a table"):
        load_config(write(tmp_path, "[tool]\nassay = 3\n"))
