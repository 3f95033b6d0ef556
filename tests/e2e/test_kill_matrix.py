"""Each test of a kill matrix is judged by itself, whatever others have left behind."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from conftest import NO_PLUGINS, clean_environment, start_repository, write
from rich.console import Console

from assay.answering import mutation_settings
from assay.change.semantics import read_source
from assay.gather import NO_CHANGE
from assay.matrices import Extent, any_kill, fill_matrix
from assay.model.matrix import KILLS, Cell, KillMatrix
from assay.mutation.targets import target_of
from assay.pipeline import refresh
from assay.progress import Progress
from assay.project import open_project
from assay.recording import collected_suite

FILES = {
    "box.py": """\
from functools import lru_cache


def put(items, thing):
    items.append(thing)
    return len(items)


@lru_cache
def doubled(number):
    return number * 2


def spin(number):
    while number > 0:
        number -= 1
    return number
""",
    "test_box.py": """\
import box
import pytest

SHARED = []


def test_put():
    assert box.put(SHARED, 1) == 1
    SHARED.clear()


def test_shared_is_clean():
    box.put([], 1)
    assert SHARED == []


def test_doubled_by_the_way():
    box.doubled(3)


def test_doubled():
    assert box.doubled(3) == 6


def test_spin():
    assert box.spin(2) == 0


@pytest.fixture
def filled():
    items = []
    assert box.put(items, 1) == 1
    return items


def test_with_a_fixture(filled):
    assert filled is not None


calls = []


def test_flaky():
    calls.append(1)
    assert box.put([], 1) and len(calls) == 1
""",
}

Matrices = dict[str, KillMatrix]


@pytest.fixture(scope="module")
def matrices(tmp_path_factory: pytest.TempPathFactory) -> Matrices:
    root = tmp_path_factory.mktemp("box")
    for path, text in FILES.items():
        write(root / path, text)
    start_repository(root)
    project = open_project(root, sys.executable, (), clean_environment(NO_PLUGINS))
    progress = Progress(Console(file=io.StringIO()), quiet=True)
    content = Path(root, "box.py").read_bytes()
    target = target_of(
        read_source("box.py", content), content, None, [], mutation_settings(project)
    )
    assert target is not None
    found = {}
    with collected_suite(project, progress) as suite:
        _, baseline = refresh(suite, NO_CHANGE, progress, {"box.py"})
        for name, extent in {
            "full": Extent(full=True, fresh=True),
            "known": Extent(full=True),
            "witness": Extent(fresh=True),
            "cut": Extent(fresh=True, budget=0.000001),
        }.items():
            found[name] = fill_matrix(suite, [target], baseline, any_kill, extent, progress).matrix
    return found


def cells(matrix: KillMatrix, scope: str, test: str) -> set[Cell]:
    found = {
        matrix.cell(mutant_id, f"test_box.py::{test}")
        for mutant_id, mutant in matrix.mutants.items()
        if mutant.scope == scope
    }
    return {cell for cell in found if cell is not None}


def test_a_failure_does_not_make_the_next_test_fail(matrices: Matrices) -> None:
    assert cells(matrices["full"], "put", "test_put") & KILLS
    # It crashes with a mutant that crashes, and never sees what test_put has left.
    assert Cell.ASSERTION not in cells(matrices["full"], "put", "test_shared_is_clean")


def test_a_value_that_another_test_left_does_not_hide_a_kill(matrices: Matrices) -> None:
    for name in ("full", "witness"):
        assert cells(matrices[name], "doubled", "test_doubled") & KILLS


def test_what_fails_in_a_fixture_is_no_kill(matrices: Matrices) -> None:
    found = cells(matrices["full"], "put", "test_with_a_fixture")
    assert Cell.SET_UP in found
    assert not found & KILLS


def test_a_test_that_goes_round_for_ever_times_out(matrices: Matrices) -> None:
    found = cells(matrices["full"], "spin", "test_spin")
    assert Cell.TIMEOUT in found
    assert Cell.ASSERTION in found


def test_the_schedule_knows_the_same_tests_that_kill_nothing_in_fewer_runs(
    matrices: Matrices,
) -> None:
    def kill_nothing(matrix: KillMatrix) -> set[str]:
        rows = matrix.by_test().items()
        return {t for t, ids in rows if not any(matrix.cell(m, t) in KILLS for m in ids)}

    full, witness = matrices["full"], matrices["witness"]
    assert kill_nothing(full) == kill_nothing(witness)
    assert "test_box.py::test_with_a_fixture" in kill_nothing(full)
    assert witness.runs < full.runs


def test_pairs_that_hold_are_not_run_again(matrices: Matrices) -> None:
    full, known = matrices["full"], matrices["known"]
    assert known.reused > 0
    # Timeouts alone say nothing that lasts.
    assert known.runs < full.runs / 3
    for mutant_id, row in full.pairs.items():
        for test, pair in row.items():
            assert known.cell(mutant_id, test) is pair.cell


def test_a_budget_that_is_over_leaves_pairs_unknown(matrices: Matrices) -> None:
    cut = matrices["cut"]
    assert cut.ended
    assert not any(cut.pairs.get(mutant_id) for mutant_id in cut.mutants)


def test_a_full_matrix_has_a_cell_for_every_pair(matrices: Matrices) -> None:
    full = matrices["full"]
    for test, mutants in full.by_test().items():
        assert all(full.cell(mutant_id, test) is not None for mutant_id in mutants)
