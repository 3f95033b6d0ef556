"""Swaps the code of live functions for a mutant's, wherever they have been stored.

Functions are found once through the garbage collector, so decorated, wrapped, registered, bound
and already imported ones are all reached, and no file is written. The technique is that of
`importlib`-free reloaders such as IPython's autoreload: assign `function.__code__`.
"""

from __future__ import annotations
import __future__

import ast
import gc
import os
import types
from typing import Any

from .mutation import (
    Unfit,
    compile_tree,
    functions,
    line_starts,
    mark,
    read_text,
    splice,
)

Key = tuple[str, int, str]

_FUTURE_FLAGS = 0
for _name in __future__.all_feature_names:
    _FUTURE_FLAGS |= getattr(__future__, _name).compiler_flag

_real: dict[str, str] = {}


def real_path(path: str) -> str:
    found = _real.get(path)
    if found is None:
        found = _real[path] = _resolved(path)
    return found


def _resolved(path: str) -> str:
    """`os.path.realpath`, asking of each directory only once."""
    directory, name = os.path.split(path)
    if not os.path.isabs(path) or name in ("", ".", ".."):
        return os.path.realpath(path)
    whole = os.path.join(real_path(directory), name)
    return os.path.realpath(whole) if os.path.islink(whole) else whole


def key_of(code: types.CodeType) -> Key:
    return (real_path(code.co_filename), code.co_firstlineno, code.co_name)


Live = dict[Key, list[types.FunctionType]]

_remembered: dict[str, dict[str, Live]] = {}
"""The repository's functions by file, under "found", once they have been looked for."""


def remember(repo: str) -> None:
    """Find the repository's functions once, before the zygote forks (and freezes its objects).

    A child starts from the same objects, and has not run anything when it installs its mutant.
    """
    prefix = os.path.join(os.path.realpath(repo), "")
    found: dict[str, Live] = {}
    for thing in gc.get_objects():
        if type(thing) is types.FunctionType:
            path = real_path(thing.__code__.co_filename)
            if path.startswith(prefix):
                found.setdefault(path, {}).setdefault(key_of(thing.__code__), []).append(thing)
    _remembered["found"] = found


def live_functions(path: str) -> Live:
    """Every function object whose code comes from the file, by (file, first line, name)."""
    if "found" in _remembered:
        return _remembered["found"].get(path, {})
    # The collector does not list what has been frozen.
    gc.unfreeze()
    found: Live = {}
    for thing in gc.get_objects():
        if type(thing) is types.FunctionType and real_path(thing.__code__.co_filename) == path:
            found.setdefault(key_of(thing.__code__), []).append(thing)
    return found


Swapped = list[tuple[types.FunctionType, types.CodeType]]
"""Functions with the code they had before."""


def install(mutant: dict[str, Any], done: Swapped | None = None) -> str:
    """Put the mutant in place in this process; empty, or why it cannot be done this way.

    What was swapped is added to `done`, for `undo`.
    """
    swapped: Swapped = [] if done is None else done
    try:
        path = real_path(mutant["path"])
        live = live_functions(path)
        if not live:
            return "no function of the file is alive"
        text = known_text(path, mutant["sha"])
        flags = next(iter(live.values()))[0].__code__.co_flags & _FUTURE_FLAGS
        original = known_outer(text, mutant, path, flags)
        more_lines = _line_breaks(mutant["replacement"]) - _line_breaks(mutant["original"])
        mutated = Outer(splice(text, mutant), mutant, path, flags, more_lines)
        problem = swap(original, mutated, live, swapped)
    except Unfit as refusal:
        problem = str(refusal)
    if problem:
        undo(swapped)
    return problem


def undo(swapped: Swapped) -> None:
    """Give the functions back the code they had, the last swapped first."""
    while swapped:
        function, code = swapped.pop()
        function.__code__ = code


_texts: dict[tuple[str, str], str] = {}
_outers: dict[tuple[str, str, int, int], Outer] = {}
KEPT = 64


def known_text(path: str, sha: str) -> str:
    """The file's text at that content, read once."""
    if (path, sha) not in _texts:
        text = read_text(path, sha)
        _make_room(_texts)
        _texts[path, sha] = text
    return _texts[path, sha]


def known_outer(text: str, mutant: dict[str, Any], path: str, flags: int) -> Outer:
    """The unmutated function around a mutant: its many mutants are compared with one."""
    outer = mutant["outer"]
    key = (path, mutant["sha"], outer["first_line"], outer["last_line"])
    if key not in _outers:
        _make_room(_outers)
        _outers[key] = Outer(text, mutant, path, flags)
    return _outers[key]


def _make_room(known: dict[Any, Any]) -> None:
    while len(known) >= KEPT:
        del known[next(iter(known))]


def warm(mutant: dict[str, Any]) -> None:
    """Read and compile, before the fork, what mutants of one function share."""
    try:
        path = real_path(mutant["path"])
        live = live_functions(path) if "found" in _remembered else {}
        if live:
            flags = next(iter(live.values()))[0].__code__.co_flags & _FUTURE_FLAGS
            _ = known_outer(known_text(path, mutant["sha"]), mutant, path, flags).codes
    except (Unfit, OSError, ValueError, KeyError):
        # The child will say it, where it counts.
        return


def _line_breaks(text: str) -> int:
    return len(line_starts(text)) - 2


class Outer:
    """The outermost function around a mutant, compiled alone in a shell of its classes.

    The source text is never re-indented (that would change multi-line strings): classes are
    written above it with less indentation, and line numbers are shifted afterwards.
    """

    def __init__(
        self, text: str, mutant: dict[str, Any], path: str, flags: int, more_lines: int = 0
    ) -> None:
        self.place: tuple[int, int] = (mutant["span"][0], mutant["span"][1])
        self.canary: bool = mutant.get("canary", False)
        self._codes: list[types.CodeType | None] | None = None
        first, last = mutant["outer"]["first_line"], mutant["outer"]["last_line"] + more_lines
        starts = line_starts(text)
        segment = text[starts[first - 1] : starts[min(last, len(starts) - 1)]]
        classes = mutant["outer"]["classes"]
        shell = "".join(f"{' ' * depth}class {name}:\n" for depth, name in enumerate(classes))
        indent = segment[: len(segment) - len(segment.lstrip(" \t\f"))]
        if indent and not classes:
            shell = "if 1:\n"
        try:
            self.tree = ast.parse(shell + segment)
        except SyntaxError as problem:
            raise Unfit(f"its function does not compile alone: {problem.msg}") from None
        shift = first - 1 - shell.count("\n")
        ast.increment_lineno(self.tree, shift)
        for node in ast.walk(self.tree):
            # Only the shell can have been shifted above the file's first line.
            if getattr(node, "lineno", 1) < 1:
                node.lineno = 1  # type: ignore[attr-defined]
        self.functions = list(functions(self.tree))
        if not self.functions:
            raise Unfit("its function was not found at the recorded lines")
        self.path, self.flags = path, flags

    def compile(self) -> types.CodeType:
        try:
            return compile_tree(self.tree, self.path, self.flags)
        except (SyntaxError, ValueError) as problem:
            raise Unfit(f"its function does not compile alone: {problem}") from None

    @property
    def codes(self) -> list[types.CodeType | None]:
        """The code object of each function definition, in order of the text."""
        if self._codes is None:
            self._codes = _by_node(self, function_codes(self.compile()))
        return self._codes


def function_codes(code: types.CodeType) -> list[types.CodeType]:
    """All code objects within, outermost first, in the compiler's order."""
    found = []
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found.append(constant)
            found.extend(function_codes(constant))
    return found


def swap(original: Outer, mutated: Outer, live: Live, swapped: Swapped) -> str:
    """Give each live function of the outer one's family its mutated code."""
    if [node.name for node in original.functions] != [node.name for node in mutated.functions]:
        return "it adds or removes a function"
    before = original.codes
    keep_free_variables(mutated, before)
    mark(mutated.tree, *mutated.place, mutated.canary)
    after = mutated.codes
    for node, old, new in zip(original.functions, before, after, strict=True):
        if old is None or new is None:
            if (original.path, _first_line(node), node.name) in live:
                return "two functions of one name begin on its line"
            continue
        for function in live.get(key_of(old), ()):
            code = function.__code__
            if code.co_freevars != new.co_freevars:
                return "it captures other variables than the original"
            swapped.append((function, code))
            function.__code__ = new
    return "" if swapped else "no live function has its code"


def _by_node(outer: Outer, codes: list[types.CodeType]) -> list[types.CodeType | None]:
    """The code object of each function definition, in order of the text."""
    table: dict[tuple[str, int], list[types.CodeType]] = {}
    for code in codes:
        table.setdefault((code.co_name, code.co_firstlineno), []).append(code)
    found: list[types.CodeType | None] = []
    for node in outer.functions:
        matches = table.get((node.name, _first_line(node)), [])
        found.append(matches[0] if len(matches) == 1 else None)
    return found


def _first_line(node: Any) -> int:
    """Where the compiler says that a function begins: at its first decorator."""
    lines: list[int] = [node.lineno, *(decorator.lineno for decorator in node.decorator_list)]
    return min(lines)


def keep_free_variables(mutated: Outer, before: list[types.CodeType | None]) -> None:
    """A dead reference to each free variable of the original.

    A function's cells are fixed when it is made; code that lost a free variable to a mutation
    could not be assigned. The compiler drops dead code but keeps the variable.
    """
    for node, code in zip(mutated.functions, before, strict=True):
        if code is None or not code.co_freevars:
            continue
        names = [ast.Expr(ast.Name(name, ast.Load())) for name in code.co_freevars]
        dead = ast.If(ast.Constant(False), list(names), [])
        last = node.body[-1]
        for part in ast.walk(dead):
            ast.copy_location(part, last)
        node.body.append(dead)
