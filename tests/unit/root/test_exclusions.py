"""Facts about the lines that a project tells coverage to leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.exclusions import Exclusions, exclusions_of, settings_file

SOURCE = """\
import sys


def rate(n):
    if n is None:
        raise NotImplementedError
    if sys.platform == "win32":
        n = 1
    return n


@staticmethod
def debug():  # pragma: no cover
    print("off")


def log(n):  # not tested
    print(n)
"""
PRAGMA = {12, 13, 14}
"""The function, from its decorator on, and what is in it."""

PATTERN = "raise NotImplementedError"
SETTINGS = {
    ".coveragerc": "[report]\nexclude_also =\n    {}\n",
    "setup.cfg": "[coverage:report]\nexclude_also =\n    {}\n",
    "tox.ini": "[coverage:report]\nexclude_also =\n    {}\n",
    "pyproject.toml": "[tool.coverage.report]\nexclude_also = ['{}']\n",
}


def lines(directory: Path) -> frozenset[int]:
    found = exclusions_of(directory)
    assert not found.problem
    return found.lines(SOURCE)


def test_without_settings_the_pragma_alone_leaves_lines_out(tmp_path: Path) -> None:
    assert lines(tmp_path) == PRAGMA


@pytest.mark.parametrize("name", SETTINGS)
def test_what_the_settings_add_is_left_out_too(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(SETTINGS[name].format(PATTERN), encoding="utf-8")
    assert lines(tmp_path) == {*PRAGMA, 6}


def test_a_pattern_on_the_head_of_a_block_leaves_the_block_out(tmp_path: Path) -> None:
    text = SETTINGS["pyproject.toml"].format("sys.platform ==")
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert lines(tmp_path) == {*PRAGMA, 7, 8}


def test_patterns_in_the_place_of_the_pragma_are_all_there_is(tmp_path: Path) -> None:
    text = "[report]\nexclude_lines =\n    not tested\n"
    (tmp_path / ".coveragerc").write_text(text, encoding="utf-8")
    assert lines(tmp_path) == {17, 18}


def test_the_first_file_with_settings_is_the_only_one(tmp_path: Path) -> None:
    for name, text in SETTINGS.items():
        (tmp_path / name).write_text(text.format("log"), encoding="utf-8")
    (tmp_path / ".coveragerc").unlink()
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = coverage\n", encoding="utf-8")
    assert settings_file(tmp_path) == tmp_path / "tox.ini"


def test_settings_of_others_are_no_settings_of_coverage(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.black]\n", encoding="utf-8")
    assert settings_file(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["[report]\nexclude_lines =\n    (\n", "no section\n", "[run]\nbranch = perhaps\n"]
)
def test_settings_that_cannot_be_read_are_told_and_the_pragma_holds(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / ".coveragerc").write_text(text, encoding="utf-8")
    found = exclusions_of(tmp_path)
    assert found.problem.startswith("the coverage settings cannot be read: ")
    assert found.lines(SOURCE) == PRAGMA


def test_plug_ins_that_are_not_installed_here_do_not_matter(tmp_path: Path) -> None:
    text = "[run]\nplugins = there_is_no_such_plugin\n[report]\nexclude_also = Not[I]mplemented\n"
    (tmp_path / ".coveragerc").write_text(text, encoding="utf-8")
    assert lines(tmp_path) == {*PRAGMA, 6}


def test_of_what_is_no_python_nothing_is_left_out() -> None:
    assert Exclusions("x").lines("x = (\n") == frozenset()
    assert Exclusions("x").lines("") == frozenset()
