"""Facts about the configuration: what each key may be, and all mistakes told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.config import KEYS, Config, MutmutConfig, load_config, parse_config, parse_mutmut
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
    "timeout-collection": 30,
    "memory-limit": 500,
    "keep": ["logging", "repr"],
    "accepted": "quality/accepted.toml",
    "baseline": "quality/baseline.json",
    "gate": {"preset": "strict"},
}

MEMORY = 'memory-limit must be a whole number of MB, 0 for none, or "auto"'


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
        timeout_collection=30.0,
        memory_limit=500,
        keep=("logging", "repr"),
        accepted="quality/accepted.toml",
        baseline="quality/baseline.json",
        gate={"preset": "strict"},
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
        ("memory-limit", -1, MEMORY),
        (
            "memory-limit",
            "2 GB",
            MEMORY,
        ),
        ("timeout-floor", float("nan"), "timeout-floor must be a number above 0"),
        ("keep", "logging", "keep must be a list of texts"),
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


def test_rules_that_do_not_exist_are_told_with_those_that_do() -> None:
    with pytest.raises(UsageError) as caught:
        parse_config({"keep": ["logs", "repr", "x"]}, "x.toml")
    assert "keep has no such rule as logs or x (known: docstring, " in caught.value.message


# mutmut's own table

TABLE = MutmutConfig(("src/*",), ("src/a.py", "src/b*"), (r"log\(", "x"))


def test_the_table_of_mutmut_is_read_and_its_other_keys_are_not_ours(tmp_path: Path) -> None:
    text = (
        "[tool.mutmut]\nonly_mutate = ['src/*']\ndo_not_mutate = ['src/a.py', 'src/b*']\n"
        "do_not_mutate_patterns = ['log\\(', 'x']\ndebug = 3\n"
    )
    assert load_config(write(tmp_path, text)).mutmut == TABLE


SECTION = (
    "[mutmut]\nonly_mutate = src/*\ndo_not_mutate =\n  src/a.py\n  src/b*\n"
    "do_not_mutate_patterns =\n  log\\(\n  x\n"
)


@pytest.mark.parametrize("pyproject", [None, "", "[tool.assay]\njobs = 3\n"])
def test_the_section_of_setup_cfg_is_read_where_there_is_no_table(
    tmp_path: Path, pyproject: str | None
) -> None:
    (tmp_path / "setup.cfg").write_text(SECTION, encoding="utf-8")
    if pyproject is not None:
        write(tmp_path, pyproject)
    assert load_config(tmp_path).mutmut == TABLE


def test_the_table_comes_before_the_section(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text(SECTION, encoding="utf-8")
    assert load_config(write(tmp_path, "[tool.mutmut]\n")).mutmut == MutmutConfig()


@pytest.mark.parametrize(
    "text", ["no ini at all", "[metadata]\nname = %(x)s\n[metadata]\n", "[x]\n"]
)
def test_a_setup_cfg_without_the_section_is_left_in_peace(tmp_path: Path, text: str) -> None:
    (tmp_path / "setup.cfg").write_text(text, encoding="utf-8")
    assert load_config(tmp_path) == Config()


def test_all_mistakes_in_the_table_of_mutmut_are_told_at_once() -> None:
    table = {"only_mutate": "src", "do_not_mutate": [1], "do_not_mutate_patterns": ["a", "(b"]}
    with pytest.raises(UsageError) as caught:
        parse_mutmut(table, "[tool.mutmut] in x.toml")
    assert caught.value.message.startswith(
        "[tool.mutmut] in x.toml has mistakes: only_mutate must be a list of texts; "
        "do_not_mutate must be a list of texts; "
        "do_not_mutate_patterns has '(b', which is no pattern ("
    )


@pytest.mark.parametrize("text", ["[mutmut]\n[mutmut]\n", "[mutmut]\nonly_mutate\n"])
def test_a_section_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "setup.cfg").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"setup\.cfg cannot be read") as caught:
        load_config(tmp_path)
    assert "\n" not in caught.value.message


def test_a_table_of_mutmut_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\[tool\.mutmut\].* must be a table"):
        load_config(write(tmp_path, "[tool]\nmutmut = 3\n"))
