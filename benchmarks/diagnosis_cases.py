"""Replays the history of a project for `assay diagnose`: of each commit that changed sources and
tests, one case where the sources are put back (the code is at fault) and one where the tests are
(the tests are).

    python benchmarks/diagnosis_cases.py REPO --python ENV/bin/python --tests tests --sources src
        [--since 2021-01-01] [--limit 10] [--out cases.json]
    python benchmarks/diagnosis_cases.py --tell cases.json [MORE.json ...]

A case is valid if the tests of the commit pass with its sources, and some fail in the case. What is
printed for each: category, cause, verdict and divergence of the first group, whether the verdict is
the truth, and whether the divergence lies in a function that the commit changed. The table at the
end counts them by kind, and how often each kind of sign spoke for the truth. `--tell` prints it of
the files that earlier runs have written.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LINES = 80
"""Changed source lines of a commit that is replayed, at most."""

ASSAY = [sys.executable, "-m", "assay"]

DECIDED = ("code", "test", "environment")


@dataclass
class Case:
    """One commit at one side: `truth` is the fault, `changed` the changed source functions."""

    project: str
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


def edits_tests(clone: Path, commit: str, tests: str) -> bool:
    """Whether a commit takes lines away from the tests: one that only adds some leaves the tests as
    good as they were."""
    rows = git(clone, "show", "--numstat", "--format=", commit, "--", tests).splitlines()
    return any(row.split("\t")[1] not in ("0", "-") for row in rows if row.count("\t") == 2)


def replay(clone: Path, commit: str, subject: str, kind: str, options: Any) -> Case:
    """The case of a commit: "code" with its sources put back, "test" with its tests put back."""
    case = Case(clone.name, commit[:10], subject, kind, kind)
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
    if not fails(clone, tests, options):
        return case
    return diagnosed(clone, case, base if kind == "code" else "HEAD", tests, options)


def fails(clone: Path, tests: list[str], options: Any) -> bool:
    """Whether a test fails at all: most commits need no edit of the tests that there were."""
    places = os.pathsep.join(str(clone / place) for place in ("src", "."))
    command = [options.python, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environ = {**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=clone,
            env=environ,
            capture_output=True,
            timeout=options.timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def _is_test(path: Path) -> bool:
    return path.exists() and path.name.startswith("test_") and path.suffix == ".py"


def diagnosed(clone: Path, case: Case, base: str, tests: list[str], options: Any) -> Case:
    command = [*ASSAY, "diagnose", "--quiet", "--all", "--format", "json"]
    command += ["--base", base, "--python", options.python, "--", *tests]
    try:
        done = subprocess.run(
            command, cwd=clone, capture_output=True, text=True, timeout=options.timeout, check=False
        )
    except subprocess.TimeoutExpired:
        case.problem = f"longer than {options.timeout} s"
        return case
    if done.returncode not in (0, 1):
        case.problem = done.stderr.strip()[-900:]
        return case
    record = json.loads(done.stdout)
    failing = {one["test"]: one for one in record["failing"]}
    new = [g for g in record["groups"] if failing[g["tests"][0]]["category"] != "known failure"]
    case.failing = sum(len(group["tests"]) for group in new)
    case.groups = [summary(group, failing, case) for group in new]
    return case


def summary(group: dict[str, Any], failing: dict[str, Any], case: Case) -> dict[str, Any]:
    return {
        "cause": group["cause"],
        "category": failing[group["tests"][0]]["category"],
        "title": group["title"],
        "tests": len(group["tests"]),
        "verdict": (group["verdict"] or {}).get("fault"),
        "rule": (group["verdict"] or {}).get("rule"),
        "signs": [(s["fault"], s["words"]) for s in (group["verdict"] or {}).get("signs", ())],
        "divergence": group["divergence"],
        "rank": rank(group["divergence"], case.changed),
    }


def rank(divergence: dict[str, Any] | None, changed: list[str]) -> int | None:
    """Which of the places that the divergence names, counted from 1, is a function that the commit
    changed; 0 for none, None where there is no divergence."""
    if divergence is None or "place" not in divergence:
        return None
    places = [divergence["place"], *(one["place"] for one in divergence["candidates"])]
    named = dict.fromkeys(f"{p['path']}::{_plain(p['name'])}" for p in places)
    for number, name in enumerate(named, start=1):
        if name in changed:
            return number
    return 0


def _plain(name: str) -> str:
    """A function's own name: that of the outer one for what is defined within."""
    return name.partition(".<locals>")[0].rpartition(".")[2]


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
    options = _options()
    if options.tell:
        cases = [Case(**one) for path in options.tell for one in json.loads(path.read_text())]
    else:
        cases = list(_replayed(options))
        if options.out:
            options.out.write_text(json.dumps([asdict(case) for case in cases], indent=1))
    tell(cases)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repo", type=Path, nargs="?")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--sources", default="src")
    parser.add_argument("--tests", default="tests")
    parser.add_argument("--since", default="2021-01-01")
    parser.add_argument("--limit", type=int, default=10, help="so many cases of each kind")
    parser.add_argument("--tries", type=int, default=200, help="so many commits of each kind")
    parser.add_argument("--skip", type=int, default=0, help="so many commits are left out first")
    parser.add_argument("--fixes", action="store_true", help="only commits that say `fix`")
    parser.add_argument("--kinds", default="code,test")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tell", type=Path, nargs="+", default=[])
    options = parser.parse_args()
    if options.repo is None and not options.tell:
        parser.error("a repository, or --tell")
    return options


def _replayed(options: argparse.Namespace) -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as room:
        repo = options.repo.resolve()
        clone = Path(room, (repo.parent if repo.name == "repo" else repo).name)
        git(Path(room), "clone", "--quiet", "--shared", str(repo), str(clone))
        every = commits(clone, options)[options.skip :][: options.tries]
        for kind in options.kinds.split(","):
            found = 0
            for commit, subject in every:
                if found >= options.limit:
                    break
                if kind == "test" and not edits_tests(clone, commit, options.tests):
                    continue
                try:
                    case = replay(clone, commit, subject, kind, options)
                except RuntimeError as problem:
                    case = Case(clone.name, commit[:10], subject, kind, kind, problem=str(problem))
                if case.problem or not case.groups:
                    why = case.problem or "nothing fails"
                    print(f"  - {case.commit} {kind}: {why}", flush=True)
                    continue
                found += 1
                show(case)
                yield case


def show(case: Case) -> None:
    first = case.groups[0]
    print(f"{case.commit} truth {case.truth}: {case.subject}")
    print(f"    {case.failing} fail in {len(case.groups)} groups; changed {case.changed[:6]}")
    print(f"    {first['category']} | {first['cause']} | {first['verdict']}: {first['rule']}")
    print(f"    {first['title']}")
    for fault, words in first["signs"]:
        print(f"      {fault}: {words}")
    there = first["divergence"] or {}
    print(f"    {there.get('sentence') or there.get('reason')}")
    print(f"    changed function among the places: {first['rank']}", flush=True)


def tell(cases: list[Case]) -> None:
    print("| kind | cases | cause named | decided | right | wrong | undecided |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    for kind in (*dict.fromkeys(case.kind for case in cases), "all"):
        chosen = [case for case in cases if kind in (case.kind, "all")]
        decided = [c for c in chosen if c.groups[0]["verdict"] in DECIDED]
        right = sum(c.groups[0]["verdict"] == c.truth for c in decided)
        named = sum(bool(c.groups[0]["cause"]) for c in chosen)
        counts = [len(chosen), named, len(decided), right, len(decided) - right]
        print(f"| {kind} | {' | '.join(map(str, [*counts, len(chosen) - len(decided)]))} |")
    places = [c.groups[0]["rank"] for c in cases if c.groups[0]["rank"] is not None and c.changed]
    first, three = (sum(0 < one <= n for one in places) for n in (1, 3))
    print(f"divergence in {len(places)}: changed function first {first}, in three {three}")
    seen: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for case in cases:
        for kind in {(fault, _kind_of(words)) for fault, words in case.groups[0]["signs"]}:
            seen[kind].append(kind[0] == case.truth)
    for (fault, words), truths in sorted(seen.items(), key=lambda one: -len(one[1])):
        print(f"  {sum(truths)} of {len(truths)} right: {fault}: {words}")


def _kind_of(words: str) -> str:
    """The words of a sign without what differs from case to case."""
    return re.sub(r"`[^`]*`|\S*[/.]\S*|'[^']*'|\d+", "…", words)[:80]


if __name__ == "__main__":
    main()
