"""How many survivors of a project get a verified assertion, and whether these hold.

    python benchmarks/assertions.py PROJECT SOURCE [SOURCE …] [--sample N] [--runs N] [--json FILE]

For each source file of the project (a git repository whose tests pass), mutants are sampled and
run, and every survivor is explained. Each proposal's patch is then applied by `git apply` to a copy
of the project, where its test, with all its cases, runs under plain pytest so many times, with
another hash seed each time. Prints survivors by how far the difference came, the share of
those that reached the test that got an assertion, and the proposals that failed on clean code.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any


def main() -> int:
    given = arguments()
    record = mutated(given)
    survivors = [m for m in record["mutants"] if m["status"] == "Survived"]
    rows = [m["explanation"] for m in survivors if m["explanation"]]
    reach = Counter(row["reach"] for row in rows)
    proposals = [(m["id"], m["explanation"]) for m in survivors if has_proposal(m)]
    failed = {
        mutant: run
        for mutant, row in proposals
        if (run := first_failure(given.project, row, given.runs))
    }
    unchecked = reach["unchecked"]
    print(f"{given.project.name}: {len(survivors)} survivors of {len(record['mutants'])} mutants")
    for name, count in reach.most_common():
        print(f"  {name}: {count}")
    share = 100 * len(proposals) / unchecked if unchecked else 0.0
    print(f"  verified assertion: {len(proposals)} of {unchecked} that reached it ({share:.0f} %)")
    print(f"  failed on clean code in {given.runs} runs: {len(failed)} {failed or ''}")
    reasons = Counter(row["none"] for row in rows if row["reach"] == "unchecked" and row["none"])
    for reason, count in reasons.most_common():
        print(f"  none, {count} times: {reason}")
    print(f"  seconds: {record['seconds']}")
    if given.json:
        given.json.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("source", nargs="+")
    parser.add_argument("--sample", default="100%")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def mutated(given: argparse.Namespace) -> dict[str, Any]:
    """The record of `assay mutate` on the files."""
    command = [sys.executable, "-m", "assay", "mutate", "--all", "--format", "json"]
    command += ["--project", str(given.project), "--python", sys.executable]
    command += ["--sample", given.sample, *given.source]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if not done.stdout:
        sys.exit(done.returncode)
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def has_proposal(mutant: dict[str, Any]) -> bool:
    return bool(mutant["explanation"] and mutant["explanation"]["proposal"])


def first_failure(project: Path, row: dict[str, Any], runs: int) -> str:
    """How the patched test failed on the clean code; "" if it never did."""
    with tempfile.TemporaryDirectory() as room:
        copy = Path(room) / project.name
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns(".assay"), symlinks=True)
        patch = row["proposal"]["patch"]
        done = subprocess.run(
            ["git", "apply", "-"], cwd=copy, input=patch.encode(), capture_output=True, check=False
        )
        if done.returncode:
            return f"git apply: {done.stderr.decode()}"
        test = row["test"].partition("[")[0]
        for run in range(runs):
            env = {**os.environ, "PYTHONHASHSEED": str(run), "PYTHONDONTWRITEBYTECODE": "1"}
            env["PYTHONPATH"] = str(copy / "src")
            command = [sys.executable, "-m", "pytest", "-q", "--tb=line", test]
            done = subprocess.run(command, cwd=copy, env=env, capture_output=True, check=False)
            if done.returncode:
                return f"run {run}: {done.stdout.decode()[-400:]}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
