"""The verbs as tools: what each is for, its arguments, the command line they make, how it is read.

A verb becomes a tool by an entry in `TOOLS`. Its record is read by `of_any` unless it names another
reading, and `--format agent` prints it without further ado.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from assay.agents.failures import (
    of_diagnosis,
    of_flakiness,
    of_integration,
    of_isolation,
    of_verification,
)
from assay.agents.readings import (
    Read,
    of_answer,
    of_any,
    of_gate,
    of_mutant,
    of_mutate,
    of_selection,
    of_weaknesses,
    of_why,
)
from assay.errors import UsageError


class Kind(Enum):
    """What an argument is, so how it is checked."""

    TEXT = "text"
    PATH = "path"
    """a file or directory of the project, with :LINE or :FIRST-LAST where the verb takes them"""
    TEST = "test"
    """a node id; its file lies in the project"""
    NUMBER = "number"
    FLAG = "flag"


_JSON = {Kind.NUMBER: "integer", Kind.FLAG: "boolean"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a tool.

    `option` is what it becomes on the command line: an option that begins with `--`, "" for a
    positional argument, `PYTEST` for one of pytest's. `many`: a list; each becomes one.
    """

    name: str
    words: str
    kind: Kind = Kind.TEXT
    option: str = ""
    many: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()


PYTEST = "--"
"""The arguments behind it on the command line are pytest's."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One verb as a tool; `runs`: it runs tests, so one such call at a time, and it may take long.

    `description` is for the agent that chooses among tools.
    """

    verb: str
    description: str
    arguments: tuple[Argument, ...]
    runs: bool = True
    read: Read = of_any


SECONDS, MOST_SECONDS = 600, 3600
"""How long a call may take unless it says otherwise, and at most."""

ITEMS, MOST_ITEMS = 10, 50
"""How many items an answer shows unless asked otherwise, and at most."""

TIMEOUT, LIMIT = "timeout_seconds", "limit"
"""The arguments that all tools have."""

_BASE = Argument(
    "base", "branch, tag or commit to compare with; without it assay finds one", option="--base"
)
_DIFF = Argument("diff", "the change is this unified diff, a file", Kind.PATH, "--diff")
_BUDGET = Argument(
    "budget", "begin no mutant after so much time of running them, such as 90s", option="--budget"
)
_SAMPLE = Argument("sample", "only so many mutants (40), or a share (5%)", option="--sample")
_SEED = Argument("seed", "what chance depends on", Kind.NUMBER, "--seed")
_QUICK = Argument(
    "skip_explanations", "do not look into why survivors survived", Kind.FLAG, "--no-explain"
)
_TEST = Argument("test", "a full node id", Kind.TEST, required=True)
_TESTS = Argument("tests", "full node ids; none: those that the verb finds", Kind.TEST, many=True)

TOOLS = (
    Tool(
        "impact",
        "After a change to code or tests: run the tests it can affect, then mutants of the changed "
        "lines. Says which changed functions tests guard, only touch, or never run, and proposes "
        "verified assertions for what nobody notices.",
        (_BASE, _DIFF, _QUICK),
        read=of_answer,
    ),
    Tool(
        "select",
        "Which tests a change can affect, likeliest to fail first, each with the reason. Runs no "
        "test. Use it to choose what to run while editing.",
        (_BASE, _DIFF),
        runs=False,
        read=of_selection,
    ),
    Tool(
        "why",
        "What a test depends on and whether the change selects it (give a node id), or which "
        "tests depend on a line (give FILE:LINE). Runs no test; needs an earlier run.",
        (
            Argument("subject", "a full node id, or FILE:LINE", Kind.TEST, required=True),
            _BASE,
        ),
        runs=False,
        read=of_why,
    ),
    Tool(
        "mutate",
        "Whether tests would notice faults in chosen code: mutants of files, directories or lines, "
        "or of the changed lines, against the tests that cover them. A budget or sample bounds it.",
        (
            Argument("paths", "PATH, PATH:LINE or PATH:FIRST-LAST", Kind.PATH, many=True),
            Argument("changed", "the changed lines, in place of paths", Kind.FLAG, "--changed"),
            _BASE,
            Argument("only", "only the mutants of these ids", option="--only", many=True),
            Argument("list", "list the mutants, run nothing", Kind.FLAG, "--list"),
            Argument("extreme", "whole function bodies only", Kind.FLAG, "--extreme"),
            _BUDGET,
            _SAMPLE,
            _SEED,
            _QUICK,
        ),
        read=of_mutate,
    ),
    Tool(
        "show",
        "One mutant of an earlier impact or mutate call: its diff, the tests that ran it, why it "
        "survived, and a patch with a verified assertion where there is one.",
        (Argument("id", "the mutant's id, or the beginning of it", required=True),),
        read=of_mutant,
    ),
    Tool(
        "weaknesses",
        "Tests that look as if they guarded something and do not: no assertion run, the unit "
        "itself mocked, stale patch targets, and more. Level 0 is quick; 1 to 4 run mutants.",
        (
            Argument("paths", "files or directories, of tests or code", Kind.PATH, many=True),
            Argument("level", "how much finding may cost: 0 to 4", Kind.NUMBER, "--level"),
            Argument("kinds", "only weaknesses of these kinds", option="--kind", many=True),
            _BASE,
            _BUDGET,
            _SAMPLE,
            _SEED,
        ),
        read=of_weaknesses,
    ),
    Tool(
        "gate",
        "What impact answers, held against the project's policy: whether the change would be "
        "refused, and what to do about each refusal. The last check before handing a change over.",
        (
            _BASE,
            _DIFF,
            Argument(
                "preset",
                "in place of the project's policy",
                option="--preset",
                choices=("advisory", "standard", "strict", "ratchet"),
            ),
            _BUDGET,
            _QUICK,
        ),
        read=of_gate,
    ),
    Tool(
        "diagnose",
        "Why tests fail after a change: runs base and head, sorts the failures into new, known, "
        "flaky and environment, names causes with their evidence, says whether code or test is at "
        "fault or that it cannot be decided, groups them, and orders what to mend first.",
        (
            _BASE,
            Argument("all", "all tests, not only the affected ones", Kind.FLAG, "--all"),
            Argument("tests", "only these files or node ids", Kind.TEST, PYTEST, many=True),
        ),
        read=of_diagnosis,
    ),
    Tool(
        "isolate",
        "Why a test fails in the suite and passes alone, or the reverse: the smallest set of tests "
        "that makes it fail, and the state that leaks.",
        (
            _TEST,
            Argument("budget", "try no more after that long, such as 90s", option="--budget"),
        ),
        read=of_isolation,
    ),
    Tool(
        "flaky",
        "Whether tests give both outcomes on the same code: runs them again in shuffled orders, "
        "alone, and with other hash seeds.",
        (
            _TESTS,
            Argument("runs", "how often", Kind.NUMBER, "--runs"),
            _SEED,
        ),
        read=of_flakiness,
    ),
    Tool(
        "verify",
        "After a fix: whether what was to be mended passes and nothing new fails, against the "
        "baseline that diagnose stored.",
        (
            _TESTS,
            Argument(
                "no_test_edits", "object to edits of test files", Kind.FLAG, "--no-test-edits"
            ),
        ),
        read=of_verification,
    ),
    Tool(
        "integration",
        "Where modules meet: which calls across module boundaries are run for real, which only "
        "through mocks, which by no test, and which mocks no longer fit the real thing.",
        (Argument("paths", "only what touches these", Kind.PATH, many=True),),
        read=of_integration,
    ),
)

_TABLE = {tool.verb: tool for tool in TOOLS}


def reader_of(verb: str) -> Read:
    """How the record of a verb is read; `merge` prints that of `mutate`."""
    tool = _TABLE.get("mutate" if verb == "merge" else verb)
    return of_any if tool is None else tool.read


def offered(verbs: Collection[str]) -> dict[str, Tool]:
    """The tools whose verbs the command line knows, by name."""
    return {tool.verb: tool for tool in TOOLS if tool.verb in verbs}


# -- arguments


def schema_of(tool: Tool) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a tool's arguments."""
    properties = {argument.name: _property(argument) for argument in tool.arguments}
    properties[LIMIT] = {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_ITEMS,
        "default": ITEMS,
        "description": "items in the answer, at most",
    }
    properties[TIMEOUT] = {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_SECONDS,
        "default": SECONDS,
        "description": "the verb is interrupted after that long",
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [argument.name for argument in tool.arguments if argument.required],
        "additionalProperties": False,
    }


def _property(argument: Argument) -> dict[str, Any]:
    one: dict[str, Any] = {"type": _JSON.get(argument.kind, "string")}
    if argument.choices:
        one["enum"] = list(argument.choices)
    shape = {"type": "array", "items": one} if argument.many else one
    return {**shape, "description": argument.words}


@dataclass(frozen=True, slots=True)
class Call:
    """What a tool call comes to: arguments of the verb, of pytest, and the two bounds."""

    arguments: tuple[str, ...]
    pytest: tuple[str, ...]
    limit: int
    seconds: int


Inside = Callable[[str], bool]
"""Whether a path, absolute or relative to the project or the repository, lies in the project."""


def call_of(tool: Tool, given: Mapping[str, Any], inside: Inside) -> Call:
    """The call that the arguments of a tool make; UsageError, which names the argument."""
    known = {argument.name: argument for argument in tool.arguments}
    unknown = [name for name in given if name not in (*known, LIMIT, TIMEOUT)]
    if unknown:
        names = ", ".join([*known, LIMIT, TIMEOUT])
        raise UsageError(f"{tool.verb} has no argument {' or '.join(unknown)}: known are {names}")
    ours: list[str] = []
    pytest: list[str] = []
    for argument in tool.arguments:
        value = given.get(argument.name)
        if value is None:
            if argument.required:
                raise UsageError(f"{tool.verb} needs {argument.name}: {argument.words}")
            continue
        words = _words(argument, value, inside)
        (pytest if argument.option == PYTEST else ours).extend(words)
    limit = _whole(LIMIT, given.get(LIMIT, ITEMS), 1, MOST_ITEMS)
    seconds = _whole(TIMEOUT, given.get(TIMEOUT, SECONDS), 1, MOST_SECONDS)
    return Call(tuple(ours), tuple(pytest), limit, seconds)


def _words(argument: Argument, value: Any, inside: Inside) -> list[str]:
    """The command line's words for one argument."""
    if argument.kind is Kind.FLAG:
        if not isinstance(value, bool):
            raise UsageError(f"{argument.name} is true or false, not {value!r}")
        return [argument.option] if value else []
    values = value if argument.many else [value]
    if not isinstance(values, list):
        raise UsageError(f"{argument.name} is a list, not {value!r}")
    return [_word(argument, one, inside) for one in values]


def _word(argument: Argument, value: Any, inside: Inside) -> str:
    if argument.kind is Kind.NUMBER:
        text = str(_whole(argument.name, value, 0))
    elif not isinstance(value, str):
        raise UsageError(f"{argument.name} is a text, not {value!r}")
    else:
        text = value
    if argument.choices and text not in argument.choices:
        raise UsageError(f"{argument.name} is one of {', '.join(argument.choices)}, not {text!r}")
    if argument.kind in (Kind.PATH, Kind.TEST) and not inside(_path_of(text)):
        raise UsageError(f"{argument.name}: {text!r} is outside the project")
    if argument.option.startswith("--") and argument.option != PYTEST:
        return f"{argument.option}={text}"
    if not text or text.startswith("-"):
        # The command line would take it for an option, or for the end of them.
        raise UsageError(f"{argument.name}: {text!r} is no name of anything")
    return text


_LINES = re.compile(r":\d+(-\d+)?$")


def _path_of(text: str) -> str:
    """The path in a node id, or in PATH:LINE."""
    return _LINES.sub("", text.partition("::")[0])


def _whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        span = f"at least {least}" if most is None else f"from {least} to {most}"
        raise UsageError(f"{name} is a whole number, {span}, not {value!r}")
    return int(value)
