"""The three zygotes: one has collected the suite, one has only imported pytest, and one stands
where a module is about to be imported."""

from __future__ import annotations

import os
import re
import socket
import sys
import traceback
from typing import Any, NoReturn

import coverage
import pytest

from . import coldimport, hotswap, options, pairs, speculate
from .mutation import UNLIMITED, meter
from .names import id_of, stand_for
from .plugin import AssayPlugin, run_items
from .recorder import Recorder
from .rehearsal import Rehearsal, rehearse
from .supervise import BeforeFork, Emit, InChild, JobBody, StopRequested, Supervisor, finish

Request = dict[str, Any]


def start(request: Request) -> None:
    """Serve until told to quit, then leave without pytest's own farewell.

    Session-finish hooks are not run: plugins write reports, caches and coverage files there.
    """
    if request.get("stands_for"):
        stand_for(request["repo"], request["stands_for"])
    control = socket.socket(fileno=request["fd"])
    try:
        if request["mode"] == "collected":
            CollectedZygote(request, control).run()
        elif request["mode"] == "import":
            ImportZygote(request, control).run()
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
        name, version = name_and_version(
            distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
        )
        if name:
            facts[name.lower()] = version
    return [f"{name}={value}" for name, value in sorted(facts.items())]


_FIELD = re.compile(r"^(name|version)[ \t]*:[ \t]*(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
_BLANK_LINE = re.compile(r"^\r?$", re.MULTILINE)


def name_and_version(text: str) -> tuple[str, str]:
    """What the metadata of a distribution calls it; "" for what is not said.

    `importlib.metadata` parses the long description too, once for each of the two: a sixth of what
    the start of a small suite took.
    """
    end = _BLANK_LINE.search(text)
    found = _FIELD.findall(text, 0, len(text) if end is None else end.start())
    fields = {field.lower(): value for field, value in reversed(found)}
    return fields.get("name", ""), fields.get("version", "")


def ini_settings(config: pytest.Config) -> list[tuple[str, str]]:
    """The project's own pytest settings, without the one that `pytest_args` adds."""
    # Pytest 9 warns whoever reads the public name, and projects turn warnings into errors.
    settings = config._inicfg if hasattr(config, "_inicfg") else config.inicfg
    given = ((key, getattr(value, "value", value)) for key, value in settings.items())
    return sorted((key, str(value)) for key, value in given if key != "cache_dir")


def pytest_args(request: Request) -> list[str]:
    """The user's arguments, and the cache moved out of the user's tree, if there is to be one: to a
    pytest without, `cache_dir` is an unknown option, and it warns."""
    args = [str(arg) for arg in request["args"]]
    if "no:cacheprovider" in " ".join([*args, os.environ.get("PYTEST_ADDOPTS", "")]):
        return args
    return [*args, "-o", f"cache_dir={request['cache']}"]


class CollectedZygote:
    """Collects once, then forks a child for each job."""

    def __init__(self, request: Request, control: socket.socket) -> None:
        self.request = request
        self.supervisor = make_supervisor(request, control, self._child, warm)
        self.recorder = make_recorder(request) if request["record"] else None
        self.served = False
        self.pid = os.getpid()

    def run(self) -> None:
        if self.recorder is not None:
            self.recorder.start()
        only = self.request.get("only")
        wanted = None if only is None else frozenset(map(os.path.realpath, only))
        plugin = AssayPlugin(self._loop, self.recorder, wanted)
        plugin.seed = self.request.get("seed") or plugin.seed
        plugin.tell = self._collecting
        code = pytest.main(pytest_args(self.request), plugins=[plugin])
        if not self.served:
            self.supervisor.send(
                {
                    "type": "failed",
                    "code": int(code),
                    "errors": plugin.errors,
                    "problems": plugin.problems,
                    **versions(),
                }
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
        plugin.items_by_id(session)
        self.supervisor.serve()

    def _hello(self, plugin: AssayPlugin, session: pytest.Session) -> dict[str, Any]:
        return {
            "type": "hello",
            **versions(),
            "rootdir": str(session.config.rootpath),
            "inifile": str(session.config.inipath or ""),
            "places": [str(one) for one in session.config.option.file_or_dir],
            "threads": count_threads(),
            "fingerprint": fingerprint(session.config),
            "items": [describe_item(item) for item in session.items],
            "errors": plugin.errors,
            "problems": plugin.problems,
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
        if job["batch"] and job["pairs"]:
            pairs.run_pairs(self.plugin, self.session, job, emit, stop_requested)
            return
        if job["batch"]:
            speculate.run_batch(self.plugin, self.session, job, emit, stop_requested)
            return
        watch(job, emit)
        for mutant in job["mutants"]:
            problem = hotswap.install(mutant)
            if problem:
                emit({"type": "unfit", "detail": problem})
                return
        if len(job["mutants"]) == 1:
            # Should a test import the module anew, it gets the mutated one again.
            coldimport.install_for_reload(job["mutants"][0])
        run_items(self.plugin, self.session, job, emit, stop_requested, recorder)
        tell_entered(job, emit)


def warm(job: dict[str, Any]) -> None:
    """What the children of many mutants would each do alike."""
    for mutant in [*job["mutants"], *(entry["mutant"] for entry in job["batch"])]:
        hotswap.warm(mutant)


def watch(job: dict[str, Any], emit: Emit) -> None:
    """Count what mutated code does; past the limit, say so and leave."""

    def give_up(count: int) -> None:
        emit({"type": "over", "count": count})
        os._exit(1)

    meter.watch(job["ticks"] or UNLIMITED, give_up)


def tell_entered(job: dict[str, Any], emit: Emit) -> None:
    if job["mutants"]:
        meter.next_test()
        emit({"type": "entered", "entered": meter.entered, "ticks": meter.most})


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
        watch(job, emit)
        for mutant in job["mutants"]:
            coldimport.install(mutant)
        run_session(self.request, job, emit, stop_requested, recorder)
        tell_entered(job, emit)


def run_session(
    request: Request,
    job: dict[str, Any],
    emit: Emit,
    stop_requested: StopRequested,
    recorder: Recorder | None,
) -> None:
    """Start pytest, collect the job's files and run its tests."""
    ran = []

    def loop(plugin: AssayPlugin, session: pytest.Session) -> None:
        ran.append(True)
        run_collected(request, plugin, session, job, emit, stop_requested, recorder)

    plugin = AssayPlugin(loop, recorder, frozenset(map(os.path.realpath, job["files"])))
    code = pytest.main(pytest_args(request), plugins=[plugin])
    if not ran:
        tell_nothing_collected(plugin, int(code), emit)


def run_collected(
    request: Request,
    plugin: AssayPlugin,
    session: pytest.Session,
    job: dict[str, Any],
    emit: Emit,
    stop_requested: StopRequested,
    recorder: Recorder | None,
) -> None:
    for node_id, text in plugin.errors:
        emit({"type": "collect-error", "where": node_id, "detail": text})
    if recorder is not None:
        emit({"type": "sinks", "sinks": recorder.drain()})
    order = request.get("order", ())
    run_items(plugin, session, {**job, "order": order}, emit, stop_requested, recorder)


def tell_nothing_collected(plugin: AssayPlugin, code: int, emit: Emit) -> None:
    detail = plugin.errors[0][1] if plugin.errors else f"pytest left with {code}"
    emit({"type": "collect-error", "where": "", "detail": detail})


class ImportZygote:
    """Has started pytest and stopped where it was about to import a module: each child goes on from
    there with a mutant of the module.

    All that ran before is shared, and is what would have run before in a process of its own; what
    depends on the module has not begun. `files` are the test files of all jobs, of which a child
    collects those of its own; `first` are those that the first jobs will ask for.
    """

    def __init__(self, request: Request, control: socket.socket) -> None:
        self.request = request
        self.supervisor = make_supervisor(request, control, None, self._rewrite_ahead)
        self.path = os.path.realpath(request["module"])
        self.child: InChild | None = None
        self.rehearsal: Rehearsal | None = None
        self.plugin: AssayPlugin | None = None

    def run(self) -> None:
        """Until told to quit; children end inside."""
        coldimport.serve(self.path, self._code)
        coldimport.leave_unrewritten(self.path)
        files = frozenset(map(os.path.realpath, self.request["files"]))
        self.plugin = AssayPlugin(self._loop, None, files)
        code = pytest.main(pytest_args(self.request), plugins=[self.plugin])
        child = self.child
        if self.rehearsal is not None:
            self.rehearsal.end()
        if child is not None:
            # Collection was cut short: the loop was never begun.
            plugin = self.plugin
            finish(lambda: self._end(child, plugin, int(code)), child.emit)
        self.supervisor.send({"type": "hello", "reached": False, **versions()})

    def _code(self) -> Any:
        """Called in the zygote when the module is imported first; returns in children only."""
        if self.rehearsal is not None:
            return coldimport.unmutated_code(self.path)
        if self.child is None:
            self._compile_ahead()
            self.rehearsal = rehearse(os.path.join(self.request["tmp"], "rehearsal"))
            if self.rehearsal is not None:
                self._narrow(self.request["first"])
                return coldimport.unmutated_code(self.path)
            threads = count_threads()
            self.supervisor.send(
                {"type": "hello", "reached": True, "threads": threads, **versions()}
            )
            try:
                self.supervisor.serve()
                os._exit(0)
            except InChild as here:
                self.child = here
            self._narrow(self.child.job["files"])
            watch(self.child.job, self.child.emit)
        mutants = self.child.job["mutants"]
        try:
            return coldimport.mutated_code(mutants[0])
        except BaseException as problem:
            self._break_off(problem)

    def _break_off(self, problem: BaseException) -> NoReturn:
        """The mutant itself is at fault, and the import it stands in must not see it."""
        assert self.child is not None

        def fail() -> None:
            raise problem

        finish(fail, self.child.emit)

    def _narrow(self, files: list[str]) -> None:
        assert self.plugin is not None
        self.plugin.narrow(frozenset(map(os.path.realpath, files)))

    def _compile_ahead(self) -> None:
        loaded = set(module_files().values())
        files = [
            path for path in map(os.path.realpath, self.request["ahead"]) if path not in loaded
        ]
        tests = set(map(os.path.realpath, self.request["files"]))
        rewritten = [f for f in files if f not in tests and os.path.basename(f) == "conftest.py"]
        plain = [f for f in files if f not in rewritten and f not in tests and f != self.path]
        assert self.plugin is not None
        coldimport.compile_ahead(plain)
        coldimport.rewrite_ahead(rewritten, self.plugin.config)
        self._rewrite_ahead({"files": self.request["first"]})

    def _rewrite_ahead(self, job: dict[str, Any]) -> None:
        """Test files only once they are asked for: mostly, few are."""
        assert self.plugin is not None
        coldimport.rewrite_ahead(map(os.path.realpath, job["files"]), self.plugin.config)

    def _loop(self, plugin: AssayPlugin, session: pytest.Session) -> None:
        child = self.child
        if self.rehearsal is not None:
            self.rehearsal.end()
        if child is None:
            return

        def work() -> None:
            run_collected(
                self.request, plugin, session, child.job, child.emit, child.stop_requested, None
            )
            tell_entered(child.job, child.emit)

        finish(work, child.emit)

    def _end(self, child: InChild, plugin: AssayPlugin, code: int) -> None:
        tell_nothing_collected(plugin, code, child.emit)
        tell_entered(child.job, child.emit)


def make_supervisor(
    request: Request,
    control: socket.socket,
    body: JobBody | None,
    before_fork: BeforeFork | None = None,
) -> Supervisor:
    limit = request.get("memory_limit", 0)
    return Supervisor(control, request["tmp"], body, before_fork, limit)


def make_recorder(request: Request) -> Recorder:
    chosen = request.get("collector") or os.environ.get("ASSAY_COLLECTOR")
    return Recorder(request["repo"], request["excluded"], chosen)


def describe_item(item: pytest.Item) -> dict[str, Any]:
    line = item.location[1]
    return {
        "id": id_of(item),
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
            files[name] = hotswap.real_path(file)
    return files


def count_threads() -> int:
    """Threads of this process, those of extensions included where the system tells."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()
