"""Facts about interpreters: which one is chosen, why, and what it must have."""

from __future__ import annotations

import os
import re
import sys
import venv
from pathlib import Path

import pytest

from assay.errors import UsageError
from assay.execution import interpreter
from assay.execution.interpreter import (
    LOCAL_ENVIRONMENTS,
    check_interpreter,
    choose_interpreter,
    probe_environment,
)


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def environment(directory: Path) -> Path:
    """A fake virtual environment; its interpreter."""
    python = executable(directory / "bin" / "python")
    (directory / "pyvenv.cfg").touch()
    return python


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    return path


@pytest.fixture
def path_dir(tmp_path: Path) -> Path:
    """A directory for the PATH with a python3 in it."""
    executable(tmp_path / "bin" / "python3")
    return tmp_path / "bin"


# Choosing


def test_python_given_by_path_wins_over_everything(project: Path, path_dir: Path) -> None:
    active = environment(project.parent / "active")
    environment(project / ".venv")
    wanted = executable(project.parent / "mine" / "python")
    environ = {"VIRTUAL_ENV": str(active.parent.parent), "PATH": str(path_dir)}
    assert choose_interpreter(project, str(wanted), environ) == (str(wanted), "--python")


def test_python_given_as_a_command_is_found_on_the_path(project: Path, path_dir: Path) -> None:
    found = choose_interpreter(project, "python3", {"PATH": str(path_dir)})
    assert found == (str(path_dir / "python3"), "--python")


def test_python_given_as_a_relative_path_is_found_in_the_project(
    project: Path, path_dir: Path
) -> None:
    python = environment(project / "envs" / "py")
    found = choose_interpreter(project, "envs/py/bin/python", {"PATH": str(path_dir)})
    assert found == (str(python), "--python")


def test_python_that_does_not_exist_is_told(project: Path, path_dir: Path) -> None:
    with pytest.raises(UsageError, match="no interpreter at 'python9'"):
        choose_interpreter(project, "python9", {"PATH": str(path_dir)})


def test_the_active_environment_wins_over_the_projects_own(project: Path, path_dir: Path) -> None:
    python = environment(project.parent / "active")
    environment(project / ".venv")
    environ = {"VIRTUAL_ENV": str(project.parent / "active"), "PATH": str(path_dir)}
    found = choose_interpreter(project, None, environ)
    assert found == (str(python), "the active virtual environment")


def test_the_environment_assay_runs_in_does_not_win_over_the_projects_own(
    project: Path, path_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(project.parent / "ours")
    monkeypatch.setattr(sys, "prefix", str(project.parent / "ours"))
    python = environment(project / ".venv")
    environ = {"VIRTUAL_ENV": str(project.parent / "ours"), "PATH": str(path_dir)}
    assert choose_interpreter(project, None, environ) == (str(python), "the project's .venv")


def test_the_environment_assay_runs_in_is_taken_where_the_project_has_none(
    project: Path, path_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = environment(project.parent / "ours")
    monkeypatch.setattr(sys, "prefix", str(project.parent / "ours"))
    environ = {"VIRTUAL_ENV": str(project.parent / "ours"), "PATH": str(path_dir)}
    found = choose_interpreter(project, None, environ)
    assert found == (str(python), "the active virtual environment")


def test_the_environment_assay_runs_in_wins_over_the_path(
    project: Path, path_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = environment(project.parent / "ours")
    monkeypatch.setattr(sys, "prefix", str(project.parent / "ours"))
    found = choose_interpreter(project, None, {"PATH": str(path_dir)})
    assert found == (str(python), "the environment of assay itself")


@pytest.mark.parametrize("receipt", ["pipx_metadata.json", "uv-receipt.toml"])
def test_an_environment_that_was_made_for_assay_alone_is_passed_over(
    project: Path, path_dir: Path, monkeypatch: pytest.MonkeyPatch, receipt: str
) -> None:
    environment(project.parent / "ours")
    (project.parent / "ours" / receipt).touch()
    monkeypatch.setattr(sys, "prefix", str(project.parent / "ours"))
    found = choose_interpreter(project, None, {"PATH": str(path_dir)})
    assert found == (str(path_dir / "python3"), "python3 on the PATH")


def test_the_environment_of_a_checkout_of_assay_is_passed_over(
    project: Path, path_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Path(interpreter.__file__).parents[3]
    monkeypatch.setattr(sys, "prefix", str(checkout / ".venv"))
    found = choose_interpreter(project, None, {"PATH": str(path_dir)})
    assert found == (str(path_dir / "python3"), "python3 on the PATH")


@pytest.mark.parametrize("name", LOCAL_ENVIRONMENTS)
def test_the_projects_own_environment_wins_over_the_path(
    project: Path, path_dir: Path, name: str
) -> None:
    python = environment(project / name)
    found = choose_interpreter(project, None, {"PATH": str(path_dir)})
    assert found == (str(python), f"the project's {name}")


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """assay runs in an interpreter of the system."""
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)


@pytest.mark.usefixtures("no_environment")
def test_a_directory_that_only_looks_like_an_environment_is_passed_over(
    project: Path, path_dir: Path
) -> None:
    executable(project / "env" / "bin" / "python")
    found = choose_interpreter(project, None, {"PATH": str(path_dir)})
    assert found == (str(path_dir / "python3"), "python3 on the PATH")


@pytest.mark.usefixtures("no_environment")
def test_an_active_environment_that_is_gone_is_passed_over(project: Path, path_dir: Path) -> None:
    environ = {"VIRTUAL_ENV": str(project / "gone"), "PATH": str(path_dir)}
    found = choose_interpreter(project, None, environ)
    assert found == (str(path_dir / "python3"), "python3 on the PATH")


@pytest.mark.usefixtures("no_environment")
def test_python_on_the_path_is_taken_where_there_is_no_python3(
    project: Path, tmp_path: Path
) -> None:
    python = executable(tmp_path / "only" / "python")
    found = choose_interpreter(project, None, {"PATH": str(python.parent)})
    assert found == (str(python), "python on the PATH")


@pytest.mark.usefixtures("no_environment")
def test_no_interpreter_at_all_is_told(project: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give one with --python PATH"):
        choose_interpreter(project, None, {"PATH": str(tmp_path / "empty")})


# Checking


def test_this_interpreter_has_what_the_probe_needs(project: Path) -> None:
    found = check_interpreter(sys.executable, "--python", project, os.environ)
    assert (found.path, found.how) == (sys.executable, "--python")
    assert found.version == sys.version_info[:3]
    assert Path(found.prefix).samefile(sys.prefix)


@pytest.mark.slow
def test_an_interpreter_without_pytest_and_coverage_is_told_how_to_install_them(
    project: Path,
) -> None:
    venv.create(project / ".venv", with_pip=False, symlinks=True)
    python = str(project / ".venv" / "bin" / "python")
    expected = (
        f"{python} (why) has no pytest and no coverage: install with "
        f"`{python} -m pip install pytest coverage`, or name another interpreter with --python"
    )
    with pytest.raises(UsageError, match=f"^{re.escape(expected)}$"):
        check_interpreter(python, "why", project, {"PATH": os.environ["PATH"]})


def test_something_that_is_no_interpreter_is_told_with_its_last_words(project: Path) -> None:
    fake = executable(project / "python", "#!/bin/sh\necho first\necho last words\nexit 1\n")
    with pytest.raises(UsageError, match="does not run as a Python interpreter: last words"):
        check_interpreter(str(fake), "--python", project, os.environ)


def test_something_that_cannot_be_started_is_told(project: Path) -> None:
    (project / "python").write_text("not executable")
    with pytest.raises(UsageError, match="does not run as a Python interpreter"):
        check_interpreter(str(project / "python"), "--python", project, os.environ)


@pytest.mark.parametrize(
    ("version", "accepted"), [("[3, 9, 18]", False), ("[3, 10, 0]", True), ("[3, 14, 0]", True)]
)
def test_interpreters_before_3_10_are_refused(project: Path, version: str, accepted: bool) -> None:
    answer = f'assay:{{"version": {version}, "prefix": "/p", "missing": []}}'
    fake = executable(project / "python", f"#!/bin/sh\necho '{answer}'\n")
    if accepted:
        assert check_interpreter(str(fake), "", project, os.environ).prefix == "/p"
    else:
        with pytest.raises(UsageError, match=r"is Python 3\.9\.18"):
            check_interpreter(str(fake), "", project, os.environ)


def test_what_an_interpreter_prints_at_its_start_does_not_hide_its_answer(project: Path) -> None:
    answer = 'assay:{"version": [3, 12, 1], "prefix": "/p", "missing": []}'
    fake = executable(project / "python", f"#!/bin/sh\necho hello\necho '{answer}'\necho bye\n")
    assert check_interpreter(str(fake), "", project, os.environ).version == (3, 12, 1)


# The environment of the tests


@pytest.mark.parametrize(
    "name",
    [
        "COV_CORE_SOURCE",
        "COVERAGE_PROCESS_START",
        "COVERAGE_FILE",
        "PYTEST_XDIST_WORKER",
        "PYTEST_CURRENT_TEST",
    ],
)
def test_variables_that_mislead_the_probe_are_left_out(name: str) -> None:
    assert name not in probe_environment({name: "x"})


@pytest.mark.parametrize("name", ["PATH", "PYTEST_ADDOPTS", "COV", "MY_COVERAGE_", "PYTHONPATH"])
def test_other_variables_of_the_user_stay(name: str) -> None:
    assert probe_environment({name: "x"})[name] == "x"


def test_no_bytecode_is_written_and_the_core_of_coverage_is_fixed() -> None:
    given = {"PYTHONDONTWRITEBYTECODE": "", "COVERAGE_CORE": "sysmon"}
    found = probe_environment(given)
    assert found["PYTHONDONTWRITEBYTECODE"] == "1"
    assert found["COVERAGE_CORE"] == "ctrace"


def test_the_hash_seed_is_fixed_unless_the_user_has_one() -> None:
    assert probe_environment({})["PYTHONHASHSEED"] == "0"
    assert probe_environment({"PYTHONHASHSEED": "7"})["PYTHONHASHSEED"] == "7"


def test_the_users_mapping_is_not_altered() -> None:
    given = {"COVERAGE_FILE": "x"}
    probe_environment(given)
    assert given == {"COVERAGE_FILE": "x"}
