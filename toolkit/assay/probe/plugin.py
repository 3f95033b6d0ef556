"""The pytest plugin of the probe: collects as the user would, runs what it is told to."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

import pytest

from .evidence import collect_problem
from .mutation import meter
from .names import id_of
from .observe import Observer, lines_of_failure
from .recorder import COLLECT, FIXTURE, MODULE, SESSION, TEST, Recorder
from .reports import PhaseLog, quick_report
from .watchers import Watcher, begun
from .witness import Witness

EXCERPT_LIMIT = 4000

# Options of pytest and of widespread plugins that stop a run early, spread it over processes,
# repeat failures or write into the project: each is set to the value that makes it do nothing.
NEUTRAL_OPTIONS: dict[str, Any] = {
    "maxfail": 0,
    "usepdb": False,
    "collectonly": False,
    "stepwise": False,
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "xmlpath": None,
    "pastebin": None,
    "reruns": 0,
    "forked": False,
    "looponfail": False,
    "numprocesses": None,
    "dist": "no",
    "tx": [],
    "no_cov": True,
    "htmlpath": None,
    "report_log": None,
    "allure_report_dir": None,
    "json_report": False,
    "timeout": 0,
    "testmon": False,
    "durations": None,
}

RANDOM_SEED = 20_201
"""What pytest-randomly and `random` start from, so that a verdict can be repeated."""


class AssayPlugin:
    """Hooks of one session; `loop` is called with the collected session in place of running it.

    `tell`, if set, is told what is about to be collected.
    """

    def __init__(
        self,
        loop: Callable[[AssayPlugin, pytest.Session], None],
        recorder: Recorder | None,
        wanted_files: frozenset[str] | None = None,
    ) -> None:
        self._loop = loop
        self._recorder = recorder
        self._wanted = wanted_files
        self._kept: frozenset[str] | None = None
        self.errors: list[tuple[str, str]] = []
        self.problems: list[dict[str, Any]] = []
        self.log = PhaseLog()
        self.quick = False
        self.current = ""
        self.config: pytest.Config | None = None
        self._by_id: dict[str, Any] = {}
        self.tell: Callable[[str], None] | None = None
        self.witness: Witness | None = None
        self.watchers: list[Watcher] = []
        self.seed = RANDOM_SEED

    # -- set-up

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(
        self, early_config: Any, args: list[str]
    ) -> Generator[None, Any, None]:
        known = early_config.known_args_namespace
        has = early_config.pluginmanager.hasplugin
        known.no_cov = True
        if has("pytest_cov"):
            args.append("--no-cov")
        if has("randomly"):
            args += ["-p", "randomly", f"--randomly-seed={self.seed}"]
            args.append("--randomly-dont-reorganize")
        outcome = yield
        if outcome.excinfo is not None:
            self.problems.append(collect_problem("", outcome.excinfo[1]))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> Generator[None, Any, None]:
        for name, value in NEUTRAL_OPTIONS.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        config.option.log_file = os.devnull
        self.config = config
        yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Any) -> bool | None:
        if self._wanted is None or not collection_path.is_file():
            return None
        return None if os.path.realpath(collection_path) in self._wanted else True

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectstart(self, collector: Any) -> None:
        if self.tell is not None and isinstance(collector, pytest.File):
            self.tell(collector.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self) -> None:
        if self.tell is not None:
            self.tell("(in hooks of conftests and plug-ins that look at the collected tests)")

    def narrow(self, files: frozenset[str]) -> None:
        """From now on, of the files still to be collected, only these."""
        self._kept = files

    def _is_left_out(self, collector: Any) -> bool:
        if self._kept is None or not isinstance(collector, pytest.File):
            return False
        # With pytest 7, a package is a file, too: its __init__.py.
        is_package = isinstance(collector, pytest.Package)
        return not is_package and os.path.realpath(collector.path) not in self._kept

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: Any) -> Generator[None, Any, None]:
        if self._is_left_out(collector):
            # Pytest lists the files of a directory before it collects the first of them: to
            # ignore one comes too late.
            collector.collect = list
        key = None if self._recorder is None else collect_key(self._recorder, collector)
        if self._recorder is None or key is None:
            yield
            return
        with self._recorder.sink(key):
            yield

    def pytest_exception_interact(self, node: Any, call: Any) -> None:
        if isinstance(node, pytest.Collector):
            self.problems.append(collect_problem(node.nodeid, call.excinfo.value))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.errors.append((report.nodeid, str(report.longrepr)[-EXCERPT_LIMIT:]))

    # -- running

    def items_by_id(self, session: pytest.Session) -> dict[str, Any]:
        """The collected items; a zygote asks once, and its children have them from it."""
        if not self._by_id:
            self._by_id = {id_of(item): item for item in session.items}
        return self._by_id

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if self._recorder is not None:
            wrap_fixtures(self._recorder)
            self._recorder.memos.find()
        self._loop(self, session)
        return True

    # Not tryfirst: pytest's unittest support first puts a TestCase's own exception in its place.
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        if call.excinfo is not None:
            self.log.saw_exception(call.when, call.excinfo.value)
            for watcher in self.watchers:
                watcher.saw_exception(item, call.when, call.excinfo.value)
        return quick_report(item, call) if self.quick else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        # Whatever its node id says: plug-ins rewrite it, and only one test runs at a time.
        if self.current:
            self.log.saw_report(report)


def wrap_fixtures(recorder: Recorder) -> None:
    """Book set-up and teardown of fixtures above function scope on sinks of their own."""
    from _pytest.fixtures import FixtureDef

    execute, finish = FixtureDef.execute, FixtureDef.finish

    def recorded_execute(self: Any, request: Any) -> Any:
        key = fixture_key(self)
        if key is None:
            return execute(self, request)
        recorder.use(key)
        recorder.push(key)
        counts = recorder.memos.before()
        try:
            return execute(self, request)
        finally:
            recorder.memos.book(counts)
            recorder.pop()

    def recorded_finish(self: Any, request: Any) -> Any:
        key = fixture_key(self)
        # Nothing is set up, nothing runs: not worth a switch of context.
        if key is None or getattr(self, "cached_result", None) is None:
            return finish(self, request)
        recorder.push(key)
        counts = recorder.memos.before()
        try:
            return finish(self, request)
        finally:
            recorder.memos.book(counts)
            recorder.pop()

    FixtureDef.execute = recorded_execute  # type: ignore[method-assign]
    FixtureDef.finish = recorded_finish  # type: ignore[method-assign]


def tell_shared(emit: Callable[[dict[str, Any]], None]) -> None:
    """Tell when a fixture above function scope is set up or torn down: not the test's own time."""
    from _pytest.fixtures import FixtureDef

    execute, finish = FixtureDef.execute, FixtureDef.finish
    depth = [0]

    def told(act: Any, self: Any, request: Any, idle: bool) -> Any:
        if idle or depth[0] or str(self.scope) == "function":
            return act(self, request)
        depth[0] += 1
        emit({"type": "shared", "begins": True})
        try:
            return act(self, request)
        finally:
            depth[0] -= 1
            emit({"type": "shared", "begins": False})

    def told_execute(self: Any, request: Any) -> Any:
        return told(execute, self, request, getattr(self, "cached_result", None) is not None)

    def told_finish(self: Any, request: Any) -> Any:
        return told(finish, self, request, getattr(self, "cached_result", None) is None)

    FixtureDef.execute = told_execute  # type: ignore[method-assign]
    FixtureDef.finish = told_finish  # type: ignore[method-assign]


def collect_key(recorder: Recorder, collector: Any) -> str | None:
    """The sink of looking for tests in a file; None for directories and the session."""
    path = str(getattr(collector, "path", ""))
    relative = recorder.relative(path) if path and os.path.isfile(path) else None
    return None if relative is None else COLLECT + relative


def fixture_key(fixture: Any) -> str | None:
    """The sink of a fixture above function scope; function-scoped ones belong to their test."""
    if str(fixture.scope) == "function":
        return None
    return f"{FIXTURE}{fixture.baseid}::{fixture.argname}"


def use_private_directories(config: Any, tmp: str) -> None:
    """Fixtures such as `tmp_path` take their room from the child's own directory."""
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is not None:
        from pathlib import Path

        factory._given_basetemp = Path(tmp, "pytest")
        factory._basetemp = None


def restart_capture(config: Any) -> None:
    """Give this child output files of its own: forked ones share their position."""
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is not None and manager.is_globally_capturing():
        manager.stop_global_capturing()
        manager.start_global_capturing()


def run_items(
    plugin: AssayPlugin,
    session: pytest.Session,
    job: dict[str, Any],
    emit: Callable[[dict[str, Any]], None],
    stop_requested: Callable[[], bool],
    recorder: Recorder | None,
) -> None:
    """Run the job's tests in its order; tells each start and each result as it happens."""
    found = items_of(plugin.items_by_id(session), job["tests"], job.get("order", ()))
    prepare(plugin, session, job["quick"], emit, job.get("seed") or RANDOM_SEED)
    if job.get("watch"):
        plugin.witness = Witness(job["watch"]["repo"], job["watch"]["excluded"])
        plugin.witness.start()
    plugin.watchers = begun(job.get("watchers") or {}, session)
    watching = job.get("observe")
    observer = Observer(watching) if watching and watching["path"] else None
    if job.get("canary"):
        for item in found.values():
            make_fail(item)
    for node_id in [node_id for node_id in job["tests"] if node_id not in found]:
        emit({"type": "missing", "test": node_id})
    wanted = [(node_id, found[node_id]) for node_id in job["tests"] if node_id in found]
    for index, (node_id, item) in enumerate(wanted, start=1):
        following = wanted[index][1] if index < len(wanted) else None
        if observer is not None:
            observer.begin(item)
        result = run_item(plugin, item, following, emit, recorder, node_id)
        if observer is not None:
            emit(observer.end(node_id))
        failed = result["outcome"] in ("failed", "error")
        if failed and watching:
            lines = lines_of_failure(plugin.log.error, os.path.realpath(item.path))
            emit({"type": "failed-at", "test": node_id, "lines": lines})
        if failed and job["stop_at_failure"]:
            break
        if stop_requested():
            break
    tear_down(session)
    for event in [event for watcher in plugin.watchers for event in watcher.finish()]:
        emit(event)
    if recorder is not None:
        emit({"type": "sinks", "sinks": recorder.drain()})


def prepare(
    plugin: AssayPlugin,
    session: pytest.Session,
    quick: bool,
    emit: Callable[[dict[str, Any]], None],
    seed: int = RANDOM_SEED,
) -> None:
    """Make this process ready to run tests."""
    plugin.quick = quick
    use_private_directories(session.config, os.environ.get("TMPDIR", "."))
    restart_capture(session.config)
    tell_shared(emit)
    random.seed(seed)


def items_of(
    by_id: Mapping[str, Any], wanted: Iterable[str], order: Iterable[str]
) -> dict[str, Any]:
    """Of a session's items, by the node ids that they were asked for under.

    Some ids hold the time or a random number, and are others in each process. Such a test is told
    by its place among those of its function, if `order`, all ids of the session that the plan was
    made with, says that there are as many.
    """
    found = {node_id: by_id[node_id] for node_id in wanted if node_id in by_id}
    missing = [node_id for node_id in wanted if node_id not in by_id]
    functions = {node_id.partition("[")[0] for node_id in missing if "[" in node_id}
    if functions:
        then, now = by_function(order, functions), by_function(by_id, functions)
        for node_id in missing:
            name = node_id.partition("[")[0]
            before, after = then.get(name, []), now.get(name, [])
            if node_id in before and len(before) == len(after):
                found[node_id] = by_id[after[before.index(node_id)]]
    return found


def by_function(ids: Iterable[str], functions: set[str]) -> dict[str, list[str]]:
    """The parametrized ids of the functions, in their order."""
    found: dict[str, list[str]] = {}
    for node_id in ids:
        name = node_id.partition("[")[0]
        if name in functions:
            found.setdefault(name, []).append(node_id)
    return found


@contextlib.contextmanager
def recorded(item: Any, recorder: Recorder | None, name: str = "") -> Iterator[None]:
    """Book what happens on the test's own sink."""
    if recorder is None:
        yield
        return
    recorder.push(TEST + (name or id_of(item)))
    counts = recorder.memos.before()
    module = recorder.module_key(str(item.path))
    recorder.use(module if module is not None else MODULE + str(item.path))
    recorder.use(SESSION)
    relative = recorder.relative(str(item.path))
    if relative is not None:
        recorder.use(COLLECT + relative)
    try:
        yield
    finally:
        recorder.check_tracing()
        recorder.memos.book(counts)
        recorder.pop()


def run_item(
    plugin: AssayPlugin,
    item: Any,
    following: Any,
    emit: Callable[[dict[str, Any]], None],
    recorder: Recorder | None,
    name: str = "",
) -> dict[str, Any]:
    """One test through pytest's own protocol, told of under the id it was asked for by."""
    name = name or id_of(item)
    plugin.current = item.nodeid
    plugin.log.reset()
    meter.next_test()
    emit({"type": "start", "test": name})
    for watcher in plugin.watchers:
        watcher.begin(item)
    with recorded(item, recorder, name):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    plugin.current = ""
    log = plugin.log
    result = {
        "type": "test",
        "test": name,
        "outcome": log.outcome if log.seen else "not run",
        "seconds": log.seconds,
        "failure": log.failure,
    }
    if recorder is not None:
        result["sinks"] = recorder.drain()
    if plugin.witness is not None:
        result["seen"] = plugin.witness.take(item)
    told = [event for watcher in plugin.watchers for event in watcher.end(item, result)]
    emit(result)
    for event in told:
        emit(event)
    return result


def make_fail(item: Any) -> None:
    """From now on the test fails by an assertion, as deep inside pytest's hooks as can be."""

    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("assay makes this test fail, to see whether a failure is seen")

    if type(item) is pytest.Function:
        # Past pytest_pyfunc_call, which plug-ins wrap too.
        item.obj = fail
    else:
        item.runtest = fail


def tear_down(session: Any) -> None:
    """Undo fixtures that a run which stopped early has left standing."""
    state = getattr(session, "_setupstate", None)
    if state is not None and getattr(state, "stack", None):
        try:
            state.teardown_exact(None)
        except BaseException:
            # The run has its result; what a broken teardown says now changes nothing.
            return
