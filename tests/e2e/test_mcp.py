"""`assay mcp` as an agent sees it: the package's own client, over standard input and output."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from conftest import MappedProject, RunAssay, clean_environment, replace_in, tree_bytes, write
from jsonschema import Draft202012Validator
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from assay.agents.compact import SCHEMA, WHOLE
from assay.agents.tools import offered
from assay.cli import parser

Ask = Callable[..., Awaitable[dict[str, Any]]]


def talk(
    project: Path,
    tmp_path: Path,
    conversation: Callable[[Client], Awaitable[None]],
    *options: str,
    mode: str = "auto",
) -> None:
    """Start the server of a project, and talk with it to the end of the conversation."""
    argv = ["-m", "assay", "mcp", "--project", str(project), "--python", sys.executable, *options]
    server = StdioServerParameters(
        command=sys.executable, args=argv, env=clean_environment(), cwd=tmp_path
    )

    async def main() -> None:
        with (tmp_path / "server.log").open("w") as log, anyio.fail_after(120):
            async with Client(stdio_client(server, errlog=log), mode=mode) as client:
                await conversation(client)

    anyio.run(main)


async def ask(client: Client, tool: str, **arguments: Any) -> tuple[dict[str, Any], bool]:
    """The structured answer, and whether it is an error."""
    done = await client.call_tool(tool, arguments)
    told = done.structured_content
    Draft202012Validator(SCHEMA).validate(told)
    (content,) = done.content
    assert content.type == "text"
    assert json.loads(content.text) == told
    assert len(content.text) <= WHOLE
    return told, done.is_error


@pytest.fixture
def project(mapped_project: MappedProject) -> Path:
    """One changed function, which two tests run and none guards."""
    root = mapped_project("asserts_nothing")
    replace_in(root / "ages.py", ">=", ">")
    return root


def test_an_agent_lists_the_tools_and_follows_an_answer(
    project: Path, tmp_path: Path, run_assay: RunAssay
) -> None:
    printed = run_assay("select", "--format", "agent", project=project).record

    async def conversation(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        (verbs,) = (a for a in parser()._actions if a.dest == "verb")
        assert verbs.choices is not None
        assert list(tools) == list(offered(list(verbs.choices)))
        selected, error = await ask(client, "select")
        assert not error
        assert selected == printed
        said: list[str | None] = []

        async def note(progress: float, total: float | None, message: str | None) -> None:
            said.append(message)

        done = await client.call_tool("impact", {}, progress_callback=note)
        told = done.structured_content
        assert told["headline"].startswith("1 unit changed: 1 touched only.")
        assert any("running mutants" in (message or "") for message in said)
        survivor = next(item for item in told["items"] if item["kind"] == "survivor")
        shown, error = await ask(client, "show", id=survivor["id"])
        assert not error
        assert shown["items"][0]["id"] == survivor["id"]
        assert "+++ b/ages.py" in shown["items"][0]["evidence"][0]
        why, _ = await ask(client, "why", subject=selected["items"][0]["id"])
        assert " is selected " in why["headline"]
        few, _ = await ask(client, "mutate", paths=["ages.py"], list=True, limit=1)
        assert len(few["items"]) == 1
        assert "a higher limit" in few["cut"][0]

    talk(project, tmp_path, conversation)
    assert (tmp_path / "server.log").read_text(encoding="utf-8") == ""


def test_a_call_that_cannot_be_answered_says_why(
    mapped_project: MappedProject, tmp_path: Path
) -> None:
    """The client speaks the protocol of before 2026 here, as many still do."""
    project = mapped_project("well_tested")
    (tmp_path / "other.py").write_text("x = 1\n", encoding="utf-8")
    (project / "link.py").symlink_to(tmp_path / "other.py")
    write(project / ".git" / "info" / "exclude", "link.py\n")
    before = tree_bytes(tmp_path, skip=(".assay", "server.log"))

    async def conversation(client: Client) -> None:
        for path in ("../other.py", str(tmp_path / "other.py"), "link.py", "/etc", "a\0b"):
            told, error = await ask(client, "mutate", paths=[path])
            assert error
            assert told["exit_code"] == 2
            assert told["headline"].endswith("is outside the project")
        expected: list[tuple[str, dict[str, Any], int, str]] = [
            ("impact", {}, 5, "nothing to compare: all is committed, and HEAD"),
            ("impact", {"base": "nope"}, 5, "unknown revision 'nope'"),
            ("impact", {"colour": "red"}, 2, "impact has no argument colour: known are base"),
            ("why", {"subject": "test_none.py::test_x"}, 2, "the map knows no test"),
            ("show", {"id": "ffff"}, 2, "no run is recorded in"),
            ("mutate", {"paths": ["--reports=x"]}, 2, "paths: '--reports=x' is no name"),
            ("select", {"limit": 0}, 2, "limit is a whole number, from 1 to 50, not 0"),
            ("paint", {}, 2, "there is no tool paint: known are impact"),
        ]
        for tool, arguments, code, message in expected:
            told, error = await ask(client, tool, **arguments)
            assert (error, told["exit_code"]) == (True, code), told
            assert told["headline"].startswith(message)

    talk(project, tmp_path, conversation, mode="legacy")
    assert tree_bytes(tmp_path, skip=(".assay", "server.log")) == before


def test_a_call_that_takes_too_long_is_ended_and_the_next_one_answered(
    mapped_project: MappedProject, tmp_path: Path
) -> None:
    project = mapped_project("asserts_nothing")
    hang = "import time\n\n\ndef test_hang():\n    time.sleep(600)\n"
    (project / "test_hang.py").write_text(hang, encoding="utf-8")

    async def conversation(client: Client) -> None:
        told, error = await ask(client, "impact", timeout_seconds=2)
        assert told["exit_code"] == 130
        late = "Interrupted after 2 seconds"
        assert late in (told["headline"] if error else told["notes"][0])
        with anyio.move_on_after(2):
            await client.call_tool("impact", {})
        told, error = await ask(client, "select")
        assert not error

    talk(project, tmp_path, conversation)


def test_two_answers_on_standard_output_are_refused(project: Path, run_assay: RunAssay) -> None:
    done = run_assay("impact", "--format", "agent", "--report", "sarif=-", project=project)
    assert done.code == 2
    assert "both take standard output" in done.problem
