"""What the kept runs of the mutation benchmark come to, as Markdown tables."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ground_truth import DETECTED, truths
from mutation_setup import Place, Target
from mutation_tools import BROKEN, KILLED, NO_COVERAGE, SURVIVED, TIMEOUT

NOTICED: Mapping[str, bool] = {
    KILLED: True,
    TIMEOUT: True,
    SURVIVED: False,
    NO_COVERAGE: False,
}
"""What each status claims of the suite; a broken one claims nothing."""

Run = dict[str, Any]


def report(place: Place, targets: Sequence[Target]) -> str:
    """All tables, a section for each target."""
    parts = []
    for target in targets:
        runs = _runs(place, target)
        if not runs:
            continue
        title = f"### `{target.file}` of {target.distribution} {target.version}"
        parts += [title, _versions(runs), _costs(place, target, runs)]
        parts += [_overheads(place, target, runs), _failures(runs)]
        parts.append(_differences(place, target, runs))
    return "\n\n".join(filter(None, parts))


def _runs(place: Place, target: Target) -> dict[tuple[str, int], list[Run]]:
    """Kept runs by tool and number of cores, in the order of rounds."""
    found: dict[tuple[str, int], list[Run]] = {}
    for file in sorted((place.work / "runs" / target.name).glob("*-[0-9]-*.json")):
        if file.name.startswith(("floor-", "plan-")):
            continue
        _, cores, _ = file.stem.rsplit("-", 2)
        run: Run = json.loads(file.read_text(encoding="utf-8"))
        found.setdefault((run["tool"], int(cores)), []).append(run)
    return dict(sorted(found.items(), key=lambda item: (item[0][1], item[0][0])))


def _versions(runs: Mapping[tuple[str, int], list[Run]]) -> str:
    all_runs = [run for group in runs.values() for run in group]
    tools = {run["tool"].split()[0].rstrip(","): run["version"] for run in all_runs}
    told = ", ".join(f"{tool} {version}" for tool, version in sorted(tools.items()))
    dates = sorted({run["date"] for run in all_runs})
    python, pytest = all_runs[0]["python"], all_runs[0]["pytest"]
    return f"{told}; CPython {python}, pytest {pytest}; {' to '.join({dates[0], dates[-1]})}."


def _costs(place: Place, target: Target, runs: Mapping[tuple[str, int], list[Run]]) -> str:
    truth = truths(place, target)
    head = [
        *("tool", "cores", "rounds", "made", "run", "killed", "survived", "timeout"),
        *("no coverage", "broken", "mutants/s", "CPU ms a mutant", "beyond setup"),
        *("peak MB", "wrong verdicts"),
    ]
    rows = []
    for (tool, cores), group in runs.items():
        done = [run for run in group if "problem" not in run]
        if not done:
            continue
        last = done[-1]
        counts = Counter(row["status"] for row in last["rows"])
        cost = _per_mutant(done)
        ran = any(row["status"] not in (NO_COVERAGE, BROKEN) for row in last["rows"])
        judged = [row for row in last["rows"] if _truth(row, truth) is not None]
        told = [row for row in judged if row["status"] in NOTICED]
        wrong = sum(NOTICED[row["status"]] != _truth(row, truth) for row in told)
        rows.append(
            [
                *(tool, cores, len(done), last["generated"], executed(last) if ran else 0),
                *(counts[KILLED], counts[SURVIVED], counts[TIMEOUT]),
                *(counts[NO_COVERAGE], counts[BROKEN]),
                f"{statistics.median(executed(r) / r['total']['wall'] for r in done):.1f}",
                *(f"{cost[one]:.1f}" if ran else "-" for one in ("all", "beyond")),
                f"{max(run['total']['peak'] for run in done) / 1e6:.0f}",
                f"{wrong} of {len(told)}",
            ]
        )
    return _table(head, rows, 1)


def executed(run: Run) -> int:
    """Mutants that the tool ran tests for."""
    return max(1, sum(row["status"] not in (NO_COVERAGE, BROKEN) for row in run["rows"]))


def _per_mutant(done: Sequence[Run]) -> dict[str, float]:
    """CPU milliseconds a mutant that was run, medians of the rounds."""
    total = [1000 * run["total"]["cpu"] / executed(run) for run in done]
    beyond = [1000 * (run["total"]["cpu"] - run["setup"]["cpu"]) / executed(run) for run in done]
    return {"all": statistics.median(total), "beyond": statistics.median(beyond)}


def _overheads(place: Place, target: Target, runs: Mapping[tuple[str, int], list[Run]]) -> str:
    """How far assay is from the tests themselves, in empty forks."""
    head = [
        *("tool", "cores", "beyond setup, ms", "its tests alone, ms", "overhead, ms"),
        *("an empty fork, ms", "overhead in empty forks"),
    ]
    rows = []
    for (tool, cores), group in runs.items():
        found = []
        for number, run in enumerate(group, start=1):
            file = place.work / "runs" / target.name / f"floor-{tool}-{cores}-{number}.json"
            if "problem" not in run and file.exists():
                floor = json.loads(file.read_text(encoding="utf-8"))
                tests = 1000 * statistics.fmean(floor["seconds"])
                found.append((_per_mutant([run])["beyond"], tests, 1000 * floor["fork"]))
        if found:
            cost, tests, fork = map(statistics.median, zip(*found, strict=True))
            over = cost - tests
            cells = [f"{one:.1f}" for one in (cost, tests, over, fork, over / fork)]
            rows.append([tool, cores, *cells])
    return _table(head, rows, 1) if rows else ""


def _failures(runs: Mapping[tuple[str, int], list[Run]]) -> str:
    lines = []
    for (tool, cores), group in runs.items():
        for run in group:
            if "problem" in run:
                lines.append(f"- {tool}, {cores} cores: {run['problem'].splitlines()[-1][:200]}")
            elif run["note"]:
                lines.append(f"- {tool}, {cores} cores: {run['note']}.")
    return "\n".join(dict.fromkeys(lines))


def _differences(place: Place, target: Target, runs: Mapping[tuple[str, int], list[Run]]) -> str:
    """Every verdict that is not the truth, to be explained: all in a file, ours here too."""
    truth = truths(place, target)
    original = (place.pristine(target) / target.file).read_text(encoding="utf-8").splitlines()
    lines = []
    for (tool, cores), group in runs.items():
        for run in group[-1:]:
            for row in run.get("rows", ()):
                real = _truth(row, truth)
                if real is None or NOTICED.get(row["status"], real) == real:
                    continue
                was = truth[row["key"]]
                place_of = _first_difference(place, target, row["key"], original)
                lines.append(
                    f"{tool} ({cores}): {row['status']}, but it {was['verdict']} {was['test']}"
                    f" | {row['id']} | {place_of}"
                )
    file = place.work / f"differences-{target.name}.txt"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    ours = [line for line in lines if line.startswith(("assay", "mutmut"))]
    told = "\n".join(f"- {line}" for line in ours)
    return told or "No verdict of assay or mutmut differs from the truth."


def _first_difference(place: Place, target: Target, key: str, original: list[str]) -> str:
    text = (place.work / "mutants" / target.name / f"{key}.py").read_text(encoding="utf-8")
    for number, (old, new) in enumerate(zip(original, text.splitlines(), strict=False), start=1):
        if old != new:
            return f"{number}: {new.strip()}"
    return "at the end"


def _truth(row: Mapping[str, Any], truth: Mapping[str, Mapping[str, Any]]) -> bool | None:
    found = truth.get(row["key"])
    return None if found is None else DETECTED[found["verdict"]]


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], left: int) -> str:
    def line(cells: Sequence[object]) -> str:
        return "| " + " | ".join(map(str, cells)) + " |"

    marks = ["---" if n < left else "--:" for n in range(len(head))]
    return "\n".join([line(head), line(marks), *map(line, rows)])
