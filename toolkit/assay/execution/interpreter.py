"""Which Python runs the project's tests, and whether it has what the probe needs."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.errors import UsageError
from assay.execution.process import run_briefly

STANDARD_FIRST = (
    "import os, sys\n"
    "kept, home = sys.path[:], os.path.dirname(os.__file__)\n"
    "sys.path[:] = [p for p in kept if p.startswith(home)]\n"
    "import json, importlib.util as u\n"
    "sys.path[:] = kept\n"
)
"""Python code that imports what a question needs from the standard library, whatever the project
calls its own modules."""

_ASK = (
    f"{STANDARD_FIRST}"
    "print('assay:' + json.dumps({'version': list(sys.version_info[:3]), 'prefix': sys.prefix,"
    " 'missing': [m for m in ('pytest', 'coverage') if u.find_spec(m) is None]}))"
)

LOCAL_ENVIRONMENTS = (".venv", "venv", ".env", "env")
TOOL_RECEIPTS = ("pipx_metadata.json", "uv-receipt.toml")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that can run the probe; `how` says why it was chosen."""

    path: str
    version: tuple[int, int, int]
    prefix: str
    how: str


def choose_interpreter(
    project: Path, wanted: str | None, environ: Mapping[str, str]
) -> tuple[str, str]:
    """The interpreter's path and the reason for it.

    `--python` (or `python` in the configuration), else the active virtual environment unless it is
    the one assay itself runs in, else one inside the project, else the active one after all, else
    the one that assay runs in (`/some/env/bin/assay`, not activated) unless it was made for assay
    alone, else `python3` on the PATH.
    """
    if wanted is not None:
        found = shutil.which(wanted, path=environ.get("PATH", "")) or str(project / wanted)
        if not Path(found).exists():
            raise UsageError(f"no interpreter at {wanted!r}: give --python a path or a command")
        # Not resolved: following a virtual environment's link leads out of it.
        return str(Path(found).absolute()), "--python"
    active = environ.get("VIRTUAL_ENV")
    active_python = Path(active) / "bin" / "python" if active else None
    active_is_ours = active is not None and Path(active).resolve() == Path(sys.prefix).resolve()
    if active_python is not None and active_python.exists() and not active_is_ours:
        return str(active_python), "the active virtual environment"
    for name in LOCAL_ENVIRONMENTS:
        candidate = project / name / "bin" / "python"
        if candidate.exists() and (project / name / "pyvenv.cfg").exists():
            return str(candidate), f"the project's {name}"
    if active_python is not None and active_python.exists():
        return str(active_python), "the active virtual environment"
    if sys.prefix != sys.base_prefix and not _holds_a_tool(Path(sys.prefix)):
        return str(Path(sys.prefix) / "bin" / "python"), "the environment of assay itself"
    for name in ("python3", "python"):
        found_on_path = shutil.which(name, path=environ.get("PATH"))
        if found_on_path:
            return found_on_path, f"{name} on the PATH"
    raise UsageError("no Python found for the project: give one with --python PATH")


def _holds_a_tool(environment: Path) -> bool:
    """Whether the environment was made for assay alone, by pipx, by `uv tool` or in a checkout of
    assay: it has nothing of the project."""
    if environment.is_relative_to(Path(__file__).parents[3]):
        return True
    return any((environment / name).is_file() for name in TOOL_RECEIPTS)


def check_interpreter(
    path: str, how: str, project: Path, environ: Mapping[str, str]
) -> Interpreter:
    """Ask the interpreter what it is; UsageError naming what is missing and how to install it."""
    # Run as the tests will be: a `pytest` directory in the project is found as it would be then.
    done = run_briefly([path, "-c", _ASK], project, environ, 60.0)
    answer = next(
        (line[6:] for line in done.output.splitlines() if line.startswith("assay:")), None
    )
    if answer is None:
        first = (done.output.strip().splitlines() or ["no answer"])[-1]
        raise UsageError(f"{path} ({how}) does not run as a Python interpreter: {first}")
    facts = json.loads(answer)
    version = tuple(facts["version"])
    if version < (3, 10):
        dotted = ".".join(map(str, version))
        raise UsageError(
            f"{path} ({how}) is Python {dotted}: the probe needs 3.10 or later in the project"
        )
    missing = facts["missing"]
    if missing:
        raise UsageError(
            f"{path} ({how}) has no {' and no '.join(missing)}: install with "
            f"`{path} -m pip install {' '.join(missing)}`, or name another interpreter "
            "with --python"
        )
    return Interpreter(path, version, facts["prefix"], how)


def probe_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's environment, with what would write into the project or mislead coverage set."""
    env = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("COV_CORE_", "COVERAGE_", "PYTEST_XDIST_"))
        and name != "PYTEST_CURRENT_TEST"
    }
    # No bytecode is written: not beside the user's sources, and not to be found stale by a
    # mutated file of the same size and second.
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    # The one core that tells contexts apart on every Python; see coverage's documentation.
    env["COVERAGE_CORE"] = "ctrace"
    # Sets iterate in the same order in every run, so that a verdict can be repeated.
    env.setdefault("PYTHONHASHSEED", "0")
    return env
