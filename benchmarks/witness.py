"""Shows that the witness schedule finds the same tests that kill nothing as the full matrix.

    python benchmarks/witness.py PROJECT PATH [PATH ...] [--python PYTHON] [--json FILE]

Fills the kill matrix of the mutants of some paths of a project twice, neither from what earlier
runs know: every covering test on each mutant, and by the witness schedule. Compares which tests
kill nothing, and counts the runs of a test under a mutant. Ends with 1 if the tests differ. Needs
the project's tests to be green.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from assay.answering import mutation_settings
from assay.commands.mutate import targets_at
from assay.gather import NO_CHANGE
from assay.matrices import Extent, any_kill, fill_matrix
from assay.model.matrix import KILLS, KillMatrix
from assay.mutation.targets import Target
from assay.pipeline import refresh
from assay.progress import Progress
from assay.project import open_project
from assay.recording import Baseline, Suite, collected_suite


@dataclass(frozen=True, slots=True)
class Figures:
    """One way of filling a matrix; `share` of the full matrix's runs."""

    runs: int
    controls: int
    share: float
    seconds: float
    kill_nothing: tuple[str, ...]


def kill_nothing(matrix: KillMatrix) -> tuple[str, ...]:
    """Tests of which no pair that ran is a kill."""
    rows = matrix.by_test()
    return tuple(
        sorted(
            test
            for test, ids in rows.items()
            if not any(matrix.cell(mutant_id, test) in KILLS for mutant_id in ids)
        )
    )


def measure(
    suite: Suite, targets: list[Target], baseline: Baseline, progress: Progress, full: bool
) -> tuple[KillMatrix, float]:
    began = time.monotonic()
    extent = Extent(full=full, fresh=True)
    filled = fill_matrix(suite, targets, baseline, any_kill, extent, progress)
    return filled.matrix, time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--python")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    progress = Progress(Console(stderr=True), quiet=True)
    project = open_project(options.project, options.python, (), dict(os.environ))
    settings = mutation_settings(project)
    notices: list[str] = []
    targets = [
        target for text in options.paths for target in targets_at(project, text, notices, settings)
    ]
    with collected_suite(project, progress) as suite:
        paths = {target.source.path for target in targets}
        _, baseline = refresh(suite, NO_CHANGE, progress, paths)
        full, full_seconds = measure(suite, targets, baseline, progress, full=True)
        witness, witness_seconds = measure(suite, targets, baseline, progress, full=False)
    figures = {
        name: Figures(
            matrix.runs, matrix.controls, matrix.runs / full.runs, seconds, kill_nothing(matrix)
        )
        for name, matrix, seconds in (
            ("full", full, full_seconds),
            ("witness", witness, witness_seconds),
        )
    }
    for name, one in figures.items():
        print(
            f"{name:8} {one.runs:7} runs ({one.share:6.1%}) + {one.controls} controls, "
            f"{one.seconds:6.1f} s; {len(one.kill_nothing)} tests kill nothing"
        )
    agree = figures["full"].kill_nothing == figures["witness"].kill_nothing
    print(
        f"{len(full.mutants)} mutants, {len(full.by_test())} tests, {len(full.out)} of them out; "
        f"the same tests: {'yes' if agree else 'NO'}"
    )
    for reason, count in full.left.items():
        print(f"left: {count} mutants, for {reason}")
    if options.json is not None:
        record = {name: asdict(one) for name, one in figures.items()}
        options.json.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
