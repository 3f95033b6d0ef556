"""How assay, mutmut and irradiate are run on one file, and how their answers are read."""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ground_truth import assay_mutants, patched, register
from mutation_measure import Cost, Finished, measure
from mutation_setup import Place, Target, environment, renew

KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timeout"
NO_COVERAGE, BROKEN = "no coverage", "broken"


class ToolError(Exception):
    """A tool did not do its work; the text says how."""


@dataclass(frozen=True, slots=True)
class Row:
    """One mutant by the tool's own name, its key among the ground truth ("" if it has none: no
    Python, no change, or not told), and one of the statuses above; `tests` are those that ran."""

    id: str
    key: str
    status: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One run: `setup` is what the same command costs when (almost) no mutant is to be run."""

    rows: tuple[Row, ...]
    total: Cost
    setup: Cost
    generated: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a driver needs to run its tool; `sample` is how many mutants the slowest tools run."""

    place: Place
    target: Target
    cores: tuple[int, ...]
    limit: float
    sample: int
    mode: Mapping[str, str] = field(default_factory=dict)

    @property
    def workers(self) -> str:
        return str(len(self.cores))

    def source(self) -> str:
        return (self.place.pristine(self.target) / self.target.file).read_text(encoding="utf-8")

    def run(self, tool: str, *command: str, fine: Sequence[int] = (0,)) -> Finished:
        """Run a program of the tool's environment in its tree."""
        first, *rest = command
        tree = self.place.tree(tool, self.target)
        program = self.place.binary(tool, first)
        env = environment(self.place, tool)
        done = measure([program, *rest], tree, env, self.cores, self.limit)
        if done.code is None:
            raise ToolError(f"{tool} did not end within {self.limit:.0f} s")
        if done.code not in fine:
            tail = "\n".join(done.output.strip().splitlines()[-6:])
            raise ToolError(f"{tool} left with {done.code}:\n{tail}")
        return done

    def plain(self, tool: str) -> Path:
        """The tool's tree, renewed, without the project's own coverage settings.

        They name packages and not files, and make the peers' coverage runs find nothing.
        """
        tree = renew(self.place, tool, self.target)
        for cache in tree.rglob("__pycache__"):
            raise ToolError(f"{cache} is in the sdist")
        file = tree / "pyproject.toml"
        kept: list[str] = []
        inside = False
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                inside = line.startswith("[tool.coverage")
            if not inside:
                kept.append(line)
        file.write_text("\n".join(kept) + "\n", encoding="utf-8")
        return tree


# -- assay

ASSAY_STATUS = {
    "Killed": KILLED,
    "Survived": SURVIVED,
    "Timeout": TIMEOUT,
    "NoCoverage": NO_COVERAGE,
}


def assay_help(place: Place) -> str:
    """What `assay mutate` can be asked for: options come and go with its versions."""
    done = subprocess.run(
        [place.binary("assay", "assay"), "mutate", "--help"],
        env=environment(place, "assay"),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def assay(bench: Bench) -> Result:
    """From no state at all: recording the map is part of the total, and of the setup.

    `mode["mutants"]` is "all" for assay's own choice; else those that mutmut makes too.
    """
    options = [part for part in bench.mode.get("options", "").split() if part]
    chosen: list[str] = []
    note = ""
    ids = assay_mutants(bench.place, bench.target, *_listing(options))
    if bench.mode.get("mutants") != "all":
        shared = mutmut_keys(bench.place, bench.target)
        chosen = [one for one, key in ids.items() if key in shared]
        if not chosen:
            note = "all mutants: mutmut has not been run"
        elif len(chosen) != len(shared):
            note = f"{len(chosen)} of mutmut's {len(shared)}"
    setup, _ = _assay_run(bench, options, [next(iter(chosen or ids))])
    total, record = _assay_run(bench, options, chosen)
    source = bench.source()
    rows = tuple(
        Row(
            row["id"],
            register(bench.place, bench.target, patched(source, row["diff"])),
            ASSAY_STATUS.get(row["status"], BROKEN),
            tuple(row["covering"][: row["tests_run"]]),
        )
        for row in record["mutants"]
    )
    return Result(rows, total, setup, len(rows), note)


def _listing(options: Sequence[str]) -> list[str]:
    """Those of the options that also say which mutants there are."""
    return [option for option in options if option.startswith("--operators=")]


def _assay_run(
    bench: Bench, options: Sequence[str], only: Sequence[str]
) -> tuple[Cost, dict[str, Any]]:
    tree = renew(bench.place, "assay", bench.target)
    report = tree.parent / f"{bench.target.name}-reports"
    command = ["assay", "mutate", bench.target.file, "--format=json", "--quiet"]
    python = f"--python={bench.place.binary('assay', 'python')}"
    chosen = [f"--only={one}" for one in only]
    # 4: some verdicts are not conclusive; they are counted as broken.
    asked = [*command, python, f"--reports={report}", *options, *chosen]
    done = bench.run("assay", *asked, fine=(0, 4))
    record: dict[str, Any] = json.loads(done.output[done.output.index("{") :])
    return done.cost, record


# -- mutmut

MUTMUT_SETTINGS = """\
[mutmut]
source_paths=src/
only_mutate=
  {file}
pytest_add_cli_args_test_selection=
  {tests}
"""
MUTMUT_STATUS = {
    **dict.fromkeys((1, 3), KILLED),
    **dict.fromkeys((5, 33), NO_COVERAGE),
    **dict.fromkeys((36, -24, 24, 152, 255), TIMEOUT),
    0: SURVIVED,
}
"""By exit code, as in mutmut/stats.py."""


def mutmut(bench: Bench) -> Result:
    """The command again where the first try refuses ("Failed to run clean test": it runs the suite
    twice in one process), which is counted. Setup: what is done before the first mutant, and
    what a third run costs that has nothing left to do."""
    tree = _mutmut_tree(bench)
    command = ("mutmut", "run", "--max-children", bench.workers)
    done = bench.run("mutmut", *command, fine=(0, 1))
    total, before = done.cost, Cost()
    note = ""
    if _mutmut_unchecked(tree, bench.target):
        note, before = "refused the first try", done.cost
        done = bench.run("mutmut", *command)
        total += done.cost
    after = bench.run("mutmut", *command).cost
    rows = tuple(_mutmut_rows(bench, tree))
    if not before.cpu:
        before = _mutmut_start(bench, command, rows[0].id)
    _mutmut_keys_file(bench.place, bench.target).write_text(
        json.dumps([row.key for row in rows if row.key]), encoding="utf-8"
    )
    return Result(rows, total, before + after, len(rows), note)


def _mutmut_tree(bench: Bench) -> Path:
    tree = renew(bench.place, "mutmut", bench.target)
    settings = MUTMUT_SETTINGS.format(file=bench.target.file, tests=bench.target.tests)
    (tree / "setup.cfg").write_text(settings, encoding="utf-8")
    return tree


def _mutmut_start(bench: Bench, command: Sequence[str], name: str) -> Cost:
    """Generating and the stats run, where one run did all: one mutant, less the same again."""
    _mutmut_tree(bench)
    first = bench.run("mutmut", *command, name).cost
    again = bench.run("mutmut", *command, name).cost
    return Cost(max(0.0, first.cpu - again.cpu), max(0.0, first.wall - again.wall))


def mutmut_keys(place: Place, target: Target) -> set[str]:
    """Keys of the mutants that mutmut made when it was run here; empty if it was not."""
    file = _mutmut_keys_file(place, target)
    return set(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else set()


def _mutmut_keys_file(place: Place, target: Target) -> Path:
    return place.work / "mutants" / f"{target.name}-mutmut.json"


def _mutmut_codes(tree: Path, target: Target) -> dict[str, int | None]:
    meta = tree / "mutants" / f"{target.file}.meta"
    if not meta.exists():
        raise ToolError("mutmut made no mutants")
    codes: dict[str, int | None] = json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
    return codes


def _mutmut_unchecked(tree: Path, target: Target) -> bool:
    return any(code is None for code in _mutmut_codes(tree, target).values())


def _mutmut_rows(bench: Bench, tree: Path) -> Iterator[Row]:
    """mutmut keeps each mutant as a function of its own, beside the others in one file."""
    text = (tree / "mutants" / bench.target.file).read_text(encoding="utf-8")
    made = {
        node.name: node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    for name, code in _mutmut_codes(tree, bench.target).items():
        short = name.removeprefix(bench.target.module + ".")
        status = BROKEN if code is None else MUTMUT_STATUS.get(code, BROKEN)
        mutated = _with_function(bench.source(), short.rpartition("__mutmut_")[0], made[short])
        yield Row(name, register(bench.place, bench.target, mutated), status)


def _with_function(source: str, mangled: str, mutated: ast.stmt) -> str:
    """The source with one function's body and parameters replaced: `x_name`, `xǁClassǁname`."""
    tree = ast.parse(source)
    body, name = tree.body, mangled.removeprefix("x_")
    if mangled.startswith("xǁ"):
        _, owner, name = mangled.split("ǁ")
        body = next(n for n in body if isinstance(n, ast.ClassDef) and n.name == owner).body
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            if any("overload" in ast.unparse(decorator) for decorator in node.decorator_list):
                continue
            node.body, node.args = mutated.body, mutated.args  # type: ignore[attr-defined]
            return ast.unparse(tree)
    raise ToolError(f"mutmut mutated {mangled}, which is not in the source")


# -- irradiate

IRRADIATE_STATUS = {
    "Killed": KILLED,
    "Survived": SURVIVED,
    "Timeout": TIMEOUT,
    "NoCoverage": NO_COVERAGE,
}


def irradiate(bench: Bench) -> Result:
    """Given the directory, and what else is in it to ignore: a file's own directory would go on the
    path, where marshmallow's `types.py` shadows the standard library's."""
    tree = renew(bench.place, "irradiate", bench.target)
    others = sorted(
        path for path in (tree / "src").rglob("*.py") if path != tree / bench.target.file
    )
    ignored = [f"--ignore=**/{path.relative_to(tree / 'src')}" for path in others]
    command = ["irradiate", "run", "src", f"--workers={bench.workers}", "--no-cache", *ignored]
    report = tree / "irradiate-report.json"
    asked = ["--report=json", f"--output={report}"]
    # Up to 1 it would be a share of all.
    setup = bench.run("irradiate", *command, "--sample=2", fine=(0, 1)).cost
    renew(bench.place, "irradiate", bench.target)
    done = bench.run("irradiate", *command, *asked, fine=(0, 1))
    if not report.exists():
        raise ToolError(f"irradiate wrote no report: {done.output[-400:]}")
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    rows = []
    source = bench.source()
    for mutant in (mutant for file in files.values() for mutant in file["mutants"]):
        where = mutant["location"]
        start = _offset(source, where["start"]["line"], where["start"]["column"] - 1)
        end = _offset(source, where["end"]["line"], where["end"]["column"] - 1)
        text = source[:start] + mutant["replacement"] + source[end:]
        # Its description quotes what is replaced: some places are not where it says.
        told = f"replaced `{source[start:end]}`"
        key = ""
        if mutant["description"].startswith(told):
            key = register(bench.place, bench.target, text)
        status = IRRADIATE_STATUS.get(mutant["status"], BROKEN)
        rows.append(Row(mutant["id"], key, status))
    return Result(tuple(rows), done.cost, setup, len(rows))


def _offset(text: str, line: int, column: int) -> int:
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + column
