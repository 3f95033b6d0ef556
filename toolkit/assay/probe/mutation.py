"""Turns a mutant's span and replacement into code that proves it ran."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
import types
import warnings
from collections.abc import Iterator
from typing import Any

ENTERED_MARK = "\x00assay: entered\x00"

entered: set[bool] = set()
"""Holds True once the mutated code has been entered in this process."""

_note_entered = entered.add

_FunctionNode = (ast.FunctionDef, ast.AsyncFunctionDef)


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
    starts = [0]
    position = 0
    while position < len(text):
        char = text[position]
        position += 1
        if char == "\n" or (char == "\r" and text[position : position + 1] != "\n"):
            starts.append(position)
    starts.append(len(text))
    return starts


def functions(tree: ast.AST) -> Iterator[Any]:
    """Function definitions in order of their text."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _FunctionNode):
            yield node
        yield from functions(node)


def mark(tree: ast.Module, line: int, column: int = 10**6) -> None:
    """Insert the proof of entry at the head of the innermost function whose body has the place.

    Outside any function it goes to the head of the module. Without a column, anywhere on the line
    counts. (Columns of `ast` count UTF-8 bytes, ours code points: on a one-line function after
    non-ASCII text this can take a default for the body, never the other way round.)
    """
    owner: Any = tree
    for node in functions(tree):
        if _body_start(node) <= (line, column) and line <= (node.end_lineno or node.lineno):
            owner = node
    body = owner.body
    at = 0
    while at < len(body) and _must_stay_first(body[at], at):
        at += 1
    anchor = body[min(at, len(body) - 1)] if body else tree
    call = ast.Expr(ast.Call(ast.Constant(ENTERED_MARK), [ast.Constant(True)], []))
    lineno = getattr(anchor, "lineno", 1)
    for node in ast.walk(call):
        node.lineno = node.end_lineno = lineno  # type: ignore[attr-defined]
        node.col_offset = node.end_col_offset = 0  # type: ignore[attr-defined]
    body.insert(at, call)


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
        else _note_entered
        if isinstance(constant, str) and constant == ENTERED_MARK
        else constant
        for constant in code.co_consts
    )
    if all(new is old for new, old in zip(constants, code.co_consts, strict=True)):
        return code
    return code.replace(co_consts=constants)
