"""How selection grows with the size of the map: time and memory of `assay select`, whole process.

    python benchmarks/scale.py [--tests 1000 10000 100000] [--files 5000] [--changed 20]

Makes a project of FILES modules with ten functions each, in a git repository, and a map of TESTS
tests that never ran: each depends on a test function, on functions in some twenty modules and on
two shared fixtures. Then CHANGED functions in as many modules are edited, and `assay select` is
asked, three times; the row has the fastest.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from assay.impact.record import Recorded, Tree
from assay.impact.store import open_store
from assay.model.impact import SESSION_KEY, LineSet, Node, Source, TestRecord, module_key, test_key
from assay.model.run import TestOutcome
from assay.pipeline import current_stamp
from assay.project import Project, open_project

FUNCTIONS = 10
LINES = 6
PER_TEST_FILE = 40
MODULES_OF_A_TEST = 20
PEAK_OF_CHILD = """\
import resource, subprocess, sys
subprocess.check_call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One size: seconds and megabytes of building the map and of selecting from it."""

    tests: int
    files: int
    map_megabytes: float
    build: float
    select: float
    peak_megabytes: float
    selected: int


def module_text(number: int) -> str:
    functions = [
        f"def f{number}_{n}(value):\n"
        f"    if value > {n}:\n"
        f"        return value - {n}\n"
        f"    total = value + {n}\n"
        "    return total\n"
        for n in range(FUNCTIONS)
    ]
    return "\n".join(functions)


def make_project(root: Path, files: int, tests: int) -> None:
    for number in range(files):
        package = root / f"pack{number // 100}"
        package.mkdir(parents=True, exist_ok=True)
        (package / f"mod{number}.py").write_text(module_text(number), encoding="utf-8")
    (root / "tests").mkdir()
    for number in range((tests + PER_TEST_FILE - 1) // PER_TEST_FILE):
        body = "".join(f"def test_{n}():\n    assert True\n" for n in range(PER_TEST_FILE))
        (root / "tests" / f"test_{number}.py").write_text(body, encoding="utf-8")
    (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "base"]):
        subprocess.run(["git", *command], cwd=root, check=True)


def module_path(number: int) -> str:
    return f"pack{number // 100}/mod{number}.py"


def function_mask(function: int) -> int:
    """The body lines of one function, all of them."""
    first = function * LINES + 2
    return sum(1 << line for line in range(first, first + LINES - 2))


def recorded(root: Path, files: int, tests: int) -> Recorded:
    """A map as a run would have left it."""
    tree, chance = Tree(root), random.Random(1)
    texts: dict[Source, str] = {}
    shas: dict[str, str] = {}

    def lines(path: str, mask: int) -> LineSet:
        if path not in shas:
            shas[path] = tree.sha(path)
            texts[path, shas[path]] = tree.text(path) or ""
        return LineSet(shas[path], mask)

    nodes: dict[str, Node] = {SESSION_KEY: Node(SESSION_KEY)}
    for number in range(files):
        path = module_path(number)
        mask = sum(1 << (n * LINES + 1) for n in range(FUNCTIONS))
        nodes[module_key(path)] = Node(module_key(path), {path: lines(path, mask)})
    records: dict[str, TestRecord] = {}
    for number in range(tests):
        path = f"tests/test_{number // PER_TEST_FILE}.py"
        here = number % PER_TEST_FILE
        node_id = f"{path}::test_{here}"
        ran = {path: lines(path, 1 << (here * 2 + 2))}
        # Tests of one file use the same corner of the code, as they mostly do.
        start = (number // PER_TEST_FILE * 7) % files
        for offset in range(MODULES_OF_A_TEST):
            other = module_path((start + offset) % files)
            mask = function_mask(chance.randrange(FUNCTIONS))
            ran[other] = lines(other, mask | function_mask(chance.randrange(FUNCTIONS)))
        fixture = f"fixture:tests::shared{number // 1000}"
        nodes.setdefault(fixture, Node(fixture, {module_path(start): lines(module_path(start), 4)}))
        nodes[test_key(node_id)] = Node(
            test_key(node_id), ran, uses=frozenset({fixture, SESSION_KEY})
        )
        records[node_id] = TestRecord(TestOutcome.PASSED, 0.01, path, number)
    python_files = frozenset(p.relative_to(root).as_posix() for p in root.rglob("*.py"))
    return Recorded(nodes, records, python_files, texts)


def build_map(project: Project, files: int, tests: int) -> float:
    """Write the map; the seconds that took, the making of it not counted."""
    project.prepare_state()
    content = recorded(project.repo, files, tests)
    facts = {"roots": "", "search_path": "", "inifile": "pytest.ini", "stamp": ""}
    with open_store(project.map_file).store as store:
        start = time.perf_counter()
        store.save(content, (f"Python={platform.python_version()}",), (), (), facts)
        seconds = time.perf_counter() - start
        store.note({"stamp": current_stamp(project, store)})
    return seconds


def change_functions(root: Path, count: int, files: int) -> None:
    for number in range(0, files, max(1, files // count)):
        path = root / module_path(number)
        path.write_text(path.read_text().replace("value + 3", "value + 33"), encoding="utf-8")


def select(root: Path) -> tuple[float, float, int]:
    """Seconds, peak megabytes and the count of `assay select`."""
    command = [sys.executable, "-m", "assay", "select", "--format", "ids", "--quiet"]
    command += ["--python", sys.executable, "--project", str(root)]
    best, count = float("inf"), 0
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        best = min(best, time.perf_counter() - start)
        count = len(done.stdout.splitlines())
    # Through a small process: a child counts what its parent holds when it is started.
    asked = [sys.executable, "-c", PEAK_OF_CHILD, *command]
    done = subprocess.run(
        asked, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True
    )
    return best, int(done.stderr.splitlines()[-1]) / 1024, count


def measure(tests: int, files: int, changed: int) -> Row:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "project"
        root.mkdir()
        make_project(root, files, tests)
        project = open_project(root, sys.executable, (), dict(os.environ))
        build = build_map(project, files, tests)
        change_functions(root, changed, files)
        seconds, peak, selected = select(root)
        size = project.map_file.stat().st_size / 1e6
        return Row(tests, files, size, build, seconds, peak, selected)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--changed", type=int, default=20)
    options = parser.parse_args()
    rows = [measure(tests, options.files, options.changed) for tests in options.tests]
    headers = ["tests", "files", "map MB", "write map s", "select s", "peak MB", "selected"]
    cells = [
        [
            *(r.tests, r.files, f"{r.map_megabytes:.1f}", f"{r.build:.1f}", f"{r.select:.2f}"),
            *(f"{r.peak_megabytes:.0f}", r.selected),
        ]
        for r in rows
    ]
    print(tabulate(cells, headers=headers, tablefmt="github"))


if __name__ == "__main__":
    main()
