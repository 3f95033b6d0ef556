"""What cannot work gets its exit code and one clear line: no traceback, no empty success."""

from __future__ import annotations

import sqlite3
import sys
import venv
from pathlib import Path

import pytest
from conftest import (
    CopyProject,
    MappedProject,
    RunAssay,
    commit_all,
    git,
    replace_in,
    tree_bytes,
    write,
)

CHANGING_VERBS = {"select": (), "impact": (), "mutate": ("--changed",)}
RUNNING_VERBS = {**CHANGING_VERBS, "map": ()}

# -- nothing to compare (5)


@pytest.mark.parametrize("verb", CHANGING_VERBS)
def test_outside_a_git_repository(
    verb: str, mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("well_tested")
    (project / ".git").rename(tmp_path / "set-aside")
    done = run_assay(verb, *CHANGING_VERBS[verb], project=project)
    assert (done.code, done.out) == (5, "")
    assert "is not in a git repository" in done.problem


def test_map_needs_no_git_repository(copy_project: CopyProject, run_assay: RunAssay) -> None:
    project = copy_project("well_tested")
    (project / ".git").rename(project.parent / "set-aside")
    done = run_assay("map", project=project)
    assert (done.code, done.lines) == (0, ["3 tests: 3 recorded, 0 still valid."])


@pytest.mark.parametrize("verb", CHANGING_VERBS)
def test_unknown_base(verb: str, mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("well_tested")
    done = run_assay(verb, *CHANGING_VERBS[verb], "--base", "no-such", project=project)
    assert (done.code, done.out) == (5, "")
    assert "unknown revision 'no-such'" in done.problem


def test_base_that_looks_like_an_option(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    done = run_assay("select", "--base=--all", project=mapped_project("well_tested"))
    assert done.code == 5
    assert "unknown revision '--all'" in done.problem


def test_base_with_unrelated_history(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("well_tested")
    git(project, "checkout", "--quiet", "--orphan", "other")
    commit_all(project, "unrelated")
    done = run_assay("select", "--base", "main", project=project)
    assert done.code == 5
    assert "histories are unrelated" in done.problem


def test_shallow_clone_without_the_merge_base(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("well_tested")
    git(project, "checkout", "--quiet", "-b", "feature")
    replace_in(project / "ages.py", "number * 2", "number + number")
    commit_all(project, "feature")
    git(project, "checkout", "--quiet", "main")
    write(project / "notes.txt", "later\n")
    commit_all(project, "later")
    clone = tmp_path / "clone"
    source = project.as_uri()
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=feature", source, "clone")
    git(clone, "fetch", "--quiet", "--depth=1", "origin", "main:main")
    done = run_assay("impact", "--base", "main", project=clone)
    assert (done.code, done.out) == (5, "")
    assert "shallow clone" in done.problem
    assert "git fetch --unshallow" in done.problem
    git(clone, "fetch", "--quiet", "--unshallow", "origin")
    assert run_assay("impact", "--base", "main", project=clone).code == 0


@pytest.mark.parametrize("verb", CHANGING_VERBS)
def test_nothing_changed(verb: str, mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("well_tested")
    done = run_assay(verb, *CHANGING_VERBS[verb], "--base", "HEAD", project=project)
    assert (done.code, done.out) == (5, "")
    assert "nothing to compare" in done.problem


def test_first_commit_with_nothing_uncommitted(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    done = run_assay("impact", project=mapped_project("well_tested"))
    assert (done.code, done.out) == (5, "")
    assert "HEAD is the first commit" in done.problem


def test_repository_without_a_commit(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("well_tested")
    (project / ".git").rename(tmp_path / "set-aside")
    git(project, "init", "--quiet")
    done = run_assay("impact", project=project)
    assert done.code == 5
    assert "no commits yet" in done.problem


@pytest.mark.parametrize("verb", ["select", "impact"])
def test_diff_that_does_not_fit_the_tree(
    verb: str, mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    diff = tmp_path / "change.diff"
    write(diff, git(project, "diff"))
    git(project, "checkout", "--quiet", ".")
    done = run_assay(verb, "--diff", str(diff), project=project)
    assert (done.code, done.out) == (5, "")
    assert "does not fit the working tree" in done.problem


@pytest.mark.parametrize(
    "text", ["Dear all,\n", "", "\x00\x01\x02", "--- a/ages.py\n+++ b/ages.py\n"]
)
def test_file_that_is_no_diff(
    text: str, mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    write(tmp_path / "letter.txt", text)
    project = mapped_project("well_tested")
    done = run_assay("select", "--diff", str(tmp_path / "letter.txt"), project=project)
    assert (done.code, done.out) == (5, "")
    assert "letter.txt" in done.problem


def test_diff_that_is_not_there(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    missing = str(tmp_path / "none.diff")
    done = run_assay("select", "--diff", missing, project=mapped_project("well_tested"))
    assert done.code == 2
    assert missing in done.problem


# -- files that do not parse


def test_file_that_does_not_parse_after_the_change(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "return age >= 18", "return age >= (")
    done = run_assay("impact", project=project)
    assert (done.code, done.out) == (3, "")
    assert "pytest cannot collect test_ages.py" in done.problem
    assert "SyntaxError" in done.err


def test_file_that_does_not_parse_after_the_change_and_is_not_imported(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "number * 2", "number + number")
    write(project / "broken.py", "def (:\n")
    done = run_assay("impact", "--format", "json", project=project)
    assert done.code == 4
    assert [line for line in done.record["inconclusive"] if line.startswith("broken.py ")]
    assert {mutant["path"] for mutant in done.record["mutants"]} == {"ages.py"}


def test_file_that_does_not_parse_before_the_change(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("well_tested")
    good = (project / "ages.py").read_text("utf-8")
    write(project / "ages.py", good.replace("age >= 18", "age >= ("))
    commit_all(project, "broken")
    write(project / "ages.py", good)
    done = run_assay("impact", "--format", "json", project=project)
    assert done.code == 0
    assert len(done.record["selection"]["selected"]) == 3
    guards = {unit["unit"]: unit["guard"] for unit in done.record["units"]}
    assert guards["is_adult"] == "guarded"


def test_mutate_of_a_file_that_does_not_parse(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    write(project / "broken.py", "def (:\n")
    done = run_assay("mutate", "broken.py", project=project)
    assert done.code == 2
    assert "broken.py" in done.problem


# -- the suite fails without mutants (3)


def test_suite_that_fails_at_base(copy_project: CopyProject, run_assay: RunAssay) -> None:
    project = copy_project("fails_already")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    done = run_assay("impact", project=project)
    assert done.code == 3
    assert "2 tests failed without any mutant; mend these first:" in done.lines
    assert "  test_ages.py::test_error: in setup: OSError: no such thing" in done.lines


def test_map_of_a_suite_that_fails_names_the_tests(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    done = run_assay("map", project=copy_project("fails_already"))
    assert done.code == 3
    assert [line for line in done.lines if line.startswith("  failed: test_ages.py::test_wrong")]
    assert [line for line in done.lines if line.startswith("  error: test_ages.py::test_error")]
    assert "test_good" not in done.out


def test_select_takes_a_file_that_cannot_be_collected_whole(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    write(project / "test_broken.py", "import no_such_module_at_all\n")
    done = run_assay("select", project=project)
    assert done.code == 0
    assert "test_broken.py cannot be collected: ModuleNotFoundError" in done.out
    assert run_assay("select", "--format", "ids", project=project).lines == ["test_broken.py"]


@pytest.mark.parametrize("verb", [verb for verb in RUNNING_VERBS if verb != "select"])
def test_suite_with_a_collection_error(
    verb: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    write(project / "test_broken.py", "import no_such_module_at_all\n")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    done = run_assay(verb, *RUNNING_VERBS[verb], project=project)
    assert (done.code, done.out) == (3, "")
    assert "pytest cannot collect test_broken.py" in done.problem
    assert "no_such_module_at_all" in done.err
    assert ("`assay diagnose` says" in done.err) == (verb in ("impact", "gate"))


def test_suite_with_a_broken_conftest(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("well_tested")
    write(project / "conftest.py", "raise RuntimeError('broken conftest')\n")
    done = run_assay("map", project=project)
    assert (done.code, done.out) == (3, "")
    assert "conftest" in done.problem or "pytest stopped" in done.problem
    assert "broken conftest" in done.err


def test_arguments_that_pytest_refuses(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    done = run_assay("map", "--", "--no-such-option", project=mapped_project("well_tested"))
    assert (done.code, done.out) == (3, "")
    assert "pytest refuses its arguments" in done.problem
    assert "--no-such-option" in done.err


@pytest.mark.parametrize("verb", RUNNING_VERBS)
def test_no_tests_collected(verb: str, mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    done = run_assay(verb, *RUNNING_VERBS[verb], "--", "-k", "nothing_at_all", project=project)
    assert (done.code, done.out) == (3, "")
    assert "pytest collected no tests" in done.problem


# -- usage and configuration (2)


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with neither pytest nor coverage."""
    room = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(room, with_pip=False, symlinks=True)
    return str(room / "bin" / "python")


def test_pytest_and_coverage_missing_in_the_interpreter(
    copy_project: CopyProject, run_assay: RunAssay, bare_python: str
) -> None:
    project = copy_project("well_tested")
    done = run_assay("map", "--python", bare_python, project=project)
    assert (done.code, done.out) == (2, "")
    assert "has no pytest and no coverage" in done.problem
    assert f"{bare_python} -m pip install pytest coverage" in done.problem


def test_coverage_missing_in_the_interpreter(
    copy_project: CopyProject, run_assay: RunAssay, bare_python: str
) -> None:
    """A module named pytest in the project itself counts, as it would for the tests."""
    project = copy_project("well_tested")
    write(project / "pytest.py", "")
    done = run_assay("map", "--python", bare_python, project=project)
    assert done.code == 2
    assert "has no coverage: install with" in done.problem


def test_interpreter_that_does_not_exist(copy_project: CopyProject, run_assay: RunAssay) -> None:
    project = copy_project("well_tested")
    done = run_assay("map", "--python", "/no/such/python", project=project)
    assert (done.code, done.out) == (2, "")
    assert "no interpreter at '/no/such/python'" in done.problem


def test_interpreter_that_is_no_python(copy_project: CopyProject, run_assay: RunAssay) -> None:
    done = run_assay("map", "--python", "/bin/false", project=copy_project("well_tested"))
    assert done.code == 2
    assert "does not run as a Python interpreter" in done.problem


@pytest.mark.parametrize("verb", ["map", "impact", "mutate"])
def test_state_directory_that_cannot_be_used(
    verb: str, copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("well_tested")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    write(project / ".assay", "a file\n")
    before = tree_bytes(project, skip=())
    done = run_assay(verb, *(RUNNING_VERBS[verb]), project=project)
    assert (done.code, done.out) == (2, "")
    assert f"cannot write the state directory {project / '.assay'}" in done.problem
    assert tree_bytes(project, skip=()) == before


def test_reports_directory_that_cannot_be_used(
    mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    write(tmp_path / "occupied", "a file\n")
    done = run_assay("impact", "--reports", str(tmp_path / "occupied"), project=project)
    assert done.code == 2
    assert "cannot write " in done.problem


@pytest.mark.parametrize("arguments", [("--no-such",), ("--format", "yaml"), ("--base",)])
def test_unknown_option(
    arguments: tuple[str, ...], mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    done = run_assay("select", *arguments, project=mapped_project("well_tested"))
    assert (done.code, done.out) == (2, "")
    assert "assay select --help" in done.problem or "assay --help" in done.problem


def test_unknown_verb(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    done = run_assay("conquer", project=mapped_project("well_tested"))
    assert (done.code, done.out) == (2, "")
    assert "conquer" in done.problem


def test_base_and_diff_together(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    arguments = ("--base", "HEAD", "--diff", "x.diff")
    done = run_assay("select", *arguments, project=mapped_project("well_tested"))
    assert done.code == 2
    assert "not allowed with" in done.problem


def test_configuration_with_mistakes_tells_all_of_them(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    text = '[tool.assay]\nspeed = 9\njobs = -1\npytest-args = "x"\ntimeout-factor = 0\n'
    write(project / "pyproject.toml", text)
    done = run_assay("map", project=project)
    assert (done.code, done.out) == (2, "")
    for mistake in ("unknown key 'speed'", "jobs must", "pytest-args must", "timeout-factor must"):
        assert mistake in done.problem


def test_configuration_that_is_no_toml(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    project = mapped_project("well_tested")
    write(project / "pyproject.toml", "[tool.assay\n")
    done = run_assay("map", project=project)
    assert done.code == 2
    assert "pyproject.toml cannot be read" in done.problem


@pytest.mark.parametrize("text", ["tool = 3\n", "[tool]\nassay = 3\n"])
def test_configuration_that_is_no_table(
    text: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    write(project / "pyproject.toml", text)
    done = run_assay("map", project=project)
    assert done.code == 2
    assert "pyproject.toml" in done.problem


def test_project_that_is_no_directory(run_assay: RunAssay, tmp_path: Path) -> None:
    done = run_assay("map", project=tmp_path / "nowhere")
    assert (done.code, done.out) == (2, "")
    assert "nowhere" in done.problem


@pytest.mark.parametrize("arguments", [(), ("ages.py", "--changed")])
def test_mutate_needs_either_paths_or_changed(
    arguments: tuple[str, ...], mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    done = run_assay("mutate", *arguments, project=mapped_project("well_tested"))
    assert (done.code, done.out) == (2, "")
    assert "either --changed, or paths" in done.problem


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("none.py", "no file or directory none.py"),
        ("ages.py:0", "counted from 1"),
        ("ages.py:5-3", "counted from 1"),
        ("ages.py:1", "there are no mutants in ages.py:1"),
        ("/etc/hostname", "outside the project"),
    ],
)
def test_mutate_of_a_place_without_mutants(
    path: str, words: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    done = run_assay("mutate", path, project=mapped_project("well_tested"))
    assert (done.code, done.out) == (2, "")
    assert words in done.problem


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--operators", "numbers"),
            "there is no operator numbers: known are mutmut, assay, all, ",
        ),
        (("--operators", ""), "no operator is named"),
        (("--operators", "number", "--extreme"), "not allowed with argument"),
    ],
)
def test_mutate_with_unknown_operators(
    arguments: tuple[str, ...], words: str, copy_project: CopyProject, run_assay: RunAssay
) -> None:
    done = run_assay("mutate", "ages.py", *arguments, project=copy_project("well_tested"))
    assert (done.code, done.out) == (2, "")
    assert words in done.problem


def test_mutate_only_of_an_unknown_id(mapped_project: MappedProject, run_assay: RunAssay) -> None:
    arguments = ("ages.py", "--only", "ffffffffffff")
    done = run_assay("mutate", *arguments, project=mapped_project("well_tested"))
    assert done.code == 2
    assert "ffffffffffff" in done.problem


# -- damaged and newer state


def damage(path: Path) -> None:
    path.write_bytes(b"garbage, not a database at all " * 50)


def damage_inside(path: Path) -> None:
    """A good header and first page, with the rest overwritten."""
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))


def make_newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
    connection.close()


def make_foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()


SPOILED = {
    "damaged": (damage, "is damaged"),
    "damaged_inside": (damage_inside, "is damaged"),
    "newer_schema": (make_newer, "has schema 999"),
    "foreign": (make_foreign, "another program's"),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_map_file_that_cannot_be_trusted_is_set_aside_and_recorded_anew(
    kind: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    spoil, words = SPOILED[kind]
    path = project / ".assay" / "map.sqlite"
    spoil(path)
    spoiled = path.read_bytes()
    done = run_assay("map", project=project)
    assert done.code == 0, done.err
    assert words in done.lines[0]
    assert "set aside as map.sqlite.damaged-1" in done.lines[0]
    assert done.lines[1] == "3 tests: 3 recorded, 0 still valid."
    assert path.with_name("map.sqlite.damaged-1").read_bytes() == spoiled
    assert run_assay("map", project=project).lines == ["3 tests: nothing to record, 3 still valid."]


def test_map_file_set_aside_twice_keeps_both(
    mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    for _ in range(2):
        damage(project / ".assay" / "map.sqlite")
        assert run_assay("map", project=project).code == 0
    names = {path.name for path in (project / ".assay").glob("map.sqlite.damaged-*")}
    assert names == {"map.sqlite.damaged-1", "map.sqlite.damaged-2"}


@pytest.mark.parametrize("kind", SPOILED)
def test_select_does_not_trust_a_spoiled_map_and_leaves_it_there(
    kind: str, mapped_project: MappedProject, run_assay: RunAssay
) -> None:
    project = mapped_project("well_tested")
    replace_in(project / "ages.py", "age >= 18", "age > 17")
    SPOILED[kind][0](project / ".assay" / "map.sqlite")
    before = tree_bytes(project, skip=())
    done = run_assay("select", "--format", "ids", project=project)
    assert done.code == 0
    assert len(done.lines) == 3
    assert tree_bytes(project, skip=()) == before


def test_fault_of_assay_itself_has_a_file_to_report(
    mapped_project: MappedProject, run_assay: RunAssay, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = mapped_project("well_tested")

    def broken(*_: object) -> None:
        raise ZeroDivisionError("made for this test")

    monkeypatch.setattr("assay.cli.open_project", broken)
    done = run_assay("map", project=project)
    assert done.code == 70
    assert "a fault of assay itself (ZeroDivisionError: made for this test)" in done.problem
    report = Path(done.problem.rpartition("details in ")[2])
    text = report.read_text("utf-8")
    report.unlink()
    assert "Traceback" in text
    assert sys.version.split()[0] in text


def test_interpreter_given_relative_to_where_the_user_stands(
    copy_project: CopyProject, run_assay: RunAssay, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_project("well_tested")
    bin_directory = Path(sys.executable).parent
    monkeypatch.chdir(bin_directory.parent)
    relative = f"{bin_directory.name}/{Path(sys.executable).name}"
    done = run_assay("map", "--python", relative, project=project)
    assert (done.code, done.err) == (0, "")


def write_shop(directory: Path, rate: int) -> None:
    write(directory / "shop" / "__init__.py", "")
    write(directory / "shop" / "tax.py", f"def tax(n):\n    m = n * {rate}\n    return m\n")


def test_an_installed_copy_that_hides_the_sources_is_not_conclusive(
    copy_project: CopyProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    project = copy_project("well_tested")
    write_shop(project / "src", 2)
    write(
        project / "test_shop.py",
        "from shop.tax import tax\n\n\ndef test_tax():\n    assert tax(1)\n",
    )
    commit_all(project, "a package")
    write_shop(project / "src", 3)
    write_shop(tmp_path / "installed", 2)
    env = {"PYTHONPATH": str(tmp_path / "installed")}
    done = run_assay("impact", "--format", "json", project=project, env=env)
    assert done.code == 4
    (said,) = done.record["inconclusive"]
    assert said.startswith("src/shop/tax.py is not what the tests import: they import shop.tax")


def test_sources_that_the_tests_do_import_are_hidden_by_nothing(
    copy_project: CopyProject, run_assay: RunAssay
) -> None:
    project = copy_project("well_tested")
    write_shop(project / "src", 2)
    write(
        project / "test_shop.py",
        "from shop.tax import tax\n\n\ndef test_tax():\n    assert tax(1) > 1\n",
    )
    commit_all(project, "a package")
    write_shop(project / "src", 3)
    env = {"PYTHONPATH": str(project / "src")}
    done = run_assay("impact", "--format", "json", project=project, env=env)
    assert done.code == 0
    assert done.record["inconclusive"] == []
