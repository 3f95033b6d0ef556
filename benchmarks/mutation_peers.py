"""How pytest-gremlins, cosmic-ray and fest are run on one file, and how their answers are read."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
from contextlib import closing

from ground_truth import TruthError, patched, register
from mutation_setup import environment, renew
from mutation_tools import (
    BROKEN,
    KILLED,
    NO_COVERAGE,
    SURVIVED,
    TIMEOUT,
    Bench,
    Result,
    Row,
    ToolError,
)

SEED = 1

# -- pytest-gremlins

GREMLINS_STATUS = {"zapped": KILLED, "survived": SURVIVED, "timeout": TIMEOUT, "error": BROKEN}
GREMLINS_MUTANTS = """\
import ast, json, sys
from pytest_gremlins.instrumentation.transformer import transform_source

class Replace(ast.NodeTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new
    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)

text = open(sys.argv[1], encoding="utf-8").read()
place = lambda node: (type(node).__name__, node.lineno, node.col_offset, node.end_col_offset)
rows = []
for gremlin in transform_source(text, sys.argv[1])[0]:
    tree = ast.parse(text)
    old = [node for node in ast.walk(tree) if hasattr(node, "lineno")
           and place(node) == place(gremlin.original_node)]
    new = ast.fix_missing_locations(Replace(old[0], gremlin.mutated_node).visit(tree))
    number = gremlin.gremlin_id.rpartition("_")[2]
    told = [number, gremlin.line_number, gremlin.operator_name, gremlin.description]
    rows.append([*told, ast.unparse(new)])
print(json.dumps(rows))
"""


def gremlins(bench: Bench) -> Result:
    """With the filter that makes warnings errors switched off: its own coverage run warns.
    Setup: the same again, with every verdict in its cache."""
    tree = bench.plain("gremlins")
    command = [
        *("python", "-m", "pytest", "-o", "filterwarnings=", "--gremlins", "--gremlin-cache"),
        *(f"--gremlin-targets={bench.target.file}", "--gremlin-report=json"),
        *(f"--gremlin-workers={bench.workers}", bench.target.tests),
    ]
    done = bench.run("gremlins", *command, fine=(0, 1))
    reports = sorted(
        (
            path
            for path in tree.rglob("*.json")
            if ".git" not in path.parts and "gremlin" in str(path)
        ),
        key=lambda path: path.stat().st_mtime,
    )
    found = [path for path in reports if '"results"' in path.read_text(encoding="utf-8")]
    if not found:
        raise ToolError(f"pytest-gremlins wrote no report: {done.output[-600:]}")
    results = json.loads(found[-1].read_text(encoding="utf-8"))["results"]
    setup = bench.run("gremlins", *command, fine=(0, 1)).cost
    made = {tuple(row[:4]): row[4] for row in _gremlins_mutants(bench)}
    rows = []
    for one in results:
        # What stands before the number is made from the path.
        number = one["gremlin_id"].rpartition("_")[2]
        told = (number, one["line_number"], one["operator"], one["description"])
        key = register(bench.place, bench.target, made[told]) if told in made else ""
        status = GREMLINS_STATUS.get(one["status"], BROKEN)
        rows.append(Row(one["gremlin_id"], key, status))
    return Result(tuple(rows), done.cost, setup, len(rows))


def _gremlins_mutants(bench: Bench) -> list[list[str]]:
    """What it makes, by its own generator: its report has no replacement."""
    printed = subprocess.run(
        [
            bench.place.binary("gremlins", "python"),
            "-c",
            GREMLINS_MUTANTS,
            str(bench.place.pristine(bench.target) / bench.target.file),
        ],
        env=environment(bench.place, "gremlins"),
        capture_output=True,
        text=True,
        check=False,
    )
    if printed.returncode:
        raise ToolError(f"pytest-gremlins' generator: {printed.stderr[-600:]}")
    rows: list[list[str]] = json.loads(printed.stdout)
    return rows


# -- cosmic-ray

COSMIC_SETTINGS = """\
[cosmic-ray]
module-path = "{file}"
timeout = 120.0
excluded-modules = []
test-command = "python -m pytest -x -q -p no:cacheprovider {tests}"

[cosmic-ray.distributor]
name = "local"
"""


def cosmic_ray(bench: Bench) -> Result:
    """A seeded sample: each mutant is a whole run of the suite. Its local distributor is serial,
    on two cores too. Setup: `init` and `baseline`."""
    tree = renew(bench.place, "cosmic-ray", bench.target)
    settings = COSMIC_SETTINGS.format(file=bench.target.file, tests=bench.target.tests)
    (tree / "bench.toml").write_text(settings, encoding="utf-8")
    setup = bench.run("cosmic-ray", "cosmic-ray", "init", "bench.toml", "bench.sqlite").cost
    setup += bench.run("cosmic-ray", "cosmic-ray", "baseline", "bench.toml").cost
    generated = 0
    with closing(sqlite3.connect(tree / "bench.sqlite")) as database, database:
        query = (
            "select job_id from mutation_specs"
            " order by start_pos_row, start_pos_col, operator_name, occurrence"
        )
        jobs = [job for (job,) in database.execute(query)]
        generated = len(jobs)
        sample = set(random.Random(SEED).sample(jobs, min(bench.sample, generated)))
        for job in jobs:
            if job not in sample:
                database.execute("delete from mutation_specs where job_id = ?", (job,))
                database.execute("delete from work_items where job_id = ?", (job,))
    done = bench.run("cosmic-ray", "cosmic-ray", "exec", "bench.toml", "bench.sqlite")
    source = bench.source()
    rows = []
    with closing(sqlite3.connect(tree / "bench.sqlite")) as database:
        query = "select job_id, worker_outcome, test_outcome, output, diff from work_results"
        for job, worker, outcome, output, diff in database.execute(query):
            status = {"KILLED": KILLED, "SURVIVED": SURVIVED}.get(outcome or "", BROKEN)
            if worker != "NORMAL":
                status = BROKEN
            elif output == "timeout":
                status = TIMEOUT
            rows.append(Row(job, _key_of_diff(bench, source, diff or ""), status))
    note = "" if len(rows) == generated else f"{len(rows)} drawn of {generated}"
    return Result(tuple(rows), setup + done.cost, setup, generated, note)


def _key_of_diff(bench: Bench, source: str, diff: str) -> str:
    """Its diff has a line of its own before the two names."""
    rows = [row for row in diff.splitlines() if not row.startswith(("---", "+++"))]
    try:
        return register(bench.place, bench.target, patched(source, "\n".join(rows) + "\n"))
    except TruthError:
        return ""


# -- fest

FEST_STATUS = {
    "Killed": KILLED,
    "Survived": SURVIVED,
    "Timeout": TIMEOUT,
    "NoCoverage": NO_COVERAGE,
}


def fest(bench: Bench) -> Result:
    """`mode["backend"]` is "plugin", its default, or "subprocess". Setup: with the one operator
    that makes the fewest mutants here."""
    source = bench.source()
    bench.plain("fest")
    backend = bench.mode.get("backend", "plugin")
    command = [
        *("fest", "run", f"--source={bench.target.file}", f"--workers={bench.workers}"),
        *("--output=json", "--progress=quiet", f"--backend={backend}", "--timeout=120"),
    ]
    setup = bench.run("fest", *command, "--filter-operators=zero_iteration", fine=(0, 1)).cost
    bench.plain("fest")
    done = bench.run("fest", *command, fine=(0, 1))
    if "{" not in done.output:
        raise ToolError(f"fest printed no report: {done.output[-400:]}")
    record = json.loads(done.output[done.output.index("{") :])
    encoded = source.encode()
    rows = []
    for result in record["results"]:
        mutant = result["mutant"]
        start = mutant["byte_offset"]
        end = start + mutant["byte_length"]
        text = encoded[:start] + mutant["mutated_text"].encode() + encoded[end:]
        key = register(bench.place, bench.target, text.decode())
        status = result["status"]
        rows.append(
            Row(
                f"{mutant['line']}:{mutant['column']}:{mutant['mutator_name']}",
                key,
                FEST_STATUS.get(status if isinstance(status, str) else next(iter(status)), BROKEN),
            )
        )
    return Result(tuple(rows), done.cost, setup, len(rows))
