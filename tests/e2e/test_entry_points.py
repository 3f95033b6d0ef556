"""`assay`, `python -m assay` and `python toolkit` are the same program, told apart by nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import MappedProject, RunAssay, RunCommand, replace_in

TOOLKIT = Path(__file__).parents[2] / "toolkit"
COMMANDS = {
    "assay": [str(Path(sys.executable).with_name("assay"))],
    "python_m_assay": [sys.executable, "-m", "assay"],
    "python_toolkit": [sys.executable, str(TOOLKIT)],
}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_select_from_the_project_directory_by(
    command: str, mapped_project: MappedProject, run_command: RunCommand
) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "number * 2", "number + number")
    argv = [*COMMANDS[command], "select", "--python", sys.executable, "--format", "ids"]
    done = run_command(*argv, cwd=project)
    assert (done.code, done.out, done.err) == (0, "test_ages.py::test_double\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_bad_option_has_exit_code_two_by(
    command: str, tmp_path: Path, run_command: RunCommand
) -> None:
    done = run_command(*COMMANDS[command], "map", "--bad", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "--bad" in done.problem


@pytest.mark.slow
def test_assay_is_not_taken_from_the_project(
    mapped_project: MappedProject, run_command: RunCommand
) -> None:
    """The project has an `assay.py` and a `toolkit/` of its own in the current directory."""
    project = mapped_project("own_toolkit_package")
    argv = [*COMMANDS["assay"], "mutate", "toolkit/hammer.py", "--python", sys.executable]
    done = run_command(*argv, cwd=project)
    assert done.code == 0, done.err
    assert done.lines[0] == "4 mutants: 4 killed; mutation score 100 %."


@pytest.mark.slow
def test_active_virtual_environment_runs_the_tests(
    mapped_project: MappedProject, run_command: RunCommand
) -> None:
    project = mapped_project("well_tested")
    env = {"VIRTUAL_ENV": sys.prefix}
    done = run_command(*COMMANDS["assay"], "map", cwd=project, env=env)
    assert (done.code, done.out) == (0, "3 tests: nothing to record, 3 still valid.\n")


@pytest.mark.parametrize("verb", ["map", "select", "impact", "mutate", "show", "why"])
def test_help_of_every_verb_names_the_exit_codes(
    verb: str, capsys: pytest.CaptureFixture[str], run_assay: RunAssay, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as left:
        run_assay(verb, "--help", project=tmp_path)
    assert left.value.code == 0
    assert "exit codes:" in capsys.readouterr().out


@pytest.mark.slow
def test_output_into_a_closed_pipe_is_no_fault(
    mapped_project: MappedProject, run_command: RunCommand
) -> None:
    project = mapped_project("odd_ids")
    script = f"{sys.executable} -m assay why test_words.py::test_quiet --all | true"
    done = run_command("bash", "-c", f"set -o pipefail; {script}", cwd=project)
    assert (done.code, done.err) == (0, "")
