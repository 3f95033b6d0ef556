"""What recording a suite and selecting from it cost, against plain pytest.

    python benchmarks/cost.py PROJECT --python PYTHON [--assay-path DIR] [--rounds 5]
        [--select-rounds 7] [--edit FILE:FUNCTION] [--json FILE]

PROJECT is a git checkout or git directory: its HEAD is cloned, and only clones are run. PYTHON has
pytest, coverage, what the suite needs, and those of pytest-cov and pytest-testmon that are to be
measured. --assay is the command of assay, as a shell would read it: variables may stand before it.
--assay-path is put on the PYTHONPATH of `pytest --assay`, unless PYTHON has assay installed.

All runs are pinned to one core. A round runs every tool once, each round beginning with another.
CPU is user and system time of the whole process tree. Ratios are made within a round; a table has
their median, lowest and highest. Before the rounds, each clone runs the suite plainly, so that all
find its bytecode, and every tool runs once unmeasured: one that fails is left out, and it is said.

Recording: the first run of each tool, its state removed. Every tool runs without the plug-ins of
the others and without pytest-randomly. Coverage writes no report.

Selecting: a statement is put into one function's body, then a parameter into its signature. Without
--edit it is the first function of the largest source file. `assay select` is a whole process;
`pytest --collect-only -q` of the same tree is what any selection within pytest has to pay.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import re
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tabulate import tabulate

NAME = "_assay_bench"
# Distributions and the plug-ins they bring, by the name that `-p no:` takes.
PLUGINS = {
    "pytest-cov": "pytest_cov",
    "pytest-testmon": "pytest-testmon",
    "pytest-randomly": "randomly",
}
SHOWN = ("pytest", "coverage", "pytest-cov", "pytest-testmon", "assay")
STATE = (".assay", ".testmondata*", ".coverage", ".coverage.*")
OUTCOMES = re.compile(r"\d+ (?:passed|failed|errors?|skipped|xfailed|xpassed)")
COLORS = re.compile(r"\x1b\[[0-9;]*m")
IDENTITY = """\
import importlib.metadata, json, sys
found = {d.metadata["Name"].lower().replace("_", "-"): d.version
         for d in importlib.metadata.distributions()}
print(json.dumps([sys.version.split()[0], found]))
"""

FUNCTION_TYPES = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


class NotMeasuredError(Exception):
    """Something cannot be measured; the text says why."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and the variables it is started with."""

    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run of the script is given, and what it found out about the interpreter."""

    project: Path
    scratch: Path
    python: str
    version: str
    installed: Mapping[str, str]
    assay: Command
    assay_path: Path | None
    pythonpath: tuple[str, ...]
    pytest_args: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """Something to measure, in the directory where it runs."""

    name: str
    command: Command
    directory: Path
    fine: tuple[int, ...] = (0, 1)  # exit codes: tests may fail
    leaves: str = ""  # the file it has to write


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one run."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True)
class Finished:
    """One run: what it cost and what it printed."""

    cost: Cost
    code: int
    output: str

    def outcomes(self) -> str:
        """The counts of pytest's last line."""
        lines = [line for line in self.output.splitlines() if OUTCOMES.search(line)]
        return ", ".join(OUTCOMES.findall(lines[-1])) if lines else ""


@dataclass(frozen=True, slots=True)
class Row:
    """A tool's costs by round, and those of what it is compared with."""

    tool: str
    costs: tuple[Cost, ...]
    base: tuple[Cost, ...]

    def as_json(self) -> dict[str, Any]:
        return {"tool": self.tool, "rounds": [asdict(cost) for cost in self.costs]}

    def cells(self) -> list[str]:
        cpu = [cost.cpu for cost in self.costs]
        wall = [cost.wall for cost in self.costs]
        return [
            f"{statistics.median(cpu):.2f}",
            f"{statistics.median(wall):.2f}",
            *_ratios(cpu, [cost.cpu for cost in self.base]),
            *_ratios(wall, [cost.wall for cost in self.base]),
        ]


@dataclass(frozen=True, slots=True)
class Selecting:
    """The costs after one change, and how many tests assay selects."""

    change: str
    selected: int
    asked: bool  # whether assay had to have pytest collect
    rows: tuple[Row, ...]

    def as_json(self) -> dict[str, Any]:
        rows = [row.as_json() for row in self.rows]
        facts = {"change": self.change, "selected": self.selected, "asked pytest": self.asked}
        return {**facts, "tools": rows}


def main() -> None:
    options = _arguments()
    core = max(os.sched_getaffinity(0)) if options.core is None else options.core
    os.sched_setaffinity(0, {core})
    with tempfile.TemporaryDirectory(prefix="assay-cost-") as directory:
        setup = _setup(options, Path(directory))
        heads = [_versions(setup)]
        rows: Sequence[Row] = ()
        selections: Sequence[Selecting] = ()
        try:
            if options.rounds:
                outcomes, rows = recording(setup, options.rounds)
                heads.append(f"Recording; the suite has {outcomes}.\n\n{_recording_table(rows)}")
            if options.select_rounds:
                place, selections = selecting(setup, options.edit, options.select_rounds)
                heads.append(f"Selecting; {place} is changed.\n\n{_selecting_table(selections)}")
        except NotMeasuredError as why:
            raise SystemExit(f"cost.py: {why}") from None
        commit = _git(setup.project, "rev-parse", "HEAD")
    print("\n\n".join(heads))
    if options.json:
        record: dict[str, Any] = {
            "commit": commit,
            "python": setup.version,
            "versions": {name: setup.installed[name] for name in SHOWN if name in setup.installed},
            "recording": [row.as_json() for row in rows],
            "selecting": [selection.as_json() for selection in selections],
        }
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


# -- recording


def recording(setup: Setup, rounds: int) -> tuple[str, list[Row]]:
    """The outcomes of the suite, and a row for every tool that works; plain pytest is the first."""
    plain, *others = _recorders(setup)
    expected = run(plain)
    _require(plain, expected)
    tools = [plain]
    for tool in others:
        _remove_state(tool.directory)
        done = run(tool)
        try:
            _require(tool, done)
        except NotMeasuredError as why:
            _say(str(why))
            continue
        if done.outcomes() not in ("", expected.outcomes()):
            _say(f"{tool.name}: {done.outcomes()}; plain pytest: {expected.outcomes()}")
        tools.append(tool)
    costs = _interleaved(tools, rounds)
    return expected.outcomes(), [
        Row(tool.name, costs[tool.name], costs[plain.name]) for tool in tools
    ]


def _recorders(setup: Setup) -> Iterator[Tool]:
    tree = _clone(setup, "plain")
    yield Tool("plain pytest", _pytest(setup, tree), tree)
    if _has(setup, "pytest-cov"):
        tree = _clone(setup, "cov")
        arguments = ("--cov", "--cov-context=test", "--cov-report=")
        command = _pytest(setup, tree, *arguments, keep="pytest-cov")
        yield Tool("pytest --cov --cov-context=test", command, tree, leaves=".coverage")
    if _has(setup, "pytest-testmon"):
        tree = _clone(setup, "testmon")
        command = _pytest(setup, tree, "--testmon", keep="pytest-testmon")
        yield Tool("pytest --testmon", command, tree, leaves=".testmondata")
    tree = _clone(setup, "map")
    yield Tool(
        "assay map --fresh",
        _assay(setup, tree, "map", "--fresh"),
        tree,
        fine=(0, 3),
        leaves=".assay/map.sqlite",
    )
    name, path, loaded = (
        "pytest --assay",
        [str(setup.assay_path)],
        {"PYTEST_PLUGINS": "assay.plugin"},
    )
    if "assay" in setup.installed:
        path, loaded = [], {}
    elif setup.assay_path is None:
        _say(f"{name} is left out: the interpreter has no assay; --assay-path can say where it is")
        return
    tree = _clone(setup, "plugin")
    command = _pytest(setup, tree, "--assay", path=path, variables=loaded)
    yield Tool(name, command, tree, leaves=".assay/map.sqlite")


def _has(setup: Setup, distribution: str) -> bool:
    if distribution not in setup.installed:
        _say(f"{distribution} is left out: the interpreter does not have it")
    return distribution in setup.installed


def _require(tool: Tool, done: Finished) -> None:
    """NotMeasuredError unless the run did what is to be measured."""
    if done.code in tool.fine and (tool.directory / tool.leaves).exists():
        return
    end = "\n".join(done.output.splitlines()[-15:])
    raise NotMeasuredError(f"{tool.name} is left out: exit code {done.code}, and it says\n{end}")


def _remove_state(directory: Path) -> None:
    for pattern in STATE:
        for path in directory.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


# -- selecting


def selecting(setup: Setup, edit: str | None, rounds: int) -> tuple[str, list[Selecting]]:
    """The function that is changed, and what selecting costs after each change of it."""
    tree = _clone(setup, "select")
    path, name = _place(setup, tree, edit)
    file = tree / path
    original = file.read_text(encoding="utf-8")
    recorder = Tool("assay map", _assay(setup, tree, "map"), tree, fine=(0, 3))
    _require(recorder, run(recorder))
    collect = Tool(
        "pytest --collect-only -q", _pytest(setup, tree, "--collect-only"), tree, fine=(0,)
    )
    words = _assay(setup, tree, "select", "--base", "HEAD", "--format", "ids", "--quiet")
    select = Tool("assay select", words, tree, fine=(0,))
    found = []
    changes = {"body": with_statement, "signature": with_parameter}
    for change, edited in changes.items():
        file.write_text(edited(original, name), encoding="utf-8")
        _starts(setup, tree).write_text("", encoding="utf-8")
        collected, chosen = run(collect), run(select)
        asked = _starts(setup, tree).stat().st_size > 0
        _require(collect, collected)
        _require(select, chosen)
        selected = sum("::" in line for line in chosen.output.splitlines())
        costs = _interleaved((collect, select), rounds, fresh=False)
        rows = [Row(t.name, costs[t.name], costs[collect.name]) for t in (collect, select)]
        found.append(Selecting(change, selected, asked, tuple(rows)))
    return f"{path}:{name}", found


def _place(setup: Setup, tree: Path, edit: str | None) -> tuple[str, str]:
    if edit is not None:
        path, _, name = edit.rpartition(":")
        return path, name
    tracked = _git(tree, "ls-files", "--", *setup.pythonpath).splitlines()
    sources = [path for path in tracked if path.endswith(".py") and not _is_test(path)]
    for path in sorted(sources, key=lambda path: -(tree / path).stat().st_size):
        source = (tree / path).read_text(encoding="utf-8")
        for name, function in _functions(ast.parse(source)):
            if _first_statement(function, source) is not None:
                return path, name
    raise NotMeasuredError("no function to change is found; --edit can name one")


def _is_test(path: str) -> bool:
    *directories, name = path.split("/")
    return (
        not {"test", "tests", "testing", "docs"}.isdisjoint(directories)
        or name in ("conftest.py", "setup.py")
        or name.startswith("test_")
    )


def _functions(module: ast.Module) -> Iterator[tuple[str, Function]]:
    """Functions and methods by name, in order; not those within functions, nor overloads."""
    for node in module.body:
        if isinstance(node, FUNCTION_TYPES):
            inside = [("", node)]
        elif isinstance(node, ast.ClassDef):
            inside = [(f"{node.name}.", n) for n in node.body if isinstance(n, FUNCTION_TYPES)]
        else:
            continue
        for prefix, function in inside:
            if not any("overload" in ast.unparse(d) for d in function.decorator_list):
                yield prefix + function.name, function


def _function(source: str, name: str) -> Function:
    for other, function in _functions(ast.parse(source)):
        if other == name:
            return function
    raise NotMeasuredError(f"there is no function {name} to change")


def _first_statement(function: Function, source: str) -> tuple[int, str] | None:
    """Where a statement can come before all but the docstring: its line and indentation."""
    body = function.body[ast.get_docstring(function, clean=False) is not None :]
    if not body:
        return None
    first = body[0]
    decorators: list[ast.expr] = getattr(first, "decorator_list", [])
    line = min([first.lineno, *(decorator.lineno for decorator in decorators)])
    indentation = source.splitlines()[line - 1][: first.col_offset]
    return None if indentation.strip() else (line, indentation)


def with_statement(source: str, name: str) -> str:
    """The source with another body of one function."""
    place = _first_statement(_function(source, name), source)
    if place is None:
        raise NotMeasuredError(f"{name} has no body to put a statement into")
    line, indentation = place
    lines = source.splitlines(keepends=True)
    lines.insert(line - 1, f"{indentation}{NAME} = 1\n")
    return "".join(lines)


def with_parameter(source: str, name: str) -> str:
    """The source with one more keyword-only parameter of one function."""
    function = _function(source, name)
    star = "" if function.args.vararg or function.args.kwonlyargs else "*, "
    row, column, before = _end_of_parameters(source, function.lineno)
    comma = "" if before in "(," else ", "
    rest = ", " if function.args.kwarg else ""
    lines = source.splitlines(keepends=True)
    text = lines[row - 1]
    lines[row - 1] = f"{text[:column]}{comma}{star}{NAME}=None{rest}{text[column:]}"
    made = "".join(lines)
    if NAME not in [argument.arg for argument in _function(made, name).args.kwonlyargs]:
        raise NotMeasuredError(f"the signature of {name} is too odd to be changed")
    return made


def _end_of_parameters(source: str, line: int) -> tuple[int, int, str]:
    """Where a `**` parameter or the closing parenthesis is, and the token before it."""
    depth, before, after_name = 0, "", False
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.start[0] < line or token.type in (tokenize.NL, tokenize.COMMENT):
            continue
        text = token.string
        closes = text == ")" or (text == "**" and before in ("(", ","))
        if closes and depth == 1 and after_name:
            return (*token.start, before)
        if text in ("(", "[", "{"):
            # Type parameters come before the parameters.
            after_name = after_name or (text == "(" and depth == 0)
            depth += 1
        elif text in (")", "]", "}"):
            depth -= 1
        before = text
    raise NotMeasuredError("the parameters have no end")


# -- running


def run(tool: Tool) -> Finished:
    """Run to the end. What is printed goes to a file: reading a pipe would take from the core."""
    with tempfile.TemporaryFile() as output:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            tool.command.words,
            cwd=tool.directory,
            env={**_environment(), **tool.command.variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        output.seek(0)
        text = COLORS.sub("", output.read().decode(errors="replace"))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Finished(Cost(round(cpu, 4), round(wall, 4)), done.returncode, text)


def _interleaved(
    tools: Sequence[Tool], rounds: int, fresh: bool = True
) -> dict[str, tuple[Cost, ...]]:
    costs: dict[str, list[Cost]] = {tool.name: [] for tool in tools}
    for number in range(rounds):
        _say(f"round {number + 1} of {rounds}: {', '.join(tool.name for tool in tools)}")
        first = number % len(tools)
        for tool in (*tools[first:], *tools[:first]):
            if fresh:
                _remove_state(tool.directory)
            done = run(tool)
            _require(tool, done)
            costs[tool.name].append(done.cost)
    return {name: tuple(some) for name, some in costs.items()}


def _pytest(
    setup: Setup,
    tree: Path,
    *arguments: str,
    keep: str = "",
    path: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Command:
    """Pytest as the interpreter has it, of the plug-ins that are compared only the one to keep."""
    words = (setup.python, "-m", "pytest", "-q", *arguments, *setup.pytest_args)
    sources = os.pathsep.join([*_sources(setup, tree), *path])
    others = _without_plugins(setup, keep)
    return Command(words, {"PYTHONPATH": sources, **others, **(variables or {})})


def _sources(setup: Setup, tree: Path) -> list[str]:
    return [str(tree / directory) for directory in setup.pythonpath]


def _without_plugins(setup: Setup, keep: str = "") -> dict[str, str]:
    """Not as arguments: those would tell `pytest --assay` that a part of the suite runs."""
    unwanted = [n for d, n in PLUGINS.items() if d in setup.installed and d != keep]
    return {"PYTEST_ADDOPTS": " ".join(f"-p no:{name}" for name in unwanted)}


def _assay(setup: Setup, tree: Path, verb: str, *arguments: str) -> Command:
    """A verb of assay. The sources are on the path of the tests alone.

    A line in a file tells that the interpreter of the tests was started.
    """
    python = setup.scratch / f"python-of-{tree.name}"
    if not python.exists():
        # Written once: to assay, another file would be another interpreter.
        sources = shlex.quote(os.pathsep.join(_sources(setup, tree)))
        starts = shlex.quote(str(_starts(setup, tree)))
        python.write_text(
            f"#!/bin/sh\necho >>{starts}\n"
            f'PYTHONPATH={sources} exec {shlex.quote(setup.python)} "$@"\n',
            encoding="utf-8",
        )
        python.chmod(0o755)
    words = [*setup.assay.words, verb, *arguments, "--python", str(python)]
    if setup.pytest_args:
        words += ["--", *setup.pytest_args]
    return Command(tuple(words), {**setup.assay.variables, **_without_plugins(setup)})


def _starts(setup: Setup, tree: Path) -> Path:
    return setup.scratch / f"starts-in-{tree.name}"


def _clone(setup: Setup, name: str) -> Path:
    """A clone of the project in which the suite has run once, plainly."""
    tree = setup.scratch / name
    _git(setup.scratch, "clone", "-q", "--shared", str(setup.project), str(tree))
    hidden = ["__pycache__/", ".pytest_cache/", *STATE]
    for path, content in setup.files:
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        hidden.append(f"/{path}")
    exclude = tree / ".git" / "info" / "exclude"
    exclude.write_text("".join(f"{line}\n" for line in hidden), encoding="utf-8")
    suite = Tool("plain pytest", _pytest(setup, tree), tree)
    _require(suite, run(suite))
    return tree


def _environment() -> dict[str, str]:
    """One that makes runs alike."""
    unwanted = ("PYTEST_", "COV", "PYTHONDONTWRITEBYTECODE")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(unwanted)}
    return {**kept, "PYTHONHASHSEED": "0"}


# -- tables


def _recording_table(rows: Sequence[Row]) -> str:
    headers = ["", "CPU s", "wall s", "CPU ÷ plain", "from-to", "wall ÷ plain", "from-to"]
    return _table([[row.tool, *row.cells()] for row in rows], headers)


def _selecting_table(selections: Sequence[Selecting]) -> str:
    headers = ["change", "", "CPU s", "wall s", "CPU ÷ collect-only", "from-to"]
    headers += ["wall ÷ collect-only", "from-to", "selected", "asked pytest"]
    cells = []
    for selection in selections:
        found = [str(selection.selected), "yes" if selection.asked else "no"]
        for number, row in enumerate(selection.rows):
            cells.append(
                [selection.change, row.tool, *row.cells(), *(found if number else ["", ""])]
            )
    return _table(cells, headers)


def _table(cells: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    left = [not header or header == "change" for header in headers]
    align = ["left" if here else "right" for here in left]
    return tabulate(cells, headers, tablefmt="github", disable_numparse=True, colalign=align)


def _ratios(values: Sequence[float], base: Sequence[float]) -> list[str]:
    """The median of the rounds' ratios, and between which they are."""
    ratios = [value / other for value, other in zip(values, base, strict=True)]
    return [f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f}-{max(ratios):.2f}"]


def _versions(setup: Setup) -> str:
    tools = [f"{name} {setup.installed[name]}" for name in SHOWN if name in setup.installed]
    own = Tool(
        "assay --version",
        Command((*setup.assay.words, "--version"), setup.assay.variables),
        setup.scratch,
    )
    return f"Python {setup.version}: {', '.join(tools)}; by itself {run(own).output.strip()}."


# -- what the script is given


def _setup(options: argparse.Namespace, scratch: Path) -> Setup:
    asked = [options.python, "-c", IDENTITY]
    identity = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True, cwd=scratch)
    version, installed = json.loads(identity.stdout)
    return Setup(
        project=options.project.resolve(),
        scratch=scratch,
        python=options.python,
        version=version,
        installed=installed,
        assay=_command(options.assay),
        assay_path=options.assay_path.resolve() if options.assay_path else None,
        pythonpath=tuple(options.pythonpath or ["src"]),
        pytest_args=tuple(shlex.split(options.pytest_args)),
        files=tuple(options.file),
    )


def _command(text: str) -> Command:
    """A command as a shell reads it, with the variables that stand before it."""
    words, variables = shlex.split(text), {}
    while words and re.fullmatch(r"\w+=.*", words[0]):
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    return Command(tuple(words), variables)


def _git(directory: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.quotePath=false", *arguments]
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("--python", type=_absolute, required=True)
    parser.add_argument("--pythonpath", action="append", metavar="DIR", help="default: src")
    parser.add_argument("--pytest-args", default="", metavar="ARGS", help="--pytest-args=-x")
    parser.add_argument(
        "--file",
        action="append",
        type=_file,
        default=[],
        metavar="PATH=TEXT",
        help="generated ones, that git does not have",
    )
    parser.add_argument("--assay", default=f"{shlex.quote(sys.executable)} -m assay")
    parser.add_argument(
        "--assay-path", type=Path, metavar="DIR", help="has the package assay in it"
    )
    parser.add_argument("--rounds", type=int, default=5, help="of recording; 0: leave it out")
    parser.add_argument("--select-rounds", type=int, default=7, help="0: leave it out")
    parser.add_argument("--edit", metavar="FILE:FUNCTION", help="FUNCTION or Class.method")
    parser.add_argument("--core", type=int, help="default: the last")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the costs by round")
    return parser.parse_args()


def _file(text: str) -> tuple[str, str]:
    path, _, content = text.partition("=")
    return path, f"{content}\n"


def _absolute(text: str) -> str:
    """Not resolved: a virtual environment's link must stay one."""
    return str(Path(shutil.which(text) or text).absolute())


if __name__ == "__main__":
    main()
