"""Facts about projects: their files, their state, and which files belong to the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.config import Config
from assay.errors import StateError, UsageError
from assay.project import Project, is_test_file, open_project


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def project(root: Path, config: Config | None = None) -> Project:
    return Project(
        root=root,
        repo=root,
        is_repository=False,
        config=config or Config(),
        pytest_args=(),
        python=None,
        environ={},
    )


# Test files


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/test_tax.py", True),
        ("tests/helpers.py", True),
        ("test/data/rates.json", True),
        ("src/shop/tests/data.csv", True),
        ("conftest.py", True),
        ("src/shop/conftest.py", True),
        ("src/shop/test_tax.py", True),
        ("src/shop/tax_test.py", True),
        ("checks/odd_name.py", True),
        ("src/shop/tax.py", False),
        ("src/shop/testing.py", False),
        ("src/shop/contest.py", False),
        ("src/testsuite/tax.py", False),
        ("src/shop/latest.py", False),
        ("tests.py", False),
        ("README.md", False),
    ],
)
def test_a_file_belongs_to_the_tests_by_what_it_holds_or_where_it_lies(
    path: str, expected: bool
) -> None:
    assert is_test_file(path, frozenset({"checks/odd_name.py"})) is expected


# Files


def test_python_files_are_found_at_every_depth(tmp_path: Path) -> None:
    touch(tmp_path, "a.py", "src/shop/tax.py", "tests/test_tax.py")
    assert project(tmp_path).python_files() == {"a.py", "src/shop/tax.py", "tests/test_tax.py"}


@pytest.mark.parametrize(
    "path",
    [
        "a.txt",
        ".hidden/a.py",
        "__pycache__/a.py",
        "node_modules/x/a.py",
        "build/lib/a.py",
        "dist/a.py",
        ".assay/probe/a.py",
        "vendor/a.py",
        ".tox/py/a.py",
    ],
)
def test_files_that_are_not_the_projects_own_are_left_out(tmp_path: Path, path: str) -> None:
    touch(tmp_path, path, "own.py")
    found = project(tmp_path, Config(exclude=("vendor",))).python_files()
    assert found == {"own.py"}


@pytest.mark.parametrize("place", ["env", "tools/env"])
def test_virtual_environments_are_left_out(tmp_path: Path, place: str) -> None:
    touch(tmp_path, f"{place}/pyvenv.cfg", f"{place}/lib/a.py", "own.py")
    assert project(tmp_path).python_files() == {"own.py"}


def test_a_directory_named_like_an_environment_is_the_projects_own(tmp_path: Path) -> None:
    touch(tmp_path, "env/a.py")
    assert project(tmp_path).python_files() == {"env/a.py"}


# State


def test_the_state_is_made_and_ignored_by_git(tmp_path: Path) -> None:
    found = project(tmp_path)
    found.prepare_state()
    assert found.reports.is_dir()
    assert (found.state / ".gitignore").read_text().splitlines()[-1] == "*"


def test_preparing_the_state_again_keeps_what_is_there(tmp_path: Path) -> None:
    found = project(tmp_path)
    found.prepare_state()
    (found.state / ".gitignore").write_text("mine\n")
    found.prepare_state()
    assert (found.state / ".gitignore").read_text() == "mine\n"


def test_a_state_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    touch(tmp_path, ".assay")
    with pytest.raises(StateError, match="cannot write the state directory"):
        project(tmp_path).prepare_state()


# Opening


def test_a_directory_outside_a_repository_is_its_own_root(tmp_path: Path) -> None:
    found = open_project(tmp_path, None, ("-x",), {})
    assert (found.root, found.repo, found.is_repository) == (tmp_path, tmp_path, False)
    assert found.pytest_args == ("-x",)


def test_arguments_of_the_configuration_come_before_those_of_the_command_line(
    tmp_path: Path,
) -> None:
    text = '[tool.assay]\npytest-args = ["-p", "no:x"]\npython = "py"\n'
    (tmp_path / "pyproject.toml").write_text(text)
    found = open_project(tmp_path, None, ("tests",), {})
    assert (found.pytest_args, found.python) == (("-p", "no:x", "tests"), "py")
    assert open_project(tmp_path, "other", (), {}).python == "other"


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no directory"):
        open_project(tmp_path / "gone", None, (), {})


def test_jobs_are_the_configured_ones_or_one_a_core(tmp_path: Path) -> None:
    assert project(tmp_path, Config(jobs=3)).workers == 3
    assert project(tmp_path).workers >= 1


def test_limits_follow_the_configuration(tmp_path: Path) -> None:
    config = Config(timeout_factor=2.0, timeout_floor=0.5, timeout_unknown=9.0)
    limits = project(tmp_path, config).limits({"slow": 1.0, "fast": 0.1})
    assert [limits.of(test) for test in ("slow", "fast", "new")] == [2.0, 0.5, 9.0]
