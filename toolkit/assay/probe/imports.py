"""Books imports: what a module's body runs, and who imports what is loaded already."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recorder import Recorder

# Python's warnings machinery skips frames of the import system when it counts `stacklevel`: our
# wrappers around imports carry such a name, so that a module which warns as it is imported still
# points at its importer.
_IMPORT_FRAME = "<frozen importlib._bootstrap_assay>"

_modules = sys.modules


class Imports:
    """Stands between the project and the import system for one recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def start(self) -> None:
        from _pytest.assertion.rewrite import AssertionRewritingHook

        for owner in (importlib.machinery.SourceFileLoader, AssertionRewritingHook):
            wrapper = self._recorded_exec(owner.exec_module)
            owner.exec_module = wrapper  # type: ignore[method-assign]
        self._wrap_import()
        self._wrap_import_module()
        self._wrap_find_spec()

    def _recorded_exec(self, original: Any) -> Any:
        """A loader's `exec_module` that books what the module body runs on a sink of its own."""
        recorder = self._recorder

        def exec_module(loader: Any, module: Any) -> Any:
            spec = getattr(module, "__spec__", None)
            origin = getattr(spec, "origin", None)
            key = recorder.module_key(origin)
            if key is None or not recorder.active or not isinstance(origin, str):
                return original(loader, module)
            recorder.use(key)
            recorder.push(key)
            if os.path.abspath(origin) != recorder.real_path(origin):
                # Reached through a link: where that leads is part of what was imported.
                recorder.book_path(recorder.top.reads, origin, recorder.relative(origin) or "")
            try:
                return original(loader, module)
            finally:
                recorder.pop()

        _hide_frame(exec_module)
        return exec_module

    def _wrap_import(self) -> None:
        """An import statement that finds its module loaded tells nobody: book the use.

        `__import__`, pickle and statements in texts that are executed come through here as well.
        """
        original = builtins.__import__
        recorder, use = self._recorder, self._use

        def __import__(  # noqa: N807
            name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
        ) -> Any:
            module = original(name, globals, locals, fromlist, level)
            if recorder.active and recorder.is_test_or_fixture():
                use(name, globals, fromlist, level)
            return module

        _hide_frame(__import__)
        builtins.__import__ = __import__

    def _use(self, name: str, namespace: Any, fromlist: Any, level: int) -> None:
        if level:
            package = (namespace or {}).get("__package__") or ""
            try:
                name = importlib.util.resolve_name("." * level + name, package)
            except (ImportError, TypeError, ValueError):
                return
        self._use_module(name)
        for part in fromlist or ():
            if isinstance(part, str):
                self._use_module(f"{name}.{part}")

    def _use_module(self, name: str) -> None:
        """The module and the packages around it: their bodies ran for this import once."""
        recorder = self._recorder
        while name:
            file = getattr(_modules.get(name), "__file__", None)
            key = recorder.module_key(file) if isinstance(file, str) else None
            if key is not None:
                recorder.use(key)
            name = name.rpartition(".")[0]

    def _wrap_import_module(self) -> None:
        """`importlib.import_module` of a loaded module executes nothing, of a missing one asks."""
        original = importlib.import_module
        recorder, use = self._recorder, self._use_module

        def import_module(name: str, package: str | None = None) -> Any:
            if recorder.active and recorder.counts(sys._getframe(1)):
                recorder.ask_for(name, package)
            module = original(name, package)
            if recorder.active:
                use(getattr(module, "__name__", name))
            return module

        _hide_frame(import_module)
        importlib.import_module = import_module

    def _wrap_find_spec(self) -> None:
        """Asks whether a module is there, and imports none."""
        original = importlib.util.find_spec
        recorder = self._recorder

        def find_spec(name: str, package: str | None = None) -> Any:
            if recorder.active and recorder.counts(sys._getframe(1)):
                recorder.ask_for(name, package)
            return original(name, package)

        _hide_frame(find_spec)
        importlib.util.find_spec = find_spec


def _hide_frame(function: Any) -> None:
    function.__code__ = function.__code__.replace(co_filename=_IMPORT_FRAME)
