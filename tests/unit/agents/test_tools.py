"""Tool calls become command lines, or are refused with what is wrong."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from assay.agents.readings import of_any, of_mutate
from assay.agents.tools import (
    ITEMS,
    MOST_ITEMS,
    MOST_SECONDS,
    SECONDS,
    TOOLS,
    Call,
    Tool,
    call_of,
    offered,
    reader_of,
    schema_of,
)
from assay.errors import UsageError

BY_NAME = {tool.verb: tool for tool in TOOLS}


def inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in PurePosixPath(path).parts


def call(tool: str, **given: Any) -> Call:
    return call_of(BY_NAME[tool], given, inside)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.verb)
def test_the_schema_of_a_tool_is_one(tool: Tool) -> None:
    Draft202012Validator.check_schema(schema_of(tool))


def test_without_arguments_a_call_is_the_verb_alone() -> None:
    assert call("impact") == Call((), (), ITEMS, SECONDS)


@pytest.mark.parametrize(
    ("tool", "given", "arguments"),
    [
        ("impact", {"base": "main"}, ("--base=main",)),
        ("impact", {"skip_explanations": True}, ("--no-explain",)),
        ("impact", {"skip_explanations": False}, ()),
        ("select", {"diff": "change.diff"}, ("--diff=change.diff",)),
        ("why", {"subject": "shop/tax.py:3"}, ("shop/tax.py:3",)),
        ("why", {"subject": "test_a.py::test_x[../..]"}, ("test_a.py::test_x[../..]",)),
        ("mutate", {"paths": ["a.py:3-9", "src"], "seed": 7}, ("a.py:3-9", "src", "--seed=7")),
        (
            "mutate",
            {"changed": True, "only": ["ab", "cd"]},
            ("--changed", "--only=ab", "--only=cd"),
        ),
        ("show", {"id": "ed68"}, ("ed68",)),
        ("weaknesses", {"level": 2, "kinds": ["dead-name"]}, ("--level=2", "--kind=dead-name")),
        ("gate", {"preset": "strict", "budget": "90s"}, ("--preset=strict", "--budget=90s")),
        ("isolate", {"test": "test_a.py::test_x"}, ("test_a.py::test_x",)),
        ("flaky", {"tests": ["test_a.py::test_x"], "runs": 5}, ("test_a.py::test_x", "--runs=5")),
    ],
)
def test_arguments_become_those_of_the_verb(
    tool: str, given: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    assert call(tool, **given).arguments == arguments
    Draft202012Validator(schema_of(BY_NAME[tool])).validate(given)


def test_null_is_no_argument() -> None:
    assert call("impact", base=None) == call("impact")


def test_the_tests_of_a_diagnosis_are_arguments_of_pytest() -> None:
    found = call("diagnose", all=True, tests=["tests/test_a.py"])
    assert (found.arguments, found.pytest) == (("--all",), ("tests/test_a.py",))


@pytest.mark.parametrize(
    ("tool", "given", "message"),
    [
        ("impact", {"colour": "red"}, "impact has no argument colour: known are base, diff"),
        ("why", {}, "why needs subject: a full node id, or FILE:LINE"),
        ("impact", {"base": 3}, "base is a text, not 3"),
        ("impact", {"diff": "/etc/passwd"}, "diff: '/etc/passwd' is outside the project"),
        ("why", {"subject": "../x.py:3"}, "subject: '../x.py:3' is outside the project"),
        ("isolate", {"test": "/x/test_a.py::test"}, "is outside the project"),
        ("mutate", {"paths": ["src", "../src:3-4"]}, "paths: '../src:3-4' is outside the project"),
        ("mutate", {"paths": "src"}, "paths is a list, not 'src'"),
        ("mutate", {"paths": ["--list"]}, "paths: '--list' is no name of anything"),
        ("mutate", {"paths": [""]}, "paths: '' is no name of anything"),
        ("diagnose", {"tests": ["--basetemp=x"]}, "tests: '--basetemp=x' is no name of anything"),
        ("diagnose", {"tests": ["--"]}, "tests: '--' is no name of anything"),
        ("mutate", {"changed": "yes"}, "changed is true or false, not 'yes'"),
        ("mutate", {"seed": 1.5}, "seed is a whole number, at least 0, not 1.5"),
        ("mutate", {"seed": True}, "seed is a whole number, at least 0, not True"),
        ("gate", {"preset": "loose"}, "preset is one of advisory, standard, strict, ratchet"),
        ("gate", {"limit": MOST_ITEMS + 1}, f"limit is a whole number, from 1 to {MOST_ITEMS}"),
        (
            "gate",
            {"timeout_seconds": 0},
            f"timeout_seconds is a whole number, from 1 to {MOST_SECONDS}",
        ),
    ],
)
def test_a_wrong_argument_is_named(tool: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        call(tool, **given)
    assert message in caught.value.message


def test_an_agent_cannot_write_the_baseline_or_the_policy() -> None:
    options = {argument.option for argument in BY_NAME["gate"].arguments}
    assert not options & {"--update-baseline", "--policy", "--report", "--reports"}


def test_only_tools_whose_verb_is_there_are_offered() -> None:
    assert list(offered(["show", "impact", "map"])) == ["impact", "show"]


def test_a_verb_without_a_reading_of_its_own_is_read_by_field_names() -> None:
    assert reader_of("a-verb-to-come") is of_any
    assert reader_of("merge") is of_mutate
