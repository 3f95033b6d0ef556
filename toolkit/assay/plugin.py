"""Pytest's option `--assay`: an ordinary run that also feeds the impact map.

Pytest imports this module in every run of an environment that has assay: it does nothing, and
imports nothing, unless it is asked to.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator
from typing import Any

import pytest

PROBE = "_assay_probe"
RUN_VARIABLE = "ASSAY_RUN"

_MISLEADING = ("COV_CORE_", "COVERAGE_PROCESS_")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("assay").addoption(
        "--assay",
        action="store_true",
        help="record what each test depends on in .assay/map.sqlite, for `assay select`",
    )


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: Any) -> Generator[None, Any, None]:
    _asked(early_config, early_config.known_args_namespace)
    yield


def _asked(config: Any, options: Any) -> None:
    # Assay's own runs record by themselves; so does the run around one within a test.
    if not options.assay or options.collectonly or PROBE in sys.modules:
        return
    told = os.environ.pop(RUN_VARIABLE, None)
    if told is not None:
        _record(config, json.loads(told), os.environ.get("PYTEST_XDIST_WORKER", "worker"))
        return
    root = _root_of(config)
    run = _ask_assay("begin", root, config)
    lock = None if "problem" in run else _hold(run["directory"])
    config.pluginmanager.register(Farewell(root, run, lock), "_assay_farewell")
    if "problem" in run:
        return
    if getattr(options, "numprocesses", None) or getattr(options, "tx", None):
        # The workers record; this process runs no test.
        config.pluginmanager.register(Announcement(run), "_assay_announcement")
    else:
        _record(config, run, "main")


def _record(config: Any, run: dict[str, Any], worker: str) -> None:
    spool = os.path.join(run["directory"], f"{worker}-{os.getpid()}.jsonl")
    ordinary = _load_probe(run["probe"])
    started = ordinary.start(run["repo"], run["excluded"], spool)
    config.pluginmanager.register(started, "_assay_ordinary")


class Announcement:
    """Tells the workers of pytest-xdist where to record; their tests do not see it."""

    def __init__(self, run: dict[str, Any]) -> None:
        self._run = run

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self) -> None:
        os.environ[RUN_VARIABLE] = json.dumps(self._run)

    def pytest_unconfigure(self) -> None:
        os.environ.pop(RUN_VARIABLE, None)


def _hold(directory: str) -> Any:
    """A lock that tells others that this run has not ended."""
    import fcntl

    file = open(os.path.join(directory, "lock"), "ab")  # noqa: SIM115
    fcntl.flock(file.fileno(), fcntl.LOCK_EX)
    return file


def _root_of(config: Any) -> str:
    """The project: where pytest was started if assay has been used there, else pytest's rootdir."""
    here = str(config.invocation_params.dir)
    return here if os.path.isdir(os.path.join(here, ".assay")) else str(config.rootpath)


def _load_probe(directory: str) -> Any:
    """The probe, under the name it has in assay's own runs."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(
        PROBE,
        os.path.join(directory, "__init__.py"),
        submodule_search_locations=[directory],
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[PROBE] = package
    spec.loader.exec_module(package)
    return importlib.import_module(f"{PROBE}.ordinary")


def _ask_assay(verb: str, root: str, config: Any, *more: str) -> dict[str, Any]:
    """Have assay do its part in a process of its own: none of it is imported in this one."""
    import subprocess

    facts = {
        "arguments": [str(argument) for argument in config.invocation_params.args],
        "started_in": str(config.invocation_params.dir),
        "interpreter": sys.executable,
    }
    environ = {k: v for k, v in os.environ.items() if not k.startswith(_MISLEADING)}
    command = [sys.executable, "-P", "-m", "assay.gather", verb, root, *more]
    done = subprocess.run(
        command, input=json.dumps(facts), capture_output=True, text=True, env=environ, check=False
    )
    lines = done.stdout.splitlines()
    if not lines:
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return {"problem": f"{' '.join(command[1:4])} failed: {last}"}
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


class Farewell:
    """In the process that the user has started: brings the map up to date when all is over."""

    def __init__(self, root: str, run: dict[str, Any], lock: Any) -> None:
        self._root = root
        self._lock = lock
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        words = self._words(config)
        terminal: Any = config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None and words:
            terminal.ensure_newline()
            terminal.write_line(f"assay: {words}")

    def _words(self, config: pytest.Config) -> str:
        if "problem" in self._run:
            return f"nothing is recorded: {self._run['problem']}"
        try:
            answer = _ask_assay("end", self._root, config, self._run["directory"])
        except KeyboardInterrupt:
            return "interrupted; what was recorded joins the map with the next `assay map`"
        finally:
            if self._lock is not None:
                self._lock.close()
        return str(answer.get("problem") or answer["words"])
