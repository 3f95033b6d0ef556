"""`assay mcp`: the verbs as tools for agents, over the Model Context Protocol on stdio."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from assay.commands.common import Context
from assay.errors import ExitCode, UsageError

SERIES = "2"
"""The major version of the `mcp` package that is spoken to: 1 has another interface, other module
names and other types."""


@dataclass(frozen=True, slots=True)
class McpOptions:
    """`verbs`: those that the command line has."""

    verbs: Collection[str]


def run(context: Context, options: McpOptions) -> int:
    """Serve until standard input ends."""
    try:
        check_package(version("mcp"))
    except PackageNotFoundError:
        check_package(None)
    import anyio

    from assay.agents.server import serve

    anyio.run(serve, context.project, options.verbs)
    return ExitCode.CLEAN


def check_package(found: str | None) -> None:
    """UsageError if the `mcp` package is missing, or of another series."""
    remedy = "`pip install 'assay[mcp]'` installs one that fits"
    if found is None:
        raise UsageError(f"assay mcp needs the package mcp, which is not installed: {remedy}")
    if found.partition(".")[0] != SERIES:
        raise UsageError(
            f"assay mcp needs the package mcp {SERIES}.x, and {found} is installed: {remedy}"
        )
