"""What really happens to each mutant: written into a copy, judged by the whole suite, once for all.

    python benchmarks/ground_truth.py --work DIR [--python PYTHON] [--targets validate,signer]
        [--limit N] [--forget]

Judges the mutants of assay (`assay mutate --list`) and those that `mutation.py` has left under DIR
from other tools. A mutant is the whole text of the mutated file; two with one syntax tree are one.
Each runs in fresh processes at low priority, stopping at the first failure: first the test file
that is about the module, for kills are found there soonest, then the whole suite. The verdicts lie
in DIR/truth, a line for each, so that a run that was stopped goes on where it was.

Controls, before any mutant: the unmutated copy passes, both as it is and as `ast.unparse` writes it
(some tools tell their mutants only as a tree), and a copy that raises at its head does not.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import fcntl
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mutation_setup import (
    TARGETS,
    Place,
    SetupError,
    Target,
    environment,
    prepare,
    renew,
    say,
)

CPU_FACTOR = 10.0
"""How many times the processor time of the plain suite a mutant may take before it hangs."""

WALL_SECONDS = 600.0
"""For a mutant that waits without working."""

MEMORY_BYTES = 4 << 30

DIES, SURVIVES, HANGS = "dies", "survives", "hangs"


class TruthError(Exception):
    """The ground truth cannot be had; the text says why."""


# -- mutants as texts


def key_of(text: str) -> str:
    """The name of a mutant: a digest of its syntax tree, so neither layout nor comments count."""
    return hashlib.sha256(ast.dump(ast.parse(text)).encode()).hexdigest()[:16]


def mutants_directory(place: Place, target: Target) -> Path:
    return place.work / "mutants" / target.name


def register(place: Place, target: Target, text: str) -> str:
    """Keep a mutated text to be judged; its key, or "" where it is no Python or no change."""
    original = (place.pristine(target) / target.file).read_text(encoding="utf-8")
    try:
        key = key_of(text)
    except (SyntaxError, ValueError):
        return ""
    if key == key_of(original):
        return ""
    directory = mutants_directory(place, target)
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"{key}.py"
    if not file.exists():
        file.write_text(text, encoding="utf-8")
    return key


def patched(original: str, diff: str) -> str:
    """The text after a unified diff with exact line numbers."""
    lines = original.splitlines(keepends=True)
    result: list[str] = []
    position = 0
    for row in diff.splitlines(keepends=True):
        if row.startswith(("---", "+++")) and position == 0 and not result:
            continue
        if row.startswith("@@"):
            start, _, count = row.split()[1].removeprefix("-").partition(",")
            first = int(start) - (0 if count == "0" else 1)
            result += lines[position:first]
            position = first
        elif row.startswith("+"):
            result.append(row[1:])
        elif row.startswith(("-", " ")):
            if lines[position].rstrip("\n") != row[1:].rstrip("\n"):
                raise TruthError(f"line {position + 1} is not what the diff says")
            if row.startswith(" "):
                result.append(lines[position])
            position += 1
    return "".join(result + lines[position:])


def assay_mutants(place: Place, target: Target, *options: str) -> dict[str, str]:
    """The key of each of assay's mutants by its id; all are kept to be judged."""
    tree = renew(place, "assay", target)
    command = [place.binary("assay", "assay"), "mutate", target.file, "--list", "--format=json"]
    done = subprocess.run(
        [*command, *options, f"--python={place.binary('assay', 'python')}"],
        cwd=tree,
        env=environment(place, "assay"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise TruthError(f"{' '.join(command)} left with {done.returncode}: {done.stderr.strip()}")
    original = (tree / target.file).read_text(encoding="utf-8")
    rows = json.loads(done.stdout)["mutants"]
    return {row["id"]: register(place, target, patched(original, row["diff"])) for row in rows}


# -- judging


def truths(place: Place, target: Target) -> dict[str, dict[str, Any]]:
    """What is known so far, by the mutant's key."""
    file = _truth_file(place, target)
    if not file.exists():
        return {}
    rows = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    return {row["key"]: row for row in rows}


def judge(place: Place, target: Target, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Judge the kept mutants that are not yet judged; each row is on disk before it is yielded."""
    known = truths(place, target)
    files = sorted(mutants_directory(place, target).glob("*.py"))
    waiting = [file for file in files if file.stem not in known][:limit]
    if not waiting:
        return
    truth_file = _truth_file(place, target)
    truth_file.parent.mkdir(parents=True, exist_ok=True)
    with _alone(truth_file.with_suffix(".lock")):
        yield from _judged(_Judging(place, target), target, waiting, truth_file)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Two that judge in one copy would judge each other's mutants."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TruthError(
                "another run is judging this target: try again when it is done"
            ) from None
        yield


def _judged(
    judging: _Judging, target: Target, waiting: Sequence[Path], truth_file: Path
) -> Iterator[dict[str, Any]]:
    judging.control()
    for number, file in enumerate(waiting, start=1):
        started = time.monotonic()
        row: dict[str, Any] = {"key": file.stem}
        row.update(judging.verdict(file.read_text(encoding="utf-8")))
        row["seconds"] = round(time.monotonic() - started, 2)
        with truth_file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")
        say(f"{target.name} {number}/{len(waiting)} {row['key']} {row['verdict']} {row['test']}")
        yield row


def _truth_file(place: Place, target: Target) -> Path:
    return place.work / "truth" / f"{target.name}.jsonl"


class _Judging:
    """A copy of a target in which one file is replaced again and again."""

    def __init__(self, place: Place, target: Target) -> None:
        self._place = place
        self._target = target
        self._copy = place.work / "truth" / f"copy-{target.name}"
        shutil.rmtree(self._copy, ignore_errors=True)
        self._copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(place.pristine(target), self._copy, symlinks=True)
        self._original = (self._copy / target.file).read_text(encoding="utf-8")
        self._cpu = 600.0

    def control(self) -> None:
        """The copy must pass, and its file must be the one that the tests import."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        plain = self.verdict(self._original)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if plain["verdict"] != SURVIVES:
            raise TruthError(f"the plain copy of {self._target.name} fails: {plain}")
        written = self.verdict(ast.unparse(ast.parse(self._original)))
        if written["verdict"] != SURVIVES:
            raise TruthError(f"{self._target.name} fails as ast.unparse writes it: {written}")
        canary = self.verdict("raise RuntimeError('canary')\n")
        if canary["verdict"] != DIES:
            raise TruthError(f"the tests do not import {self._target.file} of the copy")
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self._cpu = CPU_FACTOR * used

    def verdict(self, text: str) -> dict[str, str]:
        """`verdict`, and the first `test` that failed where pytest names one."""
        (self._copy / self._target.file).write_text(text, encoding="utf-8")
        for tests in (self._target.likely, self._target.tests):
            found = self._run(tests)
            if found["verdict"] != SURVIVES:
                break
        return found

    def _run(self, tests: str) -> dict[str, str]:
        python = self._place.binary("plain", "python")
        command = [python, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", tests]
        env = environment(self._place, "plain")
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        env["PYTHONPATH"] = str(self._copy / "src")
        process = subprocess.Popen(
            command,
            cwd=self._copy,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=self._limit,  # noqa: PLW1509 - no thread is alive here
        )
        try:
            output, _ = process.communicate(timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return {"verdict": HANGS, "test": ""}
        if process.returncode == 0:
            return {"verdict": SURVIVES, "test": ""}
        if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return {"verdict": HANGS, "test": ""}
        return {"verdict": DIES, "test": _first_failure(output)}

    def _limit(self) -> None:
        os.nice(10)
        seconds = int(self._cpu) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _first_failure(output: str) -> str:
    for line in output.splitlines():
        for word in ("FAILED ", "ERROR "):
            if line.startswith(word):
                return line.removeprefix(word).partition(" - ")[0]
    return ""


# -- comparing


DETECTED: Mapping[str, bool | None] = {DIES: True, HANGS: True, SURVIVES: False}
"""Whether a suite notices a mutant that ends so."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--targets", default=",".join(TARGETS))
    parser.add_argument("--limit", type=int)
    parser.add_argument("--forget", action="store_true", help="judge everything again")
    options = parser.parse_args()
    place = Place(options.work.absolute(), options.python)
    targets = [TARGETS[name] for name in options.targets.split(",")]
    try:
        prepare(place, ["plain", "assay"])
        for target in targets:
            if options.forget:
                _truth_file(place, target).unlink(missing_ok=True)
            assay_mutants(place, target)
            for _ in judge(place, target, options.limit):
                pass
            counts: dict[str, int] = {}
            for row in truths(place, target).values():
                counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
            print(f"{target.name}: {counts}")
    except (SetupError, TruthError) as problem:
        sys.exit(f"ground_truth.py: {problem}")


if __name__ == "__main__":
    main()
