"""Records in an ordinary pytest run, and writes down each test as soon as it has finished."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import threading
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from .plugin import collect_key, recorded, wrap_fixtures
from .recorder import Recorder
from .reports import PhaseLog
from .server import describe_item, fingerprint, module_files
from .wire import encode, write_all

# Taken at import: tests replace them, and the recorder does.
_open, _read, _close, _stat = os.open, os.read, os.close, os.stat
_listdir, _getpid = os.listdir, os.getpid

LEFT_BY_RUNS = ("__pycache__", ".assay", ".pytest_cache")
"""What running tests leaves in a directory."""


def start(repo: str, excluded: Iterable[str], spool: str) -> OrdinaryRun:
    """Begin to record, before the project is imported; what it returns is a pytest plug-in."""
    recorder = Recorder(repo, excluded)
    recorder.start()
    recorder.book_imported(list(sys.modules.values()))
    return OrdinaryRun(recorder, Spool(spool))


class Spool:
    """A file that gets one message a line; opened anew for each, for tests close what they find."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._pid = _getpid()
        self.problem = ""

    def write(self, message: dict[str, Any]) -> None:
        """A child that a test has forked writes nothing: its parent's test is opaque."""
        if self.problem or _getpid() != self._pid:
            return
        try:
            fd = _open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                write_all(fd, encode(message))
            finally:
                _close(fd)
        except OSError as problem:
            self.problem = str(problem)


class Digests:
    """What files, directories and paths were like when they were first used, noted at once: a later
    test may change them."""

    def __init__(self, repo: str) -> None:
        self._repo = repo
        self._known: dict[str, set[str]] = {"reads": set(), "dirs": set(), "exists": set()}

    def of(self, sinks: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
        """Digests of all that these sinks have and that was not noted before, by kind."""
        found: dict[str, dict[str, str]] = {"reads": {}, "dirs": {}, "exists": {}}
        ways = {"reads": file_digest, "dirs": directory_digest, "exists": kind_of}
        for sink in sinks.values():
            for kind, digest in ways.items():
                for path in sink[kind]:
                    if path not in self._known[kind]:
                        self._known[kind].add(path)
                        found[kind][path] = digest(os.path.join(self._repo, path))
        return found


def file_digest(path: str) -> str:
    try:
        fd = _open(path, os.O_RDONLY)
        try:
            digest = hashlib.sha256()
            while chunk := _read(fd, 1 << 20):
                digest.update(chunk)
        finally:
            _close(fd)
    except OSError:
        return ""
    return digest.hexdigest()


def directory_digest(path: str) -> str:
    try:
        names = sorted(name for name in _listdir(path) if name not in LEFT_BY_RUNS)
    except OSError:
        return ""
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def kind_of(path: str) -> str:
    try:
        return "directory" if stat.S_ISDIR(_stat(path).st_mode) else "file"
    except OSError:
        return "file" if os.path.islink(path) else ""


class OrdinaryRun:
    """Hooks of a run that goes on as it would without us."""

    def __init__(self, recorder: Recorder, spool: Spool) -> None:
        self._recorder = recorder
        self._spool = spool
        self._digests = Digests(recorder.repo)
        self._log = PhaseLog()
        self._rerun = False
        self._current = ""
        self._errors = 0
        self._order: list[Any] = []

    @property
    def problem(self) -> str:
        return self._spool.problem

    # -- collection

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: Any) -> Generator[None, Any, None]:
        key = collect_key(self._recorder, collector)
        with contextlib.nullcontext() if key is None else self._recorder.sink(key):
            yield

    def pytest_collectreport(self, report: Any) -> None:
        self._errors += bool(report.failed)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> Generator[None, Any, None]:
        self._order = list(items)
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> Generator[None, Any, None]:
        if not session.config.option.collectonly:
            recorder = self._recorder
            recorder.book_plugins(session.config.pluginmanager.get_plugins())
            wrap_fixtures(recorder)
            recorder.memos.find()
            self._write("collected", **self._collected(session))
        yield

    def _collected(self, session: Any) -> dict[str, Any]:
        config = session.config
        items = session.items
        if config.pluginmanager.hasplugin("randomly"):
            # Assay's own runs keep the order of collection.
            kept = set(map(id, items))
            items = [item for item in self._order if id(item) in kept]
        return {
            "rootdir": str(config.rootpath),
            "inifile": str(config.inipath or ""),
            "fingerprint": fingerprint(config),
            "items": [describe_item(item) for item in items],
            "modules": module_files(),
            "path": [entry for entry in sys.path if isinstance(entry, str)],
            "errors": self._errors,
        }

    # -- tests

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Generator[None, Any, None]:
        self._current, self._rerun = item.nodeid, False
        self._log.reset()
        with recorded(item, self._recorder):
            outcome = yield
        self._current = ""
        # An exception here is an interrupt: the test has not come to its end.
        if outcome.excinfo is None and self._log.seen:
            # What passes at the second try cannot be relied on.
            result = "failed" if self._rerun else self._log.outcome
            self._write("test", test=item.nodeid, outcome=result, seconds=self._log.seconds)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        if self._current:
            self._rerun |= report.outcome == "rerun"
            self._log.saw_report(report)

    # -- the end

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, None]:
        yield
        self._write("finished")
        self._recorder.stop()

    def _write(self, kind: str, **message: Any) -> None:
        """A message with all that was booked since the last one."""
        recorder, thread = self._recorder, threading.get_ident()
        recorder.resolving.add(thread)
        try:
            sinks = recorder.drain()
            digests = self._digests.of(sinks)
            self._spool.write({"type": kind, **message, "sinks": sinks, "digests": digests})
        finally:
            recorder.resolving.discard(thread)
