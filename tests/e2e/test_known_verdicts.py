"""Every verdict of assay on small projects equals what plain pytest says of the mutated source.

The truth is found the slow way: the mutated text is written into a copy of the project and its
whole suite is run in a process of its own.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ASYNC_PLUGINS, NO_PLUGINS, MappedProject, RunAssay, clean_environment

from assay.change.semantics import read_source
from assay.model.mutant import Mutant
from assay.mutation.apply import mutated_text
from assay.mutation.find import find_mutants

PLAIN_PYTEST = """\
import os, signal, sys
import pytest

for project in sys.stdin.read().splitlines():
    pid = os.fork()
    if pid == 0:
        signal.alarm(120)
        os.chdir(project)
        sys.path[0] = project
        sys.argv = ["pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
        sys.stdout = sys.stderr = open(os.devnull, "w")
        os._exit(int(pytest.main()))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
"""Runs pytest in each directory it is given, each in a process that has imported only pytest."""


@dataclass(frozen=True, slots=True)
class Case:
    """One source file of a fixture project, and the verdicts that must occur among its mutants."""

    project: str
    path: str
    statuses: frozenset[str]
    env: Mapping[str, str] | None = None


BOTH = frozenset({"Killed", "Survived"})
KILLED = frozenset({"Killed"})

CASES = {
    "well_tested": Case("well_tested", "ages.py", KILLED),
    "asserts_nothing": Case("asserts_nothing", "ages.py", frozenset({"Survived", "NoCoverage"})),
    "closures_and_decorators": Case("closures_and_decorators", "hidden.py", BOTH),
    "one_line_functions": Case("one_line_functions", "lines.py", BOTH),
    "import_time_code": Case("import_time_code", "tables.py", BOTH),
    "higher_scope_fixtures": Case("higher_scope_fixtures", "makers.py", BOTH),
    "unittest_classes": Case("unittest_classes", "pool.py", KILLED),
    "doctests": Case("doctests", "sums.py", KILLED),
    "async_tests": Case("async_tests", "waiting.py", BOTH | {"NoCoverage"}, ASYNC_PLUGINS),
    "crlf": Case("odd_sources", "crlf.py", KILLED),
    "mixed_line_endings": Case("odd_sources", "mixed.py", KILLED),
    "latin_1": Case("odd_sources", "latin.py", KILLED),
    "byte_order_mark": Case("odd_sources", "bom.py", KILLED),
    "outside_rootdir": Case("below_git_root", "../library/greetings/__init__.py", KILLED),
}


class Truth:
    """Runs plain pytest on mutated copies of a project."""

    def __init__(self, case: Case, project: Path, room: Path) -> None:
        self._case = case
        self._project = project
        self._room = room
        self._content = (project / case.path).read_bytes()
        self._encoding, _ = tokenize.detect_encoding(io.BytesIO(self._content).readline)
        self._text = self._content.decode(self._encoding)

    def mutants(self, path: str) -> tuple[Mutant, ...]:
        """The mutants as assay makes them, ids included."""
        return find_mutants(read_source(path, self._content), self._text)

    def noticed(self, mutants: Sequence[Mutant]) -> list[bool]:
        """For each mutant, whether any test fails when its text stands in the file."""
        copies = [str(self._copy(mutant)) for mutant in mutants]
        env = {**(self._case.env or NO_PLUGINS), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", PLAIN_PYTEST],
            input="\n".join(copies),
            env=clean_environment(env),
            capture_output=True,
            text=True,
            check=True,
        )
        codes = [int(line) for line in done.stdout.splitlines()]
        assert len(codes) == len(copies)
        # 0: all passed; 1: a test failed; 2: a file could not be collected.
        assert set(codes) <= {0, 1, 2}, codes
        return [code != 0 for code in codes]

    def _copy(self, mutant: Mutant) -> Path:
        """A copy of the project with the mutant in place; the directory to start pytest in."""
        top = self._project.parent if self._case.path.startswith("../") else self._project
        ignored = shutil.ignore_patterns(".git", ".assay", "__pycache__")
        copy = shutil.copytree(top, self._room / mutant.id / top.name, ignore=ignored)
        here = copy / self._project.relative_to(top)
        mutated = mutated_text(self._text, mutant).encode(self._encoding)
        (here / self._case.path).write_bytes(mutated)
        return here


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_verdicts_are_those_of_plain_pytest_on(
    name: str, mapped_project: MappedProject, run_assay: RunAssay, tmp_path: Path
) -> None:
    case = CASES[name]
    env = case.env or NO_PLUGINS
    project = mapped_project(case.project, env)
    place = str((project / case.path).resolve())
    done = run_assay("mutate", place, "--format", "json", project=project, env=env)
    record = done.record
    found = {mutant["id"]: mutant for mutant in record["mutants"]}
    assert done.code == 0, [(m["replacement"], m["status"], m["reason"]) for m in found.values()]
    truth = Truth(case, project, tmp_path / "truth")
    (path,) = {mutant["path"] for mutant in found.values()}
    mutants = truth.mutants(path)
    assert {mutant.id for mutant in mutants} == set(found)
    noticed = dict(zip(mutants, truth.noticed(mutants), strict=True))
    wrong = [
        (mutant.span.start_line, mutant.original, mutant.replacement, found[mutant.id]["status"])
        for mutant, is_noticed in noticed.items()
        if (found[mutant.id]["status"] == "Killed") != is_noticed
    ]
    assert wrong == []
    assert {mutant["status"] for mutant in found.values()} == case.statuses
