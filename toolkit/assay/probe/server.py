"""The two zygotes: one that has collected the suite, and one that has only imported pytest."""

from __future__ import annotations

import os
import socket
import sys
import traceback
from typing import Any

import coverage
import pytest

from . import coldimport, hotswap, options
from .plugin import AssayPlugin, run_items
from .recorder import Recorder
from .supervise import Emit, JobBody, StopRequested, Supervisor

Request = dict[str, Any]


def start(request: Request) -> None:
    """Serve until told to quit, then leave without pytest's own farewell.

    Session-finish hooks are not run: plugins write reports, caches and coverage files there.
    """
    control = socket.socket(fileno=request["fd"])
    try:
        if request["mode"] == "collected":
            CollectedZygote(request, control).run()
        else:
            ColdZygote(request, control).run()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def versions() -> dict[str, str]:
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "implementation": sys.implementation.name,
        "pytest": pytest.__version__,
        "coverage": coverage.__version__,
    }


def fingerprint(config: pytest.Config) -> list[str]:
    """What every result depends on beside the project's own files, as `name=value` lines.

    Distributions are looked for in the current directory first, as `python -m pytest` does, however
    pytest was started.
    """
    from importlib import metadata

    facts = {
        "Python": versions()["python"],
        "pytest.ini": repr(ini_settings(config)),
        **options.facts(map(str, config.invocation_params.args), os.environ),
    }
    here = os.getcwd()
    path = [here, *(entry for entry in sys.path if entry not in ("", here))]
    for distribution in metadata.distributions(path=path):
        name = distribution.metadata["Name"]
        if name:
            facts[name.lower()] = distribution.version
    return [f"{name}={value}" for name, value in sorted(facts.items())]


def ini_settings(config: pytest.Config) -> list[tuple[str, str]]:
    """The project's own pytest settings, without the one that `pytest_args` adds."""
    # Pytest 9 warns whoever reads the public name, and projects turn warnings into errors.
    settings = config._inicfg if hasattr(config, "_inicfg") else config.inicfg
    given = ((key, getattr(value, "value", value)) for key, value in settings.items())
    return sorted((key, str(value)) for key, value in given if key != "cache_dir")


def pytest_args(request: Request) -> list[str]:
    """The user's arguments, and the cache moved out of the user's tree."""
    return [*request["args"], "-o", f"cache_dir={request['cache']}"]


class CollectedZygote:
    """Collects once, then forks a child for each job."""

    def __init__(self, request: Request, control: socket.socket) -> None:
        self.request = request
        self.supervisor = make_supervisor(request, control, self._child)
        self.recorder = make_recorder(request) if request["record"] else None
        self.served = False
        self.pid = os.getpid()

    def run(self) -> None:
        if self.recorder is not None:
            self.recorder.start()
        plugin = AssayPlugin(self._loop, self.recorder)
        plugin.tell = self._collecting
        code = pytest.main(pytest_args(self.request), plugins=[plugin])
        if not self.served:
            self.supervisor.send(
                {"type": "failed", "code": int(code), "errors": plugin.errors, **versions()}
            )

    def _collecting(self, where: str) -> None:
        # A fork that importing a test file leaves behind must not talk in our name.
        if os.getpid() == self.pid:
            self.supervisor.send({"type": "collecting", "where": where})

    def _loop(self, plugin: AssayPlugin, session: pytest.Session) -> None:
        self.served = True
        if self.recorder is not None:
            self.recorder.book_plugins(session.config.pluginmanager.get_plugins())
        self.plugin, self.session = plugin, session
        self.supervisor.send(self._hello(plugin, session))
        hotswap.remember(self.request["repo"])
        self.supervisor.serve()

    def _hello(self, plugin: AssayPlugin, session: pytest.Session) -> dict[str, Any]:
        return {
            "type": "hello",
            **versions(),
            "rootdir": str(session.config.rootpath),
            "inifile": str(session.config.inipath or ""),
            "threads": count_threads(),
            "fingerprint": fingerprint(session.config),
            "items": [describe_item(item) for item in session.items],
            "errors": plugin.errors,
            "modules": module_files(),
            "path": [entry for entry in sys.path if isinstance(entry, str)],
            "sinks": self.recorder.drain() if self.recorder is not None else {},
        }

    def _child(self, job: dict[str, Any], emit: Emit, stop_requested: StopRequested) -> None:
        recorder = self.recorder if job["record"] else None
        if recorder is not None:
            recorder.clear()
        elif self.recorder is not None:
            self.recorder.stop()
        if job["mutant"] is not None:
            problem = hotswap.install(job["mutant"])
            if problem:
                emit({"type": "unfit", "detail": problem})
                return
            # Should a test import the module anew, it gets the mutated one again.
            coldimport.install_for_reload(job["mutant"])
        run_items(self.plugin, self.session, job, emit, stop_requested, recorder)
        if job["mutant"] is not None:
            emit({"type": "entered", "entered": bool(hotswap.entered)})


class ColdZygote:
    """Has imported pytest and nothing of the project; each child starts pytest anew."""

    def __init__(self, request: Request, control: socket.socket) -> None:
        self.request = request
        self.supervisor = make_supervisor(request, control, self._child)

    def run(self) -> None:
        self.supervisor.send({"type": "hello", **versions(), "threads": count_threads()})
        self.supervisor.serve()

    def _child(self, job: dict[str, Any], emit: Emit, stop_requested: StopRequested) -> None:
        recorder = None
        if job["record"]:
            recorder = make_recorder(self.request)
            recorder.start()
        if job["mutant"] is not None:
            coldimport.install(job["mutant"])
        ran = []

        def loop(plugin: AssayPlugin, session: pytest.Session) -> None:
            ran.append(True)
            for node_id, text in plugin.errors:
                emit({"type": "collect-error", "where": node_id, "detail": text})
            if recorder is not None:
                emit({"type": "sinks", "sinks": recorder.drain()})
            run_items(plugin, session, job, emit, stop_requested, recorder)

        plugin = AssayPlugin(loop, recorder, frozenset(map(os.path.realpath, job["files"])))
        code = pytest.main(pytest_args(self.request), plugins=[plugin])
        if not ran:
            detail = plugin.errors[0][1] if plugin.errors else f"pytest left with {int(code)}"
            emit({"type": "collect-error", "where": "", "detail": detail})
        if job["mutant"] is not None:
            emit({"type": "entered", "entered": bool(hotswap.entered)})


def make_supervisor(request: Request, control: socket.socket, body: JobBody) -> Supervisor:
    return Supervisor(control, request["tmp"], body, request.get("memory_limit", 0))


def make_recorder(request: Request) -> Recorder:
    chosen = request.get("collector") or os.environ.get("ASSAY_COLLECTOR")
    return Recorder(request["repo"], request["excluded"], chosen)


def describe_item(item: pytest.Item) -> dict[str, Any]:
    line = item.location[1]
    return {
        "id": item.nodeid,
        "path": os.path.realpath(item.path),
        "line": 0 if line is None else line + 1,
        "doctest": type(item).__name__ == "DoctestItem",
    }


def module_files() -> dict[str, str]:
    """Where each imported module came from, by its name."""
    files = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            files[name] = os.path.realpath(file)
    return files


def count_threads() -> int:
    """Threads of this process, those of extensions included where the system tells."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()
