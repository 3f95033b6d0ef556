"""The architecture as facts: the order of rooms, what each may touch, and what is documented."""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from assay.agents.compact import SCHEMA
from assay.agents.tools import PYTEST, TOOLS, Tool, offered
from assay.cli import parser
from assay.config import KEYS, parse_config
from assay.errors import ExitCode
from assay.gate.policy import KEYS as POLICY_KEYS
from assay.report.outputs import FORMATS

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "toolkit" / "assay"
DOCS = CHECKOUT / "docs"

FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

LAYERS = (
    ("__main__",),
    ("cli",),
    ("arguments",),
    ("commands",),
    ("agents",),
    ("suppliers",),
    ("killing",),
    ("matrices",),
    ("answering",),
    ("lost",),
    ("mutating", "integrating"),
    ("patching",),
    ("diagnosing", "verifying"),
    ("closer",),
    ("comparing",),
    ("reuse", "misled", "watching", "diverging", "isolating", "rerunning", "survivors"),
    ("pipeline",),
    ("runners",),
    ("sessions",),
    ("recording",),
    ("gather", "join"),
    ("choose", "stamps"),
    ("committed", "policies", "findings", "past", "exclusions"),
    ("report", "progress", "project"),
    ("config",),
    ("gate", "init"),
    ("execution",),
    ("weakness", "history", "explain", "diagnosis"),
    ("verdict", "mutation", "selection"),
    ("impact",),
    ("change",),
    ("model",),
    ("errors",),
    ("plugin",),
)
"""From top to bottom: a room imports from the layers below its own, and from none beside it, but
for those of `BESIDE`. `probe` is in no layer: it imports none of the others, and none imports it.
"""

BESIDE = frozenset({("diagnosis", "explain")})

LEVEL = {room: level for level, layer in enumerate(LAYERS) for room in layer}

PURE = (
    "agents/compact.py",
    "agents/failures.py",
    "agents/readings.py",
    "agents/tools.py",
    "model",
    "selection",
    "verdict",
    "weakness",
    "diagnosis",
    "gate",
    "init",
    "explain",
    "diagnosis",
    "mutation",
    "change/diff.py",
    "change/semantics.py",
    "change/delta.py",
    "change/regions.py",
    "change/inert.py",
    "change/digest.py",
    "change/version.py",
    "change/classes.py",
    "change/statements.py",
    "change/walk.py",
    "change/place.py",
    "change/words.py",
    "impact/kept.py",
    "impact/readers.py",
    "impact/reading.py",
    "impact/covered.py",
    "impact/graph.py",
    "impact/imports.py",
    "impact/memo.py",
    "impact/mentions.py",
    "impact/merge.py",
    "impact/reach.py",
    "impact/tokens.py",
    "execution/forecast.py",
    "execution/timeouts.py",
    "report/text.py",
    "report/why.py",
    "report/explained.py",
    "report/first.py",
    "report/found_text.py",
    "report/as_json.py",
    "report/from_json.py",
    "report/findings_json.py",
    "report/account.py",
    "report/outputs.py",
    "report/issues.py",
    "report/annotations.py",
    "report/codequality.py",
    "report/elements.py",
    "report/junit.py",
    "report/markdown.py",
    "report/sarif.py",
    "report/gate_text.py",
    "report/seams_text.py",
    "report/seams_json.py",
    "report/html.py",
    "report/html_charts.py",
    "report/html_data.py",
    "report/html_page.py",
    "report/history_text.py",
    "report/isolation_text.py",
    "report/isolation_json.py",
    "history/rows.py",
    "history/compare.py",
    "history/lines.py",
    "errors.py",
)
OUTSIDE = frozenset(
    {"subprocess", "socket", "sqlite3", "tempfile", "os", "shutil", "signal", "time", "threading"}
)

PROCESS_OWNERS = {"change/git.py", "execution/process.py", "plugin.py"}
"""The plug-in starts assay itself, from the process of the user's tests."""


@cache
def tree(path: str) -> ast.Module:
    return ast.parse((PACKAGE / path).read_text(encoding="utf-8"))


def room_of(path: str) -> str:
    return path.partition("/")[0].removesuffix(".py")


def imported(path: str) -> Iterator[str]:
    """Dotted names of the modules that a file imports, wherever the statement stands."""
    package = ["assay", *Path(path).parts[:-1]]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def rooms_imported(path: str) -> set[str]:
    """The rooms of assay that a file imports from, its own left out."""
    names = {name.split(".")[1] for name in imported(path) if name.startswith("assay.")}
    return {name for name in names if (PACKAGE / name).is_dir() or f"{name}.py" in FILES} - {
        room_of(path)
    }


def top_level(path: str) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def is_pure(path: str) -> bool:
    return any(path == pure or path.startswith(f"{pure}/") for pure in PURE)


# Rooms


def test_every_room_has_its_layer() -> None:
    rooms = {room_of(path) for path in FILES} - {"__init__", "probe"}
    assert rooms == set(LEVEL)


def test_a_room_imports_only_from_the_layers_below() -> None:
    wrong = {
        (path, other)
        for path in FILES
        if room_of(path) in LEVEL
        for other in rooms_imported(path)
        if (room_of(path), other) not in BESIDE and LEVEL.get(other, -1) <= LEVEL[room_of(path)]
    }
    assert wrong == set()


def test_the_probe_imports_nothing_of_the_rest_of_assay() -> None:
    probe = [path for path in FILES if room_of(path) == "probe"]
    assert probe
    assert {path: rooms_imported(path) for path in probe if rooms_imported(path)} == {}
    assert [path for path in probe if "assay" in imported(path)] == []


def test_nothing_imports_the_probe() -> None:
    others = [path for path in FILES if room_of(path) != "probe"]
    assert [path for path in others if "probe" in rooms_imported(path)] == []


def test_importing_assay_imports_nothing_else_of_it() -> None:
    script = "import sys, assay; print(*sorted(n for n in sys.modules if n.startswith('assay')))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["assay"]


def test_only_a_scheduler_makes_assay_import_dask() -> None:
    script = (
        "import sys, assay.commands.impact, assay.commands.mutate\n"
        "print([name for name in ('dask', 'distributed', 'tornado') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_only_two_modules_import_dask() -> None:
    users = {path for path in FILES if {"dask", "distributed"} & top_level(path)}
    cluster = "execution/cluster"
    assert users == {f"{cluster}/connection.py", f"{cluster}/worker.py", "runners.py"}


def test_only_one_module_imports_mcp_and_only_the_verb_imports_that() -> None:
    users = {path for path in FILES if {"anyio", "mcp"} & top_level(path)}
    assert users == {"agents/server.py", "commands/mcp.py"}
    assert not [name for name in imported("commands/mcp.py") if name.startswith("mcp")]
    script = "import sys, assay.cli, assay.commands.mcp, assay.agents.compact\n"
    script += "print([name for name in ('anyio', 'mcp', 'pydantic') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_source_root_is_no_package() -> None:
    assert not (PACKAGE.parent / "__init__.py").exists()


# What a room may touch


def test_a_pure_module_touches_nothing_outside() -> None:
    touched = {path: top_level(path) & OUTSIDE for path in FILES if is_pure(path)}
    assert {path: names for path, names in touched.items() if names} == {}


def test_every_pure_room_is_there() -> None:
    assert [pure for pure in PURE if not (PACKAGE / pure).exists()] == []


def test_only_the_adapter_imports_mutmut() -> None:
    users = [path for path in FILES if "mutmut" in top_level(path)]
    assert users == ["mutation/mutmut_adapter.py"]


def test_only_git_and_process_start_processes() -> None:
    users = {path for path in FILES if "subprocess" in top_level(path)}
    assert users == PROCESS_OWNERS


def test_only_one_module_runs_git() -> None:
    """A command whose first word is git stands in change/git.py alone."""
    users = {
        path
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.List | ast.Tuple)
        and node.elts
        and isinstance(node.elts[0], ast.Constant)
        and node.elts[0].value == "git"
    }
    assert users == {"change/git.py"}


def test_only_the_store_and_its_file_speak_sqlite() -> None:
    users = [path for path in FILES if "sqlite3" in top_level(path)]
    assert users == [
        "history/store.py",
        "impact/bound.py",
        "impact/database.py",
        "impact/store.py",
        "impact/verdicts.py",
        "impact/write.py",
    ]


def test_every_connection_to_sqlite_can_hold_any_name() -> None:
    assert callers({"sqlite3.connect"}) == ["impact/bound.py"]


def called(path: str) -> set[str]:
    """The names of what a file calls, as they are written."""
    return {ast.unparse(n.func) for n in ast.walk(tree(path)) if isinstance(n, ast.Call)}


def callers(names: set[str]) -> list[str]:
    """The files that call one of the names."""
    return [path for path in FILES if called(path) & names]


def test_nobody_changes_the_working_directory() -> None:
    assert callers({"os.chdir", "os.fchdir", "chdir", "contextlib.chdir"}) == []


def test_nobody_starts_a_shell() -> None:
    assert callers({"os.system", "os.popen"}) == []


def test_only_the_command_line_leaves_the_process_or_prints() -> None:
    found = callers({"sys.exit", "exit", "quit", "os._exit", "print"})
    assert [path for path in found if room_of(path) not in ("cli", "__main__", "probe")] == []


def test_the_environment_is_a_parameter() -> None:
    """Git is run in the environment assay is run in; a Dask worker has its own."""
    names = {"os.environ", "os.getenv", "os.environb"}
    readers = [
        path
        for path in FILES
        if names & {ast.unparse(n) for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)}
    ]
    allowed = ("cli", "__main__", "probe", "plugin", "gather")
    files = ("change/git.py", "execution/cluster/worker.py")
    assert [p for p in readers if room_of(p) not in allowed and p not in files] == []


# Texts


def is_one_sentence(first: str) -> bool:
    begins = first[:1].isupper() or first.startswith("`assay ")
    return begins and first.endswith(".") and len(first) <= 220


def test_a_module_opens_with_one_sentence_that_says_what_it_knows() -> None:
    opening = {
        path: (ast.get_docstring(tree(path)) or "").partition("\n\n")[0]
        for path in FILES
        if path != "__init__.py"
    }
    assert {path: first for path, first in opening.items() if not is_one_sentence(first)} == {}


def test_no_module_is_too_long_to_read() -> None:
    lengths = {p: (PACKAGE / p).read_text(encoding="utf-8").count("\n") for p in FILES}
    assert {path: lines for path, lines in lengths.items() if lines > 500} == {}


def verbs() -> dict[str, argparse.ArgumentParser]:
    (action,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


VERBS = verbs()


def options(verb: str) -> list[str]:
    names = [name for a in verbs()[verb]._actions for name in a.option_strings]
    return [name for name in names if name.startswith("--") and name != "--help"]


def document(name: str) -> str:
    path = DOCS / name
    assert path.exists(), f"docs/{name} is missing"
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_and_its_options_are_documented(verb: str) -> None:
    text = document("verbs.md")
    assert f"assay {verb}" in text
    assert [name for name in options(verb) if f"`{name}" not in text] == []


@pytest.mark.parametrize("key", KEYS)
def test_every_configuration_key_is_documented(key: str) -> None:
    texts = [p.read_text(encoding="utf-8") for p in DOCS.glob("*.md") if "json" not in p.name]
    assert any(f"`{key}`" in text or f"\n{key} =" in text for text in texts)


@pytest.mark.parametrize("key", POLICY_KEYS)
def test_every_key_of_a_policy_is_documented(key: str) -> None:
    assert f"| `{key}` |" in document("gate.md")


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_of_a_report_is_documented(format: str) -> None:
    assert f"| `{format}` |" in document("reports.md")


CONFIGS = sorted(
    path.relative_to(CHECKOUT / "configs").as_posix()
    for path in (CHECKOUT / "configs").rglob("*")
    if path.is_file()
)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_file_of_configs_loads_ships_and_is_listed(name: str) -> None:
    path = CHECKOUT / "configs" / name
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        table = tomllib.loads(text)
        if name == "assay.toml":
            assert set(table["tool"]["assay"]) | {"gate"} == set(KEYS)
            parse_config(table["tool"]["assay"], name)
    elif path.suffix in (".yml", ".yaml"):
        assert yaml.safe_load(text)
    elif path.suffix == ".json":
        (server,) = json.loads(text)["mcpServers"].values()
        assert server["command"] == "python"
        module, *argv = server["args"][1:]
        assert (module, parser().parse_args(argv).verb) == ("assay", "mcp")
    assert (PACKAGE / "configs" / name).read_text(encoding="utf-8") == text
    listed = (CHECKOUT / "configs" / "README.md").read_text("utf-8")
    assert name == "README.md" or f"({name})" in listed


AGENTS = [name for name in CONFIGS if name.startswith("agents/") and name.endswith(".md")]


@pytest.mark.parametrize("name", AGENTS)
def test_a_description_of_an_agent_names_itself_and_all_tools_and_no_others(name: str) -> None:
    text = (CHECKOUT / "configs" / name).read_text(encoding="utf-8")
    empty, front, body = text.split("---\n", 2)
    head = yaml.safe_load(front)
    assert not empty
    assert head["name"] == Path(name).stem
    assert head["description"]
    known = {tool.verb for tool in TOOLS}
    fields = {*SCHEMA["properties"], *SCHEMA["properties"]["items"]["items"]["properties"]}
    arguments = {argument.name for tool in TOOLS for argument in tool.arguments}
    named = set(re.findall(r"`([a-z_]+)`", body)) - {"assay"}
    assert known <= named
    assert named <= known | fields | arguments | {"limit"}


# What agents are offered


@pytest.mark.parametrize("tool", offered(VERBS).values(), ids=lambda tool: tool.verb)
def test_a_tool_has_only_options_that_its_verb_has(tool: Tool) -> None:
    options = {argument.option for argument in tool.arguments} - {"", PYTEST}
    assert options <= set(VERBS[tool.verb]._option_string_actions)
    assert {"json", "agent"} <= set(
        VERBS[tool.verb]._option_string_actions["--format"].choices or ()
    )


def test_every_tool_is_documented() -> None:
    assert [tool.verb for tool in TOOLS if f"| `{tool.verb}` |" not in document("agents.md")] == []


@pytest.mark.parametrize("code", ExitCode, ids=lambda code: code.name)
def test_every_exit_code_is_documented(code: ExitCode) -> None:
    lines = document("exit-codes.md").splitlines()
    assert any(line.lstrip("|#-* `").startswith(f"{code.value}") for line in lines)


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_is_a_file(verb: str) -> None:
    assert f"commands/{verb}.py" in FILES
