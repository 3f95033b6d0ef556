"""`pytest --assay`: an ordinary run goes on as ever, and the map is right afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import (
    ALL_PLUGINS,
    Result,
    RunAssay,
    clean_environment,
    commit_all,
    replace_in,
    start_repository,
    write,
)
from coverage import CoverageData

from assay.impact.lock import locked
from assay.impact.store import read_map
from assay.model.impact import TEST_PREFIX, ImpactMap
from assay.model.run import TestOutcome

TOOLKIT = Path(__file__).parents[2] / "toolkit"

PROJECT = {
    "pytest.ini": "[pytest]\nasyncio_default_fixture_loop_scope = function\n",
    "pkg/__init__.py": "",
    "pkg/core.py": (
        "RATE = 2\n\n\n"
        "def double(x):\n    if x > 100:\n        return 0\n    return x * RATE\n\n\n"
        "def half(x):\n    return x / 2\n"
    ),
    "tests/conftest.py": (
        "import pytest\n\n\n"
        "@pytest.fixture(scope='session')\n"
        "def base():\n    from pkg.core import double\n\n    yield double(3)\n"
    ),
    "tests/test_a.py": (
        "from pkg.core import double, half\n\n\n"
        "def test_double():\n    assert double(2) == 4\n\n\n"
        "def test_big():\n    assert double(200) == 0\n\n\n"
        "def test_half():\n    assert half(2) == 1\n"
    ),
    "tests/test_b.py": (
        "import unittest\n\n\n"
        "def test_base(base):\n    assert base == 6\n\n\n"
        "class Case(unittest.TestCase):\n    def test_case(self):\n        self.assertTrue(True)\n"
    ),
}
TESTS = {
    "tests/test_a.py::test_double",
    "tests/test_a.py::test_big",
    "tests/test_a.py::test_half",
    "tests/test_b.py::test_base",
    "tests/test_b.py::Case::test_case",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in PROJECT.items():
        write(root / name, text)
    start_repository(root)
    return root


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """An environment in which pytest finds assay's entry point."""
    facts = tmp_path / "site" / "assay-0.1.0.dist-info"
    write(facts / "METADATA", "Metadata-Version: 2.1\nName: assay\nVersion: 0.1.0\n")
    write(facts / "entry_points.txt", "[pytest11]\nassay = assay.plugin\n")
    path = os.pathsep.join([str(TOOLKIT), str(facts.parent)])
    return {**ALL_PLUGINS, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


Run = Callable[..., Result]


@pytest.fixture
def run_pytest(project: Path, installed: Mapping[str, str]) -> Run:
    def run(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=project,
            env=clean_environment({**installed, **(env or {})}),
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run


def the_map(project: Path) -> ImpactMap:
    impact, notice = read_map(project / ".assay" / "map.sqlite")
    assert notice == ""
    return impact


def last_line(result: Result) -> str:
    return result.lines[-1]


RECORDED = "assay: recorded 5 tests in .assay/map.sqlite"


def test_the_run_says_one_line_more_and_nothing_else(project: Path, run_pytest: Run) -> None:
    plain, ours = run_pytest("-q", "--no-header"), run_pytest("-q", "--no-header", "--assay")
    assert (ours.code, last_line(ours)) == (plain.code, RECORDED)
    assert [line.split(" in ")[0] for line in ours.lines[:-1]] == [
        line.split(" in ")[0] for line in plain.lines
    ]
    assert ours.err == plain.err


def test_without_the_option_nothing_is_written_or_imported(project: Path, run_pytest: Run) -> None:
    write(
        project / "tests/test_c.py",
        "import sys\n\n\ndef test_c():\n"
        "    ours = [n for n in sys.modules if n.split('.')[0] in ('assay', '_assay_probe')]\n"
        "    assert sorted(ours) == ['assay', 'assay.plugin']\n",
    )
    assert run_pytest("-q").code == 0
    assert not (project / ".assay").exists()


@pytest.fixture(scope="module")
def maps_of_assay() -> list[ImpactMap]:
    """What `assay map` records of the project, once it has been asked."""
    return []


@pytest.fixture
def wanted(
    maps_of_assay: list[ImpactMap],
    project: Path,
    installed: Mapping[str, str],
    run_assay: RunAssay,
) -> ImpactMap:
    if not maps_of_assay:
        assert run_assay("map", project=project, env=installed).code == 0
        maps_of_assay.append(the_map(project))
        shutil.rmtree(project / ".assay")
    return maps_of_assay[0]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-n", "2"],
        ["--cov=pkg"],
        ["--cov=pkg", "--cov-branch", "--cov-context=test"],
        ["-n", "2", "--cov=pkg", "--cov-branch"],
        ["-p", "no:cacheprovider"],
    ],
    ids=" ".join,
)
def test_the_map_is_the_one_that_assay_map_records(
    project: Path,
    run_pytest: Run,
    run_assay: RunAssay,
    installed: Mapping[str, str],
    wanted: ImpactMap,
    arguments: list[str],
) -> None:
    assert last_line(run_pytest("--assay", *arguments)) == RECORDED
    found = the_map(project)
    assert found.fingerprint == wanted.fingerprint
    assert found.files == wanted.files
    assert {t: (r.outcome, r.path, r.place) for t, r in found.tests.items()} == {
        t: (r.outcome, r.path, r.place) for t, r in wanted.tests.items()
    }
    for key, node in wanted.nodes.items():
        assert found.nodes[key].lines == node.lines, key
        assert node.uses <= found.nodes[key].uses, key
        assert found.nodes[key].opaque == node.opaque, key
    # Nothing is left to do.
    assert "5 still valid" in run_assay("map", project=project, env=installed).out


@pytest.mark.parametrize(
    "arguments",
    [["--cov=pkg"], ["--cov=pkg", "--cov-branch", "--cov-context=test"], ["-n2", "--cov=pkg"]],
    ids=" ".join,
)
def test_coverage_measures_what_it_measures_without_us(
    project: Path, run_pytest: Run, arguments: list[str]
) -> None:
    def measured() -> list[object]:
        data = CoverageData(str(project / ".coverage"))
        data.read()
        return [
            (f, sorted(data.lines(f) or ()), sorted(data.arcs(f) or ()), data.contexts_by_lineno(f))
            for f in sorted(data.measured_files())
        ]

    plain = run_pytest(*arguments)
    wanted = measured()
    ours = run_pytest("--assay", *arguments)
    assert last_line(ours) == RECORDED
    assert measured() == wanted

    def table(result: Result) -> list[str]:
        return [line for line in result.lines if line.startswith(("pkg", "TOTAL"))]

    assert table(ours) == table(plain) != []


def test_coverage_run_around_pytest_measures_what_it_measures_without_us(
    project: Path, installed: Mapping[str, str]
) -> None:
    def run(*more: str) -> tuple[str, object]:
        command = [sys.executable, "-m", "coverage", "run", "--source=pkg", "-m", "pytest", *more]
        env = clean_environment(installed)
        done = subprocess.run(
            command, cwd=project, env=env, capture_output=True, text=True, check=False
        )
        data = CoverageData(str(project / ".coverage"))
        data.read()
        files = sorted(data.measured_files())
        return done.stdout.splitlines()[-1], [(f, sorted(data.lines(f) or ())) for f in files]

    _, plain = run()
    last, ours = run("--assay")
    assert (last, ours) == (RECORDED, plain)
    lines = the_map(project).nodes[TEST_PREFIX + "tests/test_a.py::test_half"].lines
    assert set(lines) == {"pkg/core.py", "tests/test_a.py"}


def test_a_selection_after_it_needs_no_collection(
    project: Path,
    run_pytest: Run,
    run_assay: RunAssay,
    installed: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_pytest("--assay")
    replace_in(project / "pkg/core.py", "return x / 2", "return x / 3")
    monkeypatch.delattr("assay.pipeline.collected_suite")
    selected = run_assay("select", "--format", "ids", project=project, env=installed)
    assert selected.lines == ["tests/test_a.py::test_half"]


def test_of_a_run_of_a_part_the_rest_stays_and_owes_what_it_missed(
    project: Path, run_pytest: Run, run_assay: RunAssay, installed: Mapping[str, str]
) -> None:
    run_pytest("--assay")
    replace_in(project / "pkg/core.py", "RATE = 2", "RATE = 2 + 0")
    commit_all(project)
    result = run_pytest("--assay", "-k", "test_double")
    assert last_line(result) == "assay: recorded 1 test in .assay/map.sqlite"
    tests = the_map(project).tests
    assert set(tests) == TESTS
    assert tests["tests/test_b.py::test_base"].outcome is TestOutcome.NOT_RUN
    assert tests["tests/test_b.py::Case::test_case"].outcome is TestOutcome.PASSED


def test_a_run_that_stops_early_keeps_what_it_did_not_reach(project: Path, run_pytest: Run) -> None:
    run_pytest("--assay")
    write(project / "tests/test_0.py", "def test_bad():\n    assert False\n")
    assert run_pytest("--assay", "-x").code == 1
    assert set(the_map(project).tests) == TESTS | {"tests/test_0.py::test_bad"}


@pytest.mark.parametrize("arguments", [["--collect-only"], ["-k", "nothing_has_this_name"]])
def test_a_run_without_tests_records_none(
    project: Path, run_pytest: Run, arguments: list[str]
) -> None:
    plain, ours = run_pytest(*arguments), run_pytest("--assay", *arguments)
    assert ours.code == plain.code
    assert not (project / ".assay/map.sqlite").exists()


def test_the_option_in_addopts_leaves_assays_own_runs_alone(
    project: Path, run_pytest: Run, run_assay: RunAssay, installed: Mapping[str, str]
) -> None:
    replace_in(project / "pytest.ini", "[pytest]", "[pytest]\naddopts = --assay")
    assert last_line(run_pytest()) == RECORDED
    done = run_assay("map", project=project, env=installed)
    assert (done.code, done.lines[-1]) == (0, "5 tests: nothing to record, 5 still valid.")
    assert not list((project / ".assay/spool").iterdir())


def test_where_nothing_can_be_written_the_tests_run_all_the_same(
    project: Path, run_pytest: Run
) -> None:
    write(project / ".assay", "in the way")
    result = run_pytest("--assay")
    assert result.code == 0
    assert last_line(result).startswith("assay: nothing is recorded: cannot write the state")


def test_what_a_killed_run_has_finished_joins_the_map_later(
    project: Path, run_assay: RunAssay, installed: Mapping[str, str]
) -> None:
    write(
        project / "tests/test_z.py",
        "import pathlib, time\n\n\ndef test_z():\n"
        "    pathlib.Path(__file__).parents[2].joinpath('reached').touch()\n    time.sleep(60)\n",
    )
    command = [sys.executable, "-m", "pytest", "--assay", "-q"]
    env = clean_environment(installed)
    with subprocess.Popen(command, cwd=project, env=env, stdout=subprocess.DEVNULL) as child:
        end = time.monotonic() + 60
        while not (project.parent / "reached").exists() and time.monotonic() < end:
            time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
    (spool,) = (project / ".assay/spool").iterdir()
    done = run_assay("map", "--merge", str(spool), project=project, env=installed)
    assert (done.code, done.lines[0]) == (0, "Note: 5 tests taken over from an earlier run.")
    impact = the_map(project)
    assert set(impact.tests) == TESTS
    assert impact.nodes["fixture:tests::base"].opaque == {"was in use when its process was lost"}
    assert not list((project / ".assay/spool").iterdir())


def test_a_file_that_changes_meanwhile_makes_opaque_what_ran_it(
    project: Path, run_pytest: Run
) -> None:
    write(
        project / "tests/test_z.py",
        "import pkg.core\n\n\ndef test_z():\n"
        "    with open(pkg.core.__file__, 'a') as file:\n        file.write('# more\\n')\n",
    )
    run_pytest("--assay")
    nodes = the_map(project).nodes
    why = {"pkg/core.py changed while it was recorded"}
    assert nodes[TEST_PREFIX + "tests/test_a.py::test_half"].opaque == why
    assert nodes[TEST_PREFIX + "tests/test_b.py::Case::test_case"].opaque == set()
    # Recorded at rest, it is as good as any.
    (project / "tests/test_z.py").unlink()
    run_pytest("--assay")
    assert all(not node.opaque for node in the_map(project).nodes.values())


def test_a_recording_waits_for_another_and_says_so_when_it_must_not(
    project: Path, run_pytest: Run, run_assay: RunAssay, installed: Mapping[str, str]
) -> None:
    run_pytest("--assay")
    with locked(project / ".assay/recording.lock", 0, lambda: None):
        result = run_pytest("--assay")
    assert result.code == 0
    assert last_line(result).startswith("assay: another recording is under way; ")
    assert len(list((project / ".assay/spool").iterdir())) == 1
    run_assay("map", project=project, env=installed)
    assert not list((project / ".assay/spool").iterdir())


# Joining


def test_an_exported_map_holds_in_another_directory(
    project: Path, run_pytest: Run, run_assay: RunAssay, installed: Mapping[str, str]
) -> None:
    run_pytest("--assay")
    file = project.parent / "map.assay"
    assert run_assay("map", "--export", str(file), project=project).out == (
        f"5 tests exported to {file}.\n"
    )
    other = shutil.copytree(project, project.parent / "elsewhere")
    shutil.rmtree(other / ".assay")
    assert run_assay("map", "--import", str(file), project=other).code == 0
    replace_in(other / "pkg/core.py", "return x / 2", "return x / 3")
    selected = run_assay("select", "--format", "ids", project=other, env=installed)
    assert selected.lines == ["tests/test_a.py::test_half"]


def test_maps_of_shards_join_to_one(
    project: Path, run_assay: RunAssay, installed: Mapping[str, str]
) -> None:
    files = []
    for name in ("a", "b"):
        arguments = ["map", "--fresh", "--", f"tests/test_{name}.py"]
        assert run_assay(*arguments, project=project, env=installed).code == 0
        files.append(str(shutil.copy(project / ".assay/map.sqlite", project.parent / name)))
    shutil.rmtree(project / ".assay")
    done = run_assay("map", "--merge", *files, project=project)
    assert (done.code, done.out) == (0, "2 recordings joined: 5 tests in the map.\n")
    again = run_assay("map", project=project, env=installed)
    assert again.lines[-1] == "5 tests: nothing to record, 5 still valid."


def test_maps_of_different_environments_are_not_joined(
    project: Path, run_pytest: Run, run_assay: RunAssay
) -> None:
    run_pytest("--assay")
    file = project.parent / "one"
    shutil.copy(project / ".assay/map.sqlite", file)
    shutil.rmtree(project / ".assay")
    replace_in(project / "pytest.ini", "[pytest]", "[pytest]\naddopts = -ra")
    run_pytest("--assay")
    done = run_assay("map", "--merge", str(file), project=project)
    assert done.code == 2
    assert str(file) in done.problem
    assert str(project / ".assay/map.sqlite") in done.problem


@pytest.mark.parametrize("option", ["--merge", "--import"])
@pytest.mark.parametrize("content", [None, "no map"])
def test_what_is_no_map_is_refused(
    project: Path, run_assay: RunAssay, option: str, content: str | None
) -> None:
    file = project.parent / "given"
    if content is not None:
        write(file, content)
    done = run_assay("map", option, str(file), project=project)
    assert done.code == 2
    assert str(file) in done.problem
