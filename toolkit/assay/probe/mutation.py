"""Turns a mutant's span and replacement into code that proves it ran."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import re
import tokenize
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

ENTERED_MARK = "\x00assay: entered\x00"

UNLIMITED = 1 << 62

_LINE_BREAK = re.compile(r"\r\n?|\n")

_Statement = TypeVar("_Statement", bound=ast.stmt)

_FunctionNode = (ast.FunctionDef, ast.AsyncFunctionDef)


class Meter:
    """Counts how often mutated code is entered or goes round one of its loops.

    `count` is for the test under way, `most` the largest count of a test before it. Once a count
    is above `limit`, `give_up` is called with it, which should not return: a limit on the work
    done tells a loop without end from a slow machine, as a clock cannot (the hit limit of Stryker).
    """

    def __init__(self) -> None:
        self.limit = UNLIMITED
        self.give_up: Callable[[int], None] | None = None
        self.count = 0
        self.most = 0
        self._owner = _getpid()

    @property
    def entered(self) -> bool:
        return self.count > 0 or self.most > 0

    def tick(self, _: object = None) -> None:
        self.count += 1
        if self.count > self.limit:
            self._over()

    def _over(self) -> None:
        # A process that a test has forked cannot speak for the test.
        if self.give_up is not None and _getpid() == self._owner:
            self.give_up(self.count)

    def watch(self, limit: int, give_up: Callable[[int], None] | None) -> None:
        """Start anew, in this process."""
        self.limit, self.give_up, self._owner = limit, give_up, _getpid()
        self.count = self.most = 0

    def next_test(self) -> None:
        self.most = max(self.most, self.count)
        self.count = 0


# Taken at import: tests replace it.
_getpid = os.getpid

meter = Meter()
"""The one that mutants of this process tick."""


class Unfit(Exception):  # noqa: N818 - an answer rather than an error
    """The mutant cannot be put in place this way; the text says why."""


def read_text(path: str, sha: str) -> str:
    """The file's text with its own line ends; Unfit if it is not the content that was planned."""
    with open(path, "rb") as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != sha:
        raise Unfit(f"{path} changed while mutants were running")
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    text: str = content.decode(encoding)
    return text


def splice(text: str, mutant: dict[str, Any]) -> str:
    """The text with the mutant's span replaced; lines end at \\n, \\r\\n or \\r as Python's do."""
    starts = line_starts(text)
    line, column, end_line, end_column = mutant["span"]
    start, end = starts[line - 1] + column, starts[end_line - 1] + end_column
    if text[start:end] != mutant["original"]:
        raise Unfit(f"the text at {mutant['path']}:{line} is not what was planned")
    replacement: str = mutant["replacement"]
    return text[:start] + replacement + text[end:]


def line_starts(text: str) -> list[int]:
    """Offset of each line's first character, and of the end."""
    return [0, *(match.end() for match in _LINE_BREAK.finditer(text)), len(text)]


def functions(tree: ast.AST) -> Iterator[Any]:
    """Function definitions in order of their text."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _FunctionNode):
            yield node
        yield from functions(node)


def mark(tree: ast.Module, line: int, column: int = 10**6, canary: bool = False) -> None:
    """Insert the proof of entry at the head of the innermost function whose body has the place, and
    at the head of each loop in it.

    Outside any function it goes to the head of the module. Without a column, anywhere on the line
    counts. (Columns of `ast` count UTF-8 bytes, ours code points: on a one-line function after
    non-ASCII text this can take a default for the body, never the other way round.)

    With `canary` the body raises right after the proof.
    """
    owner: Any = tree
    for node in functions(tree):
        if _body_start(node) <= (line, column) and line <= (node.end_lineno or node.lineno):
            owner = node
    loops = list(_loops(owner))
    body = owner.body
    at = 0
    while at < len(body) and _must_stay_first(body[at], at):
        at += 1
    anchor = body[min(at, len(body) - 1)] if body else tree
    lineno = getattr(anchor, "lineno", 1)
    if canary:
        cry = ast.Raise(ast.Call(ast.Name("AssertionError", ast.Load()), [], []), None)
        body.insert(at, _placed(cry, lineno))
    body.insert(at, _call_of_mark(lineno))
    for loop in loops:
        loop.body.insert(0, _call_of_mark(loop.body[0].lineno))


def _call_of_mark(lineno: int) -> ast.Expr:
    return _placed(ast.Expr(ast.Call(ast.Constant(ENTERED_MARK), [], [])), lineno)


def _placed(statement: _Statement, lineno: int) -> _Statement:
    for node in ast.walk(statement):
        node.lineno = node.end_lineno = lineno  # type: ignore[attr-defined]
        node.col_offset = node.end_col_offset = 0  # type: ignore[attr-defined]
    return statement


def _loops(owner: Any) -> Iterator[Any]:
    """The loops of a function's own body, those of functions and classes within left out."""
    for node in ast.iter_child_nodes(owner):
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            yield node
        if not isinstance(node, (*_FunctionNode, ast.ClassDef, ast.Lambda, ast.expr)):
            yield from _loops(node)


def _body_start(function: Any) -> tuple[int, int]:
    """Where the body begins; its first statement may be a decorated definition."""
    first = function.body[0]
    starts = [(node.lineno, 0) for node in getattr(first, "decorator_list", [])]
    on_own_line = first.lineno > function.lineno
    return min([*starts, (first.lineno, 0 if on_own_line else first.col_offset)])


def _must_stay_first(statement: ast.stmt, index: int) -> bool:
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return True
    value = getattr(statement, "value", None)
    return (
        index == 0
        and isinstance(statement, ast.Expr)
        and isinstance(value, ast.Constant)
        and isinstance(value.value, str)
    )


def compile_tree(tree: ast.Module, path: str, flags: int) -> types.CodeType:
    """Compile, with the mark's placeholder made into a real call."""
    with warnings.catch_warnings():
        # A string is called in the placeholder, and mutants compare literals: not news to anyone.
        warnings.simplefilter("ignore")
        code = compile(tree, path, "exec", flags=flags, dont_inherit=True)
    return with_mark(code)


def with_mark(code: types.CodeType) -> types.CodeType:
    """Put the callable in the place of the placeholder among the constants, at every depth."""
    constants = tuple(
        with_mark(constant)
        if isinstance(constant, types.CodeType)
        else meter.tick
        if isinstance(constant, str) and constant == ENTERED_MARK
        else constant
        for constant in code.co_consts
    )
    if all(new is old for new, old in zip(constants, code.co_consts, strict=True)):
        return code
    return code.replace(co_consts=constants)
