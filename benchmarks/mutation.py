"""Mutation tools side by side: one source file, its own suite, verdicts against ground truth.

    python benchmarks/mutation.py --work DIR [--python PYTHON] [--targets validate,signer]
        [--peers mutmut,irradiate,gremlins,cosmic-ray,fest,fest-subprocess] [--rounds 1]
        [--cores 1,2] [--modes speculate,fork,process] [--only assay] [--sample 40] [--no-truth]
        [--report]

DIR keeps everything: released sources of the targets, an environment for each tool, what each run
cost and said, ground truth (see ground_truth.py). What is there is not done again, so a run that
was stopped goes on, and the tables are made from all there is; --only runs the named tools anew,
--report nothing. Peers are programs of strangers: they run in copies under DIR, and may do what the
caller may.

A round runs every tool once, each round beginning with another, first on one core, then on two.
CPU is that of the whole process tree. `beyond setup` leaves out what the tool's command costs when
there is nothing to run; how that is measured for each is said in mutation_tools.py and
mutation_peers.py. assay and mutmut run the same mutants: those of mutmut, by their syntax trees.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ground_truth import TruthError, judge
from mutation_measure import measure
from mutation_peers import cosmic_ray, fest, gremlins
from mutation_setup import (
    TARGETS,
    Place,
    SetupError,
    Target,
    environment,
    prepare,
    revision,
    say,
    versions,
)
from mutation_tables import report
from mutation_tools import Bench, Result, ToolError, assay, assay_help, irradiate, mutmut

SHOWN = {"gremlins": "pytest-gremlins", "fest": "fest-mutate"}
"""Distributions that are not called as their tool is here."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool in one of its modes; `environment` is the venv it lives in."""

    name: str
    environment: str
    run: Callable[[Bench], Result]
    mode: dict[str, str] = field(default_factory=dict)


PEERS = (
    Tool("mutmut", "mutmut", mutmut),
    Tool("irradiate", "irradiate", irradiate),
    Tool("gremlins", "gremlins", gremlins),
    Tool("cosmic-ray", "cosmic-ray", cosmic_ray),
    Tool("fest", "fest", fest),
    Tool("fest-subprocess", "fest", fest, {"backend": "subprocess"}),
)


def assay_tools(place: Place, modes: Sequence[str]) -> Iterator[Tool]:
    """assay with mutmut's mutants in each isolation mode it knows, and with all its own."""
    knows = assay_help(place)
    operators = "--operators=mutmut" if "--operators" in knows else ""
    if "--isolation" in knows:
        for mode in modes:
            options = f"{operators} --isolation={mode}"
            yield Tool(f"assay {mode}", "assay", assay, {"options": options})
    else:
        yield Tool("assay", "assay", assay, {"options": operators})
    yield Tool("assay, its own mutants", "assay", assay, {"mutants": "all"})


def main() -> None:
    options = _arguments()
    place = Place(options.work.absolute(), options.python)
    names = [name for name in options.peers.split(",") if name]
    unknown = set(names) - {tool.name for tool in PEERS}
    if unknown:
        sys.exit(f"mutation.py: no peer {', '.join(sorted(unknown))}")
    targets = [TARGETS[name] for name in options.targets.split(",")]
    try:
        if not options.report:
            peers = [tool for tool in PEERS if tool.name in names]
            prepare(place, ["plain", "assay", *sorted({tool.environment for tool in peers})])
            tools = sorted(
                [*assay_tools(place, options.modes.split(",")), *peers],
                key=lambda tool: tool.name != "mutmut",
            )
            for target in targets:
                _rounds(place, target, tools, options)
                _floor(place, target)
                if not options.no_truth:
                    for _ in judge(place, target):
                        pass
        print(report(place, targets))
    except (SetupError, TruthError) as problem:
        sys.exit(f"mutation.py: {problem}")


def _rounds(
    place: Place, target: Target, tools: Sequence[Tool], options: argparse.Namespace
) -> None:
    only = [name for name in options.only.split(",") if name]
    for number in range(options.rounds):
        # mutmut comes first in the first round: which mutants it makes decides assay's.
        turned = [*tools[number % len(tools) :], *tools[: number % len(tools)]]
        for count in map(int, options.cores.split(",")):
            for tool in turned:
                file = place.work / "runs" / target.name / f"{tool.name}-{count}-{number + 1}.json"
                wanted = any(tool.name.startswith(name) for name in only)
                if (only and not wanted) or (not only and file.exists()):
                    continue
                say(f"{target.name}: {tool.name} on {count} of the cores, round {number + 1}")
                bench = Bench(
                    place, target, _cores(count), options.limit, options.sample, tool.mode
                )
                _keep(file, tool, place, _one(tool, bench))


def _one(tool: Tool, bench: Bench) -> dict[str, Any]:
    """A run as it is kept; a tool that fails is kept too, with what it said."""
    try:
        result = tool.run(bench)
    except (ToolError, TruthError) as problem:
        say(str(problem))
        return {"problem": str(problem)}
    return asdict(result)


def _keep(file: Path, tool: Tool, place: Place, result: dict[str, Any]) -> None:
    installed = versions(place, tool.environment)
    name = SHOWN.get(tool.environment, tool.environment)
    version = installed.get(name, "?")
    facts = {
        "tool": tool.name,
        "version": f"{version} at {revision()}" if name == "assay" else version,
        "pytest": installed["pytest"],
        "python": installed["python"],
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "options": tool.mode.get("options", ""),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**facts, **result}, indent=1), encoding="utf-8")


def _floor(place: Place, target: Target) -> None:
    """What an empty fork costs, and the tests of each of assay's mutants with no mutant."""
    directory = place.work / "runs" / target.name
    plans: dict[str, list[list[str]]] = {}
    for file in sorted(directory.glob("assay*.json")):
        run = json.loads(file.read_text(encoding="utf-8"))
        plans[file.stem] = [row["tests"] for row in run.get("rows", ()) if row["tests"]]
    for stem, plan in plans.items():
        file = directory / f"floor-{stem}.json"
        if not plan or (file.exists() and file.stat().st_mtime > _made(directory, stem)):
            continue
        say(f"{target.name}: the tests alone of {stem}")
        plan_file = directory / f"plan-{stem}.json"
        plan_file.write_text(json.dumps(plan), encoding="utf-8")
        env = environment(place, "plain") | {
            "PYTHONPATH": str(Path(__file__).parent),
            "FLOOR_FILE": str(file),
            "FLOOR_PLAN": str(plan_file),
        }
        flags = ["-q", "-p", "no:cacheprovider", "-p", "mutation_floor"]
        command = [place.binary("plain", "python"), "-m", "pytest", *flags, target.tests]
        done = measure(command, place.tree("plain", target), env, _cores(1), 1200.0)
        if done.code not in (0, 5) or not file.exists():
            raise SetupError(f"the suite of {target.name} cannot be timed: {done.output[-600:]}")


def _made(directory: Path, stem: str) -> float:
    return (directory / f"{stem}.json").stat().st_mtime


def _cores(count: int) -> tuple[int, ...]:
    return tuple(sorted(os.sched_getaffinity(0))[-count:])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--targets", default=",".join(TARGETS))
    parser.add_argument("--peers", default=",".join(tool.name for tool in PEERS))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cores", default="1,2")
    parser.add_argument(
        "--modes", default="speculate,fork,process", help="isolation of assay's runs"
    )
    parser.add_argument("--only", default="", help="tools to run anew, by how their names begin")
    parser.add_argument("--sample", type=int, default=40, help="mutants for cosmic-ray")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds for one command")
    parser.add_argument("--no-truth", action="store_true", help="judge no mutants")
    parser.add_argument("--report", action="store_true", help="only print the tables")
    return parser.parse_args()


if __name__ == "__main__":
    main()
