"""The verbs as tools over the Model Context Protocol, on standard input and output.

The low-level server of the `mcp` package is used: `TOOLS` has the schemas already, and the other
would make them anew from the signatures of functions. Each call runs the verb in a process of its
own, so that no output of it meets the protocol's, and so that it can be ended.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import anyio
from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server

from assay import __version__
from assay.agents.compact import SCHEMA, answer, as_text, problem_of, refusal
from assay.agents.tools import Call, Tool, call_of, offered, schema_of
from assay.errors import ExitCode, UsageError
from assay.execution.process import Noted
from assay.project import Project

INSTRUCTIONS = """\
assay answers questions about the tests of one Python project. After an edit: `select` to choose \
what to run, `impact` to run it and see whether the change is guarded, `show` for one survivor, \
`gate` before handing over. Paths and node ids are those of the answers. An item's `next` is a \
command line: `assay VERB ARGUMENTS` is the tool VERB. Exit code 4 means that the answer cannot be \
trusted: say so. Nothing is changed in the project but its directory .assay; patches are for you \
to apply."""

POLL = 0.05
"""Seconds between two looks at a running verb."""

GRACE = 15.0
"""Seconds in which an interrupted verb may finish: the tests' process has 5 to leave."""

Context = ServerRequestContext


@dataclass(frozen=True, slots=True)
class Ended:
    """How a verb ended: its exit code, what it printed, and whether its time ran out."""

    code: int
    output: str
    errors: str
    late: bool


class Service:
    """The tools of one project. Calls that run tests wait for each other: they share the state."""

    def __init__(self, project: Project, verbs: Collection[str]) -> None:
        self._project = project
        self._tools = offered(verbs)
        self._running = anyio.Lock()

    async def tools(
        self, _context: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_listed(tool) for tool in self._tools.values()])

    async def call(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            known = ", ".join(self._tools)
            return _refused(params.name, f"there is no tool {params.name}: known are {known}")
        try:
            call = call_of(tool, params.arguments or {}, self._inside)
        except UsageError as problem:
            return _refused(tool.verb, problem.message)
        if not tool.runs:
            return _told(tool, call, await self._run(context, tool, call))
        async with self._running:
            return _told(tool, call, await self._run(context, tool, call))

    def _inside(self, path: str) -> bool:
        """Links are followed: what they lead to counts."""
        project = self._project
        try:
            places = [(top / path).resolve() for top in (project.root, project.repo)]
        except (OSError, ValueError):
            return False
        return all(place.is_relative_to(project.repo.resolve()) for place in places)

    def _command(self, tool: Tool, call: Call) -> list[str]:
        project = self._project
        own = project.pytest_args[len(project.config.pytest_args) :]
        pytest = [*own, *call.pytest]
        return [
            *(sys.executable, "-P", "-m", "assay", tool.verb, "--format=json"),
            *([f"--python={project.python}"] if project.python else []),
            *call.arguments,
            *(["--", *pytest] if pytest else []),
        ]

    async def _run(self, context: Context, tool: Tool, call: Call) -> Ended:
        """Run the verb to its end, or until its time is over or the call is taken back."""
        with tempfile.TemporaryDirectory(prefix="assay-mcp-") as directory:
            output, errors = Path(directory, "output"), Path(directory, "errors")
            command = self._command(tool, call)
            process = Noted(command, self._project.root, self._project.environ, output, errors)
            try:
                with anyio.move_on_after(call.seconds) as limit:
                    await _follow(context, process, errors)
            finally:
                with anyio.CancelScope(shield=True):
                    await _end(process)
            late = limit.cancelled_caught
            code = ExitCode.INTERRUPTED if late else process.exit_code
            assert code is not None
            return Ended(code, _text(output), _text(errors), late)


async def _follow(context: Context, process: Noted, errors: Path) -> None:
    """Wait for the end, and pass on each line that the verb says about its progress."""
    said = 0
    while process.exit_code is None:
        await anyio.sleep(POLL)
        lines = _text(errors).splitlines(keepends=True)
        for line in lines[said:]:
            if line.endswith("\n"):
                said += 1
                await context.session.report_progress(said, message=line.strip())


async def _end(process: Noted) -> None:
    """Interrupt what still runs, and kill what does not heed it."""
    if process.exit_code is not None:
        return
    process.interrupt()
    with anyio.move_on_after(GRACE):
        while process.exit_code is None:
            await anyio.sleep(POLL)
    if process.exit_code is None:
        process.kill()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _listed(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.verb,
        description=tool.description,
        input_schema=schema_of(tool),
        output_schema=SCHEMA,
        annotations=types.ToolAnnotations(
            read_only_hint=not tool.runs, destructive_hint=False, open_world_hint=False
        ),
    )


def _told(tool: Tool, call: Call, ended: Ended) -> types.CallToolResult:
    """The answer; an error is a call to which the verb printed none."""
    message, details = problem_of(ended.errors)
    late = f"Interrupted after {call.seconds} seconds: the same call goes on from there."
    try:
        record = json.loads(ended.output)
    except ValueError:
        lines = ended.errors.strip().splitlines()
        why = late if ended.late else message or (lines[-1] if lines else "it said nothing")
        return _result(refusal(tool.verb, ended.code, why, details), is_error=True)
    notes = [*([late] if ended.late else []), *filter(None, [message]), *details]
    return _result(answer(tool.verb, record, ended.code, call.limit, *notes), is_error=False)


def _refused(verb: str, message: str) -> types.CallToolResult:
    return _result(refusal(verb, ExitCode.USAGE, message), is_error=True)


def _result(told: dict[str, object], is_error: bool) -> types.CallToolResult:
    text = types.TextContent(type="text", text=as_text(told))
    return types.CallToolResult(content=[text], structured_content=told, is_error=is_error)


async def serve(project: Project, verbs: Collection[str]) -> None:
    """Answer until standard input ends."""
    service = Service(project, verbs)
    server: Server[dict[str, object]] = Server(
        "assay",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=service.tools,
        on_call_tool=service.call,
    )
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
