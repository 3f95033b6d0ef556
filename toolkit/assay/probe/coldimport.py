"""Serves a mutated module from memory when the project imports it."""

from __future__ import annotations

import ast
import importlib.machinery
import os
import types
from collections.abc import Callable, Iterable
from typing import Any

from .mutation import Unfit, compile_tree, mark, read_text, splice

Code = Callable[[], types.CodeType]

_served: dict[str, Code] = {}
"""Files whose code is not made by the loader, by real path."""

_real_get_code = importlib.machinery.SourceFileLoader.get_code


def mutated_code(mutant: dict[str, Any]) -> types.CodeType:
    """The module's code with the mutant in place and marked; Unfit if it does not compile."""
    path = os.path.realpath(mutant["path"])
    text = read_text(path, mutant["sha"])
    try:
        tree = ast.parse(splice(text, mutant))
        mark(tree, mutant["span"][0], mutant["span"][1], mutant.get("canary", False))
        return compile_tree(tree, path, 0)
    except (SyntaxError, ValueError) as problem:
        raise Unfit(f"does not compile: {problem}") from None


def install(mutant: dict[str, Any]) -> None:
    """From now on, importing the mutant's file yields the mutated module."""
    path = os.path.realpath(mutant["path"])
    code = mutated_code(mutant)
    serve(path, lambda: code)
    leave_unrewritten(path)


def install_for_reload(mutant: dict[str, Any]) -> None:
    """As `install`, but the module is compiled only when it is asked for: mostly never."""
    serve(os.path.realpath(mutant["path"]), lambda: mutated_code(mutant))


def uninstall(mutant: dict[str, Any]) -> None:
    """Importing the mutant's file yields the module as it is, again."""
    _served.pop(os.path.realpath(mutant["path"]), None)


def serve(path: str, code: Code) -> None:
    """Give loaders of source files this code for the file at a real path."""
    loader = importlib.machinery.SourceFileLoader
    if not _served:
        loader.get_code = _get_code  # type: ignore[method-assign]
    _served[path] = code


def _get_code(self: Any, fullname: str) -> Any:
    code = _served.get(os.path.realpath(self.path))
    return _real_get_code(self, fullname) if code is None else code()


def leave_unrewritten(path: str) -> None:
    """Pytest's assertion rewriting reads the file itself: let the plain loader have this one."""
    from _pytest.assertion.rewrite import AssertionRewritingHook

    original = AssertionRewritingHook.find_spec

    def find_spec(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        spec = original(self, name, *args, **kwargs)
        if spec is not None and spec.origin and os.path.realpath(spec.origin) == path:
            return None
        return spec

    AssertionRewritingHook.find_spec = find_spec  # type: ignore[method-assign]


def unmutated_code(path: str) -> types.CodeType:
    """The module's code as it is; SyntaxError, ValueError or OSError as importing would raise."""
    with open(path, "rb") as file:
        return compile(file.read(), path, "exec", dont_inherit=True)


def compile_ahead(files: Iterable[str]) -> None:
    """Compile modules now that the plain loader will be asked for, for all processes that will be
    forked from this one. What does not compile is left to fail where it is imported."""
    for path in files:
        real = os.path.realpath(path)
        code = None if real in _served else _compiled(real)
        if code is not None:
            serve(real, _if_unchanged(real, code))


def _compiled(path: str) -> types.CodeType | None:
    try:
        return unmutated_code(path)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _if_unchanged(path: str, code: types.CodeType) -> Code:
    known = _state_of(path)

    def current() -> types.CodeType:
        return code if _state_of(path) == known else unmutated_code(path)

    return current


def _state_of(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size


_rewritten: dict[str, tuple[tuple[int, int], Any]] = {}
"""What pytest's rewriting made of files, each with the state of the file then."""

_rewriting: list[Any] = []
"""Pytest's own function for it, once ours stands in its place."""


def rewrite_ahead(files: Iterable[str], config: Any) -> None:
    """As `compile_ahead`, for files whose assertions pytest rewrites."""
    from pathlib import Path

    from _pytest.assertion import rewrite

    if not _rewriting:
        original = getattr(rewrite, "_rewrite_test", None)
        if original is None:
            return
        _rewriting.append(original)
        rewrite._rewrite_test = _rewrite_test
    for path in files:
        if path in _rewritten:
            continue
        try:
            _rewritten[path] = (_state_of(path), _rewriting[0](Path(path), config))
        except Exception:
            # Whatever is wrong with it is told where it is collected.
            continue


def _rewrite_test(fn: Any, config: Any) -> Any:
    state, made = _rewritten.get(str(fn), (None, None))
    if made is not None and _state_of(str(fn)) == state:
        return made
    return _rewriting[0](fn, config)
