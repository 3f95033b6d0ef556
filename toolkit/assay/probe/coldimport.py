"""Serves a mutated module from memory when the project imports it."""

from __future__ import annotations

import ast
import importlib.machinery
import os
from collections.abc import Callable
from typing import Any

from .mutation import Unfit, compile_tree, mark, read_text, splice


def install(mutant: dict[str, Any]) -> None:
    """From now on, importing the mutant's file yields the mutated module."""
    path = os.path.realpath(mutant["path"])
    text = read_text(path, mutant["sha"])
    try:
        tree = ast.parse(splice(text, mutant))
        mark(tree, mutant["span"][0], mutant["span"][1])
        code = compile_tree(tree, path, 0)
    except (SyntaxError, ValueError) as problem:
        raise Unfit(f"does not compile: {problem}") from None
    _serve(path, lambda: code)
    _leave_unrewritten(path)


def install_for_reload(mutant: dict[str, Any]) -> None:
    """As `install`, but the module is compiled only when it is asked for: mostly never."""
    path = os.path.realpath(mutant["path"])

    def compiled() -> Any:
        tree = ast.parse(splice(read_text(path, mutant["sha"]), mutant))
        mark(tree, mutant["span"][0], mutant["span"][1])
        return compile_tree(tree, path, 0)

    _serve(path, compiled)


def _serve(path: str, code: Callable[[], Any]) -> None:
    loader = importlib.machinery.SourceFileLoader
    original = loader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        if os.path.realpath(self.path) == path:
            return code()
        return original(self, fullname)

    loader.get_code = get_code  # type: ignore[method-assign]


def _leave_unrewritten(path: str) -> None:
    """Pytest's assertion rewriting reads the file itself: let the plain loader have this one."""
    from _pytest.assertion.rewrite import AssertionRewritingHook

    original = AssertionRewritingHook.find_spec

    def find_spec(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        spec = original(self, name, *args, **kwargs)
        if spec is not None and spec.origin and os.path.realpath(spec.origin) == path:
            return None
        return spec

    AssertionRewritingHook.find_spec = find_spec  # type: ignore[method-assign]
