"""What stays owed when fewer tests run than are affected, and when the map is behind the tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import RunAssay, clean_environment, commit_all, start_repository, write

LIB = "RATE = 2\n\n\ndef rate(n):\n    return n * RATE\n"
TEST = "import lib\n\n\ndef test_rate():\n    assert lib.rate(1) == 2\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A library of one function with two test files."""
    root = tmp_path / "project"
    write(root / "lib.py", LIB)
    write(root / "test_a.py", TEST)
    write(root / "test_b.py", TEST)
    start_repository(root)
    return root


def ids(project: Path, run_assay: RunAssay, *arguments: str) -> list[str]:
    done = run_assay("select", "--format", "ids", *arguments, project=project)
    assert done.code in (0, 5), done.err
    return done.lines


def test_a_run_of_one_file_leaves_the_other_owed(project: Path, run_assay: RunAssay) -> None:
    assert run_assay("map", project=project).code == 0
    write(project / "lib.py", LIB.replace("RATE = 2", "RATE = 3"))
    assert run_assay("map", "--", "test_a.py", project=project).code == 3
    assert "test_b.py::test_rate" in ids(project, run_assay)
    assert "test_b.py::test_rate" in run_assay("map", project=project).out


def test_a_run_of_one_file_on_an_unchanged_tree_owes_nothing(
    project: Path, run_assay: RunAssay
) -> None:
    assert run_assay("map", project=project).code == 0
    assert run_assay("map", "--", "test_a.py", project=project).code == 0
    write(project / "unrelated.py", "")
    assert ids(project, run_assay) == []


def test_a_conftest_newer_than_the_map_selects_though_git_calls_it_old(
    project: Path, run_assay: RunAssay
) -> None:
    assert run_assay("map", project=project).code == 0
    write(project / "conftest.py", "import lib\n\nlib.RATE = 5\n")
    commit_all(project, "a conftest")
    write(project / "unrelated.txt", "x")
    assert sorted(ids(project, run_assay)) == ["test_a.py::test_rate", "test_b.py::test_rate"]


def test_a_file_read_by_a_relative_name_after_another_test_changed_directory(
    project: Path, run_assay: RunAssay
) -> None:
    write(project / "data.txt", "one")
    elsewhere = (
        "import os\n\n\ndef test_elsewhere(tmp_path, monkeypatch):\n"
        "    (tmp_path / 'data.txt').write_text('x')\n"
        "    monkeypatch.chdir(tmp_path)\n    open('data.txt').close()\n"
    )
    write(project / "test_a.py", elsewhere)
    write(
        project / "test_b.py",
        "def test_data():\n    with open('data.txt') as f:\n        assert f.read() == 'one'\n",
    )
    commit_all(project, "data")
    assert run_assay("map", project=project).code == 0
    write(project / "data.txt", "two")
    assert ids(project, run_assay) == ["test_b.py::test_data"]


def test_a_doctest_depends_on_its_own_text(project: Path, run_assay: RunAssay) -> None:
    write(project / "doc.py", 'def f():\n    """\n    >>> 1 + 1\n    2\n    """\n    return 1\n')
    write(project / "other.py", 'def g():\n    """\n    >>> 2 + 2\n    4\n    """\n    return 1\n')
    commit_all(project, "doctests")
    arguments = ("--", "--doctest-modules")
    assert run_assay("map", *arguments, project=project).code == 0
    write(project / "doc.py", (project / "doc.py").read_text().replace("    2\n", "    3\n"))
    assert ids(project, run_assay, *arguments) == ["doc.py::doc.f"]


def test_a_package_named_build_is_followed(project: Path, run_assay: RunAssay) -> None:
    write(project / "build" / "__init__.py", "")
    write(project / "build" / "consts.py", "SIZE = 1\n")
    text = "from build import consts\n\n\ndef test_size():\n    assert consts.SIZE == 1\n"
    write(project / "test_a.py", text)
    write(project / "test_b.py", text)
    write(project / "pytest.ini", "[pytest]\npythonpath = .\nnorecursedirs = build\n")
    commit_all(project, "build")
    assert run_assay("map", project=project).code == 0
    write(project / "build" / "consts.py", "SIZE = 2\n")
    assert sorted(ids(project, run_assay)) == ["test_a.py::test_size", "test_b.py::test_size"]


def test_a_plugin_module_of_the_project_is_everybodys(project: Path, run_assay: RunAssay) -> None:
    write(project / "plug.py", "import os\n\nos.environ['PLUGGED'] = '1'\n")
    write(project / "conftest.py", "pytest_plugins = ['plug']\n")
    commit_all(project, "plug")
    assert run_assay("map", project=project).code == 0
    write(project / "plug.py", "import os\n\nos.environ['PLUGGED'] = '2'\n")
    assert len(ids(project, run_assay)) == 2


def test_a_link_that_leads_elsewhere_is_a_changed_file(project: Path, run_assay: RunAssay) -> None:
    for name in ("v1", "v2"):
        write(project / name / "data.txt", name)
    (project / "now").symlink_to("v1")
    write(
        project / "test_b.py",
        "def test_data():\n    with open('now/data.txt') as f:\n        assert f.read() == 'v1'\n",
    )
    commit_all(project, "a link")
    assert run_assay("map", project=project).code == 0
    (project / "now").unlink()
    (project / "now").symlink_to("v2")
    assert ids(project, run_assay) == ["test_b.py::test_data"]


def test_mutants_after_a_comment_have_their_coverage(project: Path, run_assay: RunAssay) -> None:
    assert run_assay("map", project=project).code == 0
    write(project / "lib.py", "# a comment\n" + LIB)
    done = run_assay("mutate", "lib.py", "--format", "json", project=project)
    assert {mutant["status"] for mutant in done.record["mutants"]} == {"Killed"}


def test_a_module_that_is_reloaded_stays_mutated(project: Path, run_assay: RunAssay) -> None:
    text = (
        "import importlib\n\nimport lib\n\n\ndef test_reload():\n    lib.rate(1)\n"
        "    importlib.reload(lib)\n    assert lib.rate(1) == 2\n"
    )
    write(project / "test_a.py", text)
    (project / "test_b.py").unlink()
    done = run_assay("mutate", "lib.py:5", "--format", "json", project=project)
    assert {mutant["status"] for mutant in done.record["mutants"]} == {"Killed"}


def test_a_mutant_that_must_go_cold_is_controlled_cold(project: Path, run_assay: RunAssay) -> None:
    write(project / "registry.py", "NAMES = {}\n")
    write(
        project / "test_a.py",
        "import registry\n\nregistry.NAMES['x'] = 1\n\n\ndef test_a():\n    pass\n",
    )
    lazy = (
        "import registry\n\n\ndef test_lazy():\n    import lib\n\n    lib.rate(1)\n"
        "    assert registry.NAMES['x'] == 1\n"
    )
    write(project / "test_b.py", lazy)
    done = run_assay("mutate", "lib.py:5", "--format", "json", project=project)
    assert "Killed" not in {mutant["status"] for mutant in done.record["mutants"]}


def test_file_names_that_are_no_text_do_not_stop_a_run(project: Path, run_assay: RunAssay) -> None:
    name = os.fsdecode(b"caf\xe9")
    write(project / f"{name}.txt", "x")
    write(project / f"{name}.py", "X = 1\n")
    write(
        project / "test_a.py",
        "import os\n\n\ndef test_names():\n    assert len(os.listdir('.')) > 1\n"
        "    open(b'caf\\xe9.txt').close()\n",
    )
    assert run_assay("map", project=project).code == 0
    assert "test_a.py::test_names" in ids(project, run_assay)


def test_code_in_a_file_whose_name_is_no_text_is_followed_like_any_other(
    project: Path, run_assay: RunAssay
) -> None:
    shop = project / f"{os.fsdecode(b'caf' + bytes([0xE9]))}.py"
    write(shop, LIB)
    loading = (
        "import importlib.util, os\n\npath = os.path.join(os.path.dirname(__file__), "
        "os.fsdecode(b'caf\\xe9.py'))\n"
        "spec = importlib.util.spec_from_file_location('shop', path)\n"
        "shop = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(shop)\n"
    )
    write(project / "test_c.py", f"{loading}\n\ndef test_c():\n    assert shop.rate(1) == 2\n")
    commit_all(project, "a name that is no text")
    assert run_assay("map", project=project).code == 0
    write(shop, LIB.replace("n * RATE", "RATE * n"))
    assert ids(project, run_assay) == ["test_c.py::test_c"]
    # As a process: what is printed goes through its own standard output.
    done = subprocess.run(
        [sys.executable, "-m", "assay", "gate", "--python", sys.executable, "--format", "json"],
        cwd=project,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    mutants = json.loads(done.stdout)["mutants"]
    assert {one["path"] for one in mutants} == {shop.name}
    assert "test_c.py::test_c" in {one["killer"] for one in mutants}
