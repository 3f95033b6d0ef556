"""Does the weakness report find tests that were weakened by script, and leave the others alone?

    python benchmarks/weakened.py PROJECT PYTHON [--each 8] [--seed 1] [--without WAY] [-- ARGS]

PROJECT is a checkout with a `src` or flat layout, PYTHON an interpreter with what its tests need.
Weakens some test functions in a copy, each in one way, drops those that then fail, runs `assay
weaknesses` on the copy, and prints for each way how many were found, and by the kind they should be
found by. `skipped` is a control: a weakened test that is skipped must not be found.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Spot:
    """A test function in a file: its qualified name, its syntax, the file's lines."""

    path: Path
    name: str
    node: Function
    lines: list[str]
    project_names: dict[str, str]
    """Functions that the file imported from the project, by the name they have there."""


Edit = tuple[int, int, list[str]]
"""Lines from the first to the last, counted from 1, become others."""

Weaken = Callable[[Spot], list[Edit] | None]


# -- ways to weaken


def is_check(node: ast.AST) -> bool:
    """An `assert`, or a call of an assertion method that stands alone."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        return isinstance(function, ast.Attribute) and function.attr.startswith("assert")
    return isinstance(node, ast.Assert)


def asserts(spot: Spot, top: bool = False) -> list[ast.stmt]:
    nodes = spot.node.body if top else list(ast.walk(spot.node))
    return [node for node in nodes if isinstance(node, ast.stmt) and is_check(node)]


def other_checks(spot: Spot) -> bool:
    words = ("raises", "warns", "assert", "fail", "check", "expect", "deprecated_call", "raise")
    mine = {id(node.value) for node in asserts(spot) if isinstance(node, ast.Expr)}
    for node in ast.walk(spot.node):
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Call) and id(node) not in mine:
            name = getattr(node.func, "attr", getattr(node.func, "id", "")).lstrip("_")
            if name.startswith(words):
                return True
    return False


def margin(spot: Spot, node: ast.stmt) -> str:
    return spot.lines[node.lineno - 1][: node.col_offset]


def text_of(spot: Spot, node: ast.AST) -> list[str]:
    return spot.lines[node.lineno - 1 : node.end_lineno]  # type: ignore[attr-defined]


def deleted(spot: Spot) -> list[Edit] | None:
    found = asserts(spot)
    if not found or other_checks(spot):
        return None
    return [(n.lineno, n.end_lineno or 0, [margin(spot, n) + "pass"]) for n in found]


def if_false(spot: Spot) -> list[Edit] | None:
    found = asserts(spot, top=True)
    if not found:
        return None
    node = found[-1]
    inner = ["    " + line for line in text_of(spot, node)]
    return [(node.lineno, node.end_lineno or 0, [margin(spot, node) + "if False:", *inner])]


def swallowed(spot: Spot) -> list[Edit] | None:
    found = asserts(spot, top=True)
    if not found:
        return None
    node, at = found[-1], margin(spot, found[-1])
    inner = ["    " + line for line in text_of(spot, node)]
    after = [at + "except Exception:", at + "    pass"]
    return [(node.lineno, node.end_lineno or 0, [at + "try:", *inner, *after])]


def bracketed(spot: Spot) -> list[Edit] | None:
    found = [n for n in asserts(spot) if isinstance(n, ast.Assert) and n.msg is None]
    if not found:
        return None
    node = found[-1]
    new = f'{margin(spot, node)}assert ({ast.unparse(node.test)}, "must hold")'
    return [(node.lineno, node.end_lineno or 0, [new])]


def broad(spot: Spot) -> list[Edit] | None:
    for node in ast.walk(spot.node):
        if not isinstance(node, ast.With) or len(node.items) != 1:
            continue
        call = node.items[0].context_expr
        name = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
        plain = node.items[0].optional_vars is None and node.lineno == call.end_lineno
        if name in ("pytest.raises", "self.assertRaises") and plain:
            new = f"{margin(spot, node)}with {name}(Exception):"
            return [(node.lineno, node.lineno, [new])]
    return None


def mocked(spot: Spot) -> list[Edit] | None:
    """The first call of the project's own, on a stand-in, of which only that is asserted."""
    body = spot.node.body
    for index, statement in enumerate(body):
        for call in (n for n in ast.walk(statement) if isinstance(n, ast.Call)):
            if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.With | ast.For):
                continue
            holder = ""
            if isinstance(call.func, ast.Name) and call.func.id in spot.project_names:
                holder = f"sys.modules[__name__], {call.func.id!r}"
            elif (
                isinstance(call.func, ast.Attribute)
                and isinstance(call.func.value, ast.Name)
                and spot.project_names.get(call.func.value.id) == "module"
                and call.func.attr.islower()
            ):
                holder = f"{call.func.value.id}, {call.func.attr!r}"
            if not holder or any(isinstance(n, ast.Await | ast.Yield) for n in ast.walk(statement)):
                continue
            at = margin(spot, statement)
            new = [
                at + "import sys",
                at + "from unittest import mock",
                at + f"with mock.patch.object({holder}) as subject:",
                at + f"    assert {ast.unparse(call)} is subject.return_value",
                at + "    subject.assert_called_once()",
            ]
            return (
                [(statement.lineno, body[-1].end_lineno or 0, new)] if index < len(body) else None
            )
    return None


def skipped(spot: Spot) -> list[Edit] | None:
    edits = deleted(spot)
    if edits is None:
        return None
    first = min([spot.node.lineno, *(one.lineno for one in spot.node.decorator_list)])
    mark = margin(spot, spot.node) + '@__import__("pytest").mark.skip(reason="control")'
    return [*edits, (first, first - 1, [mark])]


def renamed(spot: Spot) -> list[Edit] | None:
    """Named for a function that the commit before had (see `with_history`)."""
    line = spot.lines[spot.node.lineno - 1]
    if f"def {spot.node.name}(" not in line:
        return None
    name = f"test_{gone(spot)}"
    return [(spot.node.lineno, spot.node.lineno, [line.replace(spot.node.name, name, 1)])]


def gone(spot: Spot) -> str:
    stem = spot.path.stem.replace("test_", "")
    return f"former_{stem}_{spot.node.name.replace('test_', '')}_step"


WAYS: dict[str, tuple[Weaken, str]] = {
    "deleted": (deleted, "assertion-free"),
    "if False": (if_false, "rotten-green"),
    "try/except": (swallowed, "swallowed-assertion"),
    'assert (x, "m")': (bracketed, "tautology"),
    "raises(Exception)": (broad, "broad-raises"),
    "mocked subject": (mocked, "self-mocking"),
    "named for what is gone": (renamed, "dead-name"),
    "skipped": (skipped, ""),
}


# -- the copy


def spots_of(path: Path, package: set[str]) -> Iterator[Spot]:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    names: dict[str, str] = {}
    for node in tree.body:
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] in package
        ):
            for alias in node.names:
                names[alias.asname or alias.name] = "function"
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in package:
                    names[alias.asname or alias.name] = "module"
    names = {name: kind for name, kind in names.items() if kind == "module" or name.islower()}
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, prefix = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function) and child.name.startswith("test"):
                if child.body[0].lineno > child.lineno:
                    yield Spot(path, prefix + child.name, child, text.split("\n"), names)
            elif isinstance(child, ast.ClassDef):
                pending.append((child, f"{prefix}{child.name}."))


def apply(lines: list[str], edits: list[Edit]) -> list[str]:
    for first, last, new in sorted(edits, key=lambda edit: -edit[0]):
        lines = [*lines[: first - 1], *new, *lines[last:]]
    return lines


def weaken(
    copy: Path, each: int, seed: int, known: set[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Weaken functions of the copy, at most `each` in each way; (path, name) → way."""
    package = {p.parent.name for p in copy.glob("*/__init__.py")} | {
        p.parent.name for p in copy.glob("src/*/__init__.py")
    }
    package -= {"tests", "test", "docs"}
    files = sorted(copy.glob("tests/**/test_*.py"))
    spots = [spot for path in files for spot in spots_of(path, package)]
    counts = Counter((spot.path, spot.name) for spot in spots)
    random.Random(seed).shuffle(spots)
    chosen: dict[str, list[tuple[Spot, list[Edit]]]] = defaultdict(list)
    taken: set[tuple[Path, str]] = set()
    for way, (make, _) in WAYS.items():
        for spot in spots:
            key = (spot.path, spot.name)
            place = (spot.path.relative_to(copy).as_posix(), spot.name)
            if key in taken or counts[key] > 1 or place in known or len(chosen[way]) >= each:
                continue
            edits = make(spot)
            if edits is not None:
                chosen[way].append((spot, edits))
                taken.add(key)
    by_file: dict[Path, list[Edit]] = defaultdict(list)
    done: dict[tuple[str, str], str] = {}
    past: list[str] = []
    for way, pairs in chosen.items():
        for spot, edits in pairs:
            by_file[spot.path] += edits
            name = spot.name
            if way == "named for what is gone":
                past.append(f"def {gone(spot)}():\n    pass\n")
                name = f"{name.rpartition('.')[0]}.test_{gone(spot)}".lstrip(".")
            done[spot.path.relative_to(copy).as_posix(), name] = way
    with_history(copy, past)
    for path, edits in by_file.items():
        lines = path.read_text(encoding="utf-8").split("\n")
        path.write_text("\n".join(apply(lines, edits)), encoding="utf-8")
    return done


def with_history(copy: Path, past: list[str]) -> None:
    """Two commits: one in which the functions were still there, and the one that took them away."""
    shutil.rmtree(copy / ".git", ignore_errors=True)
    home = copy / "former_steps.py"
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "-q"], cwd=copy, check=True)
    home.write_text("\n\n".join(past), encoding="utf-8")
    for words in ("with", "without"):
        subprocess.run([*git, "add", "-A"], cwd=copy, check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", words], cwd=copy, check=True)
        home.unlink(missing_ok=True)


# -- measuring


def environment(project: Path) -> dict[str, str]:
    paths = [str(project / "src"), str(project)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "ignore"}


def report(project: Path, python: str, args: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "assay", "weaknesses", "--format", "json", "--quiet"]
    command += ["--project", str(project), "--python", python]
    done = subprocess.run(
        [*command, *(["--", *args] if args else [])],
        stdout=subprocess.PIPE,
        env=environment(project),
        text=True,
        check=False,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def outcomes(project: Path, python: str, args: list[str], files: set[str]) -> dict[str, set[str]]:
    """How the cases of each test function end, by "module.Class.name" as JUnit has it."""
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory, "junit.xml")
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={target}"]
        subprocess.run(
            [*command, *args, *sorted(files)],
            cwd=project,
            env=environment(project),
            stdout=subprocess.DEVNULL,
            check=False,
        )
        ends: dict[str, set[str]] = defaultdict(set)
        for case in ET.parse(target).iter("testcase"):
            kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
            name = f"{case.get('classname')}.{(case.get('name') or '').partition('[')[0]}"
            ends[name] |= kinds or {"passed"}
        return ends


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("project", type=Path)
    parser.add_argument("python")
    parser.add_argument("--each", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", action="append", default=[], choices=WAYS, help="leave it out")
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:at])
    args = sys.argv[at + 1 :]
    for way in options.without:
        del WAYS[way]
    with tempfile.TemporaryDirectory() as directory:
        clean, copy = Path(directory, "clean"), Path(directory, "weakened")
        for target in (clean, copy):
            shutil.copytree(
                options.project, target, ignore=shutil.ignore_patterns(".assay", ".git")
            )
        untouched = report(clean, options.python, args)
        known = {(one["path"], one["unit"]) for one in untouched["findings"]}
        done = weaken(copy, options.each, options.seed, known)
        ends = outcomes(copy, options.python, args, {path for path, _ in done})
        found = report(copy, options.python, args)
    show(done, ends, found, untouched)


def show(
    done: dict[tuple[str, str], str],
    ends: dict[str, set[str]],
    found: dict[str, Any],
    untouched: dict[str, Any],
) -> None:
    kinds: dict[tuple[str, str], set[str]] = defaultdict(set)
    sure: set[tuple[str, str]] = set()
    for one in found["findings"]:
        kinds[one["path"], one["unit"]].add(one["kind"])
        if one["confidence"] != "hint":
            sure.add((one["path"], one["unit"]))
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (path, name), way in done.items():
        key = f"{path.removesuffix('.py').replace('/', '.')}.{name}"
        wanted = {"skipped"} if way == "skipped" else {"passed"}
        if ends.get(key) != wanted:
            continue
        row = rows[way]
        row[0] += 1
        row[1] += bool(kinds[path, name])
        row[2] += WAYS[way][1] in kinds[path, name]
        row[3] += (path, name) in sure
        if (way == "skipped") == bool(kinds[path, name]):
            print(f"  {'found' if way == 'skipped' else 'missed'}: {way}: {path}::{name}")
    print(f"{'way':25} tests found by-its-kind no-hint")
    for way, row in rows.items():
        print(f"{way:25} {row[0]:5} {row[1]:5} {row[2]:11} {row[3]:7}")
    good = [row for way, row in rows.items() if way != "skipped"]
    tests, hits = sum(row[0] for row in good), sum(row[1] for row in good)
    print(f"recall {hits}/{tests} = {hits / max(tests, 1):.2f}")
    new = [
        one
        for one in found["findings"]
        if (one["path"], one["unit"]) not in done
        and one["id"] not in {old["id"] for old in untouched["findings"]}
    ]
    print(f"untouched project: {len(untouched['findings'])} findings; new elsewhere: {len(new)}")
    for one in new:
        print(f"  new: {one['kind']}: {one['path']}::{one['unit']}: {one['sentence']}")


if __name__ == "__main__":
    main()
