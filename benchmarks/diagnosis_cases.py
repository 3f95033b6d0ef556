"""Replays the history of a project for `assay diagnose`: of each commit that changed sources and
tests, one case where the sources are put back (the code is at fault) and one where the tests are
(the tests are).

    python benchmarks/diagnosis_cases.py REPO --python ENV/bin/python --tests tests --sources src
        [--since 2021-01-01] [--limit 10] [--out cases.json]

A case is valid if the tests of the commit pass with its sources, and some fail in the case. What is
printed for each: category, cause, verdict and divergence of the first group, whether the verdict is
the truth, and whether the divergence lies in a function that the commit changed.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LINES = 80
"""Changed source lines of a commit that is replayed, at most."""


@dataclass
class Case:
    """One commit at one side: `truth` is the fault, `changed` the changed source functions."""

    commit: str
    subject: str
    kind: str
    truth: str
    failing: int = 0
    groups: list[dict[str, Any]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    problem: str = ""


def git(repo: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=repo, capture_output=True, text=True, check=False, errors="replace"
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def commits(repo: Path, options: argparse.Namespace) -> list[tuple[str, str]]:
    """Small commits without merges that touch sources and tests, the newest first."""
    rows = git(repo, "log", "--no-merges", f"--since={options.since}", "--format=%H%x09%s", "HEAD")
    found = []
    for row in rows.splitlines():
        commit, _, subject = row.partition("\t")
        if options.fixes and "fix" not in subject.lower():
            continue
        stat = git(repo, "show", "--numstat", "--format=", commit).splitlines()
        parts = [line.split("\t") for line in stat if line.count("\t") == 2]
        sources = [p for p in parts if _within(p[2], options.sources) and p[2].endswith(".py")]
        tests = [p for p in parts if _within(p[2], options.tests) and p[2].endswith(".py")]
        lines = sum(int(p[0]) + int(p[1]) for p in sources if p[0].isdigit())
        if sources and tests and len(sources) <= 3 and len(tests) <= 3 and lines <= LINES:
            found.append((commit, subject))
    return found


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def replay(clone: Path, commit: str, subject: str, kind: str, options: Any) -> Case:
    """The case of a commit: "code" with its sources put back, "test" with its tests put back."""
    case = Case(commit[:10], subject, kind, kind)
    git(clone, "checkout", "--quiet", "--force", commit)
    git(clone, "clean", "-fdq", "-e", ".assay")
    tests = [p for p in _touched(clone, commit, options.tests) if _is_test(clone / p)]
    if kind == "code":
        base, place = commit, options.sources
    else:
        base, place = f"{commit}^", options.tests
    case.changed = changed_functions(clone, commit, options.sources)
    for path in _touched(clone, commit, place):
        _put_back(clone, f"{commit}^", path)
    if kind == "test":
        # The branch is at the commit before: what is uncommitted is the change of the sources.
        git(clone, "reset", "--quiet", "--soft", f"{commit}^")
    tests = [p for p in tests if (clone / p).exists()] or [options.tests]
    return diagnosed(clone, case, base if kind == "code" else "HEAD", tests, options)


def _is_test(path: Path) -> bool:
    return path.exists() and path.name.startswith("test_") and path.suffix == ".py"


def diagnosed(clone: Path, case: Case, base: str, tests: list[str], options: Any) -> Case:
    command = [sys.executable, "-m", "assay", "diagnose", "--quiet", "--all", "--format", "json"]
    command += ["--base", base, "--python", options.python, "--", *tests]
    try:
        done = subprocess.run(
            command, cwd=clone, capture_output=True, text=True, timeout=options.timeout, check=False
        )
    except subprocess.TimeoutExpired:
        case.problem = f"longer than {options.timeout} s"
        return case
    if done.returncode not in (0, 1):
        case.problem = done.stderr.strip()[-300:]
        return case
    record = json.loads(done.stdout)
    failing = {one["test"]: one for one in record["failing"]}
    new = [g for g in record["groups"] if failing[g["tests"][0]]["category"] != "known failure"]
    case.failing = sum(len(group["tests"]) for group in new)
    case.groups = [summary(group, failing) for group in new]
    return case


def summary(group: dict[str, Any], failing: dict[str, Any]) -> dict[str, Any]:
    return {
        "cause": group["cause"],
        "category": failing[group["tests"][0]]["category"],
        "title": group["title"],
        "tests": len(group["tests"]),
        "verdict": (group["verdict"] or {}).get("fault"),
        "rule": (group["verdict"] or {}).get("rule"),
        "signs": [(s["fault"], s["words"]) for s in (group["verdict"] or {}).get("signs", ())],
        "divergence": group["divergence"],
    }


def _touched(clone: Path, commit: str, place: str) -> list[str]:
    names = git(clone, "show", "--name-only", "--format=", commit).split("\n")
    return [name for name in names if name and _within(name, place)]


def _put_back(clone: Path, commit: str, path: str) -> None:
    try:
        git(clone, "checkout", "--quiet", commit, "--", path)
    except RuntimeError:
        (clone / path).unlink(missing_ok=True)


def changed_functions(clone: Path, commit: str, sources: str) -> list[str]:
    """The functions and classes of the sources in which the commit changed lines."""
    found = set()
    for path in _touched(clone, commit, sources):
        for revision, sign in ((commit, "+"), (f"{commit}^", "-")):
            lines = _changed_lines(clone, commit, path, sign)
            try:
                tree = ast.parse(git(clone, "show", f"{revision}:{path}"))
            except (RuntimeError, SyntaxError):
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                    if any(line in span for line in lines):
                        found.add(f"{path}::{node.name}")
    return sorted(found)


def _changed_lines(clone: Path, commit: str, path: str, sign: str) -> set[int]:
    lines: set[int] = set()
    for row in git(clone, "show", "-U0", "--format=", commit, "--", path).splitlines():
        if row.startswith("@@"):
            part = row.split()[2 if sign == "+" else 1][1:]
            start, _, count = part.partition(",")
            lines.update(range(int(start), int(start) + int(count or 1)))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repo", type=Path)
    parser.add_argument("--python", required=True)
    parser.add_argument("--sources", default="src")
    parser.add_argument("--tests", default="tests")
    parser.add_argument("--since", default="2021-01-01")
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--skip", type=int, default=0, help="so many commits are left out first")
    parser.add_argument("--fixes", action="store_true", help="only commits that say `fix`")
    parser.add_argument("--kinds", default="code,test")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as room:
        clone = Path(room, options.repo.parent.name if options.repo.name == "repo" else "clone")
        git(Path(room), "clone", "--quiet", "--shared", str(options.repo), str(clone))
        for kind in options.kinds.split(","):
            found = 0
            for commit, subject in commits(clone, options)[options.skip :]:
                if found >= options.limit:
                    break
                try:
                    case = replay(clone, commit, subject, kind, options)
                except RuntimeError as problem:
                    case = Case(commit[:10], subject, kind, kind, problem=str(problem))
                if case.problem or not case.groups:
                    print(
                        f"  - {case.commit} {kind}: {case.problem or 'nothing fails'}", flush=True
                    )
                    continue
                found += 1
                cases.append(case)
                show(case)
    if options.out:
        options.out.write_text(json.dumps([asdict(case) for case in cases], indent=1))
    tell(cases)


def show(case: Case) -> None:
    first = case.groups[0]
    print(f"{case.commit} truth {case.truth}: {case.subject}")
    print(f"    {case.failing} fail in {len(case.groups)} groups; changed {case.changed[:6]}")
    print(f"    {first['category']} | {first['cause']} | {first['verdict']}: {first['rule']}")
    print(f"    {first['title']}")
    for fault, words in first["signs"]:
        print(f"      {fault}: {words}")
    there = first["divergence"] or {}
    print(f"    {there.get('sentence') or there.get('reason')}", flush=True)


def tell(cases: list[Case]) -> None:
    decided = [c for c in cases if c.groups[0]["verdict"] in ("code", "test", "environment")]
    right = [c for c in decided if c.groups[0]["verdict"] == c.truth]
    named = [c for c in cases if c.groups[0]["cause"]]
    print(f"{len(cases)} cases, {len(named)} with a cause")
    print(f"verdict decided in {len(decided)}, right in {len(right)}")


if __name__ == "__main__":
    main()
