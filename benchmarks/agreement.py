"""Do assay's verdicts agree with the truth: each mutant written into a copy, the whole suite run?

    python benchmarks/agreement.py PROJECT PYTHON FILE[:LINES] [--sample 40] [--seed 1]
        [--record FILE]

PROJECT is a checkout with a `src` or flat layout, PYTHON an interpreter with what its tests need.
`--record` takes the verdicts from what `assay mutate --format json` printed, and runs no mutant.
Prints a row for each verdict that differs, then a count of each pair (assay, truth), and the seed
that drew the sample.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

SUITE_SECONDS = 300.0
FACTOR = 10.0
"""How many times the plain suite's time a mutant may take before it hangs."""


def assay_verdicts(project: Path, python: str, place: str) -> list[dict[str, Any]]:
    """Every mutant of the place, as `assay mutate` judges it."""
    command = [sys.executable, "-m", "assay", "mutate", place, "--format", "json", "--quiet"]
    done = subprocess.run(
        [*command, "--project", str(project), "--python", python],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    rows: list[dict[str, Any]] = json.loads(done.stdout)["mutants"]
    return rows


def suite_passes(copy: Path, python: str, limit: float = SUITE_SECONDS) -> bool | None:
    """Whether the copy's suite passes in a fresh process; None if it hangs."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    paths = [str(copy / "src"), str(copy)]
    env["PYTHONPATH"] = os.pathsep.join(path for path in paths if Path(path).is_dir())
    try:
        done = subprocess.run(
            [python, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"],
            cwd=copy,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode == 0


def truth(copy: Path, python: str, row: dict[str, Any], limit: float) -> str:
    """The verdict of the whole suite on one mutant, applied with git."""
    apply = ["git", "apply", "--unidiff-zero", "-"]
    subprocess.run(apply, cwd=copy, input=row["diff"], text=True, check=True)
    try:
        passes = suite_passes(copy, python, limit)
    finally:
        undo = ["git", "apply", "-R", "--unidiff-zero", "-"]
        subprocess.run(undo, cwd=copy, input=row["diff"], text=True, check=True)
    return {True: "survives", False: "dies", None: "hangs"}[passes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("python", type=lambda text: str(Path(text).absolute()))
    parser.add_argument("place")
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    if options.record is not None:
        rows = json.loads(options.record.read_text(encoding="utf-8"))["mutants"]
    else:
        rows = assay_verdicts(options.project, options.python, options.place)
    sample = random.Random(options.seed).sample(rows, min(options.sample, len(rows)))
    counts: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "copy"
        left_out = shutil.ignore_patterns(".venv", ".assay", "__pycache__")
        shutil.copytree(options.project, copy, ignore=left_out, symlinks=True)
        begin = time.monotonic()
        if not suite_passes(copy, options.python):
            sys.exit("the suite does not pass in a plain copy: nothing to compare with")
        limit = FACTOR * max(time.monotonic() - begin, 2.0)
        for row in sample:
            found = truth(copy, options.python, row, limit)
            counts[row["status"], found] += 1
            if (row["status"] == "Killed") != (found == "dies"):
                print(row["id"], row["status"], found, row["path"], row["span"][0], row["reason"])
    print(f"{len(rows)} mutants, {len(sample)} compared (seed {options.seed})")
    for (ours, theirs), count in sorted(counts.items()):
        print(f"  {ours:12} {theirs:9} {count}")


if __name__ == "__main__":
    main()
