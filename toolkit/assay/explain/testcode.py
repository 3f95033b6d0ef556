"""The text of a test file: which statement stands where, and new text put beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assay.explain.recording import Place

Function = ast.FunctionDef | ast.AsyncFunctionDef
Edit = tuple[int, int, str]
"""Start and end of what is replaced, as offsets into the text, and what by."""

_BREAK = re.compile(r"\r\n?|\n")
_HEADERS = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.Match)
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Patched:
    """The text with a proposal in it; `line` is that of the assertion, `code` what is new."""

    text: str
    line: int
    code: str


class TestCode:
    """One test file. SyntaxError if it cannot be read."""

    __test__ = False

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self.starts = [0, *(match.end() for match in _BREAK.finditer(text)), len(text)]
        first = _BREAK.search(text)
        self.line_end = first.group() if first else "\n"
        self.names = frozenset(_names(self.tree.body))
        self.attributes = frozenset(
            node.attr for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)
        )
        self.quote = '"' if text.count('"') > text.count("'") else "'"

    # -- finding

    def classes_of(self, function: Function) -> tuple[str, ...]:
        """Names of the classes around a function, from the outside in."""
        return tuple(
            node.name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ClassDef)
            and node.lineno < function.lineno
            and (function.end_lineno or 0) <= (node.end_lineno or 0)
        )

    def function(self, name: str, first: int) -> Function | None:
        """The function of that name whose text, decorators included, begins on the line."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function) and node.name == name and first_line(node) == first:
                return node
        return None

    def is_unittest(self, function: Function) -> bool:
        """Whether the function is a method that has unittest's assertions at hand."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef) and function in node.body:
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                if any(base.endswith("TestCase") for base in bases):
                    return True
        return any(
            isinstance(node, ast.Call) and ast.unparse(node.func).startswith("self.assert")
            for node in ast.walk(function)
        )

    def statement(self, function: Function, line: int) -> tuple[list[ast.stmt], int] | None:
        """The innermost statement of the function with text on the line, as a place in a body."""
        found: tuple[list[ast.stmt], int] | None = None
        for body in bodies(function):
            for number, one in enumerate(body):
                if one.lineno <= line <= (one.end_lineno or one.lineno):
                    found = body, number
        return found

    def expression(self, statement: ast.stmt, place: Place) -> ast.expr | None:
        """The expression at a place, if it is evaluated once and always: not in a lambda, not in a
        comprehension, not behind `and`, `or` or `if`."""
        line, last, column, end_column = place
        wanted = (line, column, last, end_column)
        return _find(statement, wanted, _of_header(statement))

    # -- writing

    def offset(self, line: int, column: int) -> int:
        """Of a place as `ast` has it: lines from 1, columns in bytes of UTF-8."""
        start = self.starts[line - 1]
        raw = self.text[start : self.starts[line]].encode("utf-8", "surrogatepass")
        before: str = raw[:column].decode("utf-8", "replace")
        return start + len(before)

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self.offset(node.lineno, node.col_offset)
        return start, self.offset(node.end_lineno, node.end_col_offset)

    def source(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def indent(self, statement: ast.stmt) -> str | None:
        """What stands before the statement on its line; None if that is more than space."""
        start = self.starts[first_line(statement) - 1]
        before = self.text[start : self.offset(first_line(statement), statement.col_offset)]
        return before if not before.strip() else None

    def before(self, statement: ast.stmt) -> int | None:
        """Where a line of its own can come in before the statement."""
        return None if self.indent(statement) is None else self.starts[first_line(statement) - 1]

    def after(self, statement: ast.stmt) -> int | None:
        """Where a line of its own can come in after the statement; None if something follows it
        on its line, or it stands on the line of another."""
        assert statement.end_lineno is not None and statement.end_col_offset is not None
        if self.indent(statement) is None:
            return None
        end = self.offset(statement.end_lineno, statement.end_col_offset)
        next_line = self.starts[statement.end_lineno]
        rest = self.text[end:next_line].strip()
        return next_line if not rest or rest.startswith("#") else None

    def lines(self, indent: str, code: Iterable[str]) -> str:
        return "".join(f"{indent}{line}{self.line_end}" for line in code)

    def patched(self, edits: Iterable[Edit], assertion: str) -> Patched:
        """The text with the edits done; `assertion` is the line of the new text to be found."""
        text = self.text
        where = 0
        for start, end, new in sorted(edits, reverse=True):
            put = new
            if start == len(text) and new.endswith(self.line_end) and text[-1:] not in "\r\n":
                # The file ends without a line end.
                put = self.line_end + new.removesuffix(self.line_end)
            text = text[:start] + put + text[end:]
            if assertion in put:
                where = start + put.rindex(assertion)
            else:
                where += len(put) - (end - start)
        line = len(_BREAK.findall(text[:where])) + 1
        return Patched(text, line, assertion)


def first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    lines: list[int] = [node.lineno, *(one.lineno for one in decorators)]
    return min(lines)


def bodies(function: ast.AST) -> Iterator[list[ast.stmt]]:
    """All lists of statements within, outer ones first; those of inner functions left out."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(function, name, None)
        if isinstance(body, list) and body:
            yield body
            for one in body:
                if not isinstance(one, (*_DEFINITIONS,)):
                    yield from bodies(one)
    for handler in [*getattr(function, "handlers", []), *getattr(function, "cases", [])]:
        yield from bodies(handler)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def is_simple(statement: ast.stmt) -> bool:
    return not isinstance(statement, (*_HEADERS, *_DEFINITIONS))


def is_check(statement: ast.stmt) -> bool:
    """An assertion, as pytest or as unittest has it."""
    if isinstance(statement, ast.Assert):
        return True
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and ast.unparse(call.func).startswith("self.assert")


def _of_header(statement: ast.stmt) -> list[ast.expr]:
    """The expressions that a statement evaluates once, before any statement within it."""
    if isinstance(statement, ast.If):
        return [statement.test]
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        return [statement.iter]
    if isinstance(statement, (*_HEADERS, *_DEFINITIONS)):
        return []
    return [one for one in ast.iter_child_nodes(statement) if isinstance(one, ast.expr)]


def _find(
    statement: ast.stmt, wanted: tuple[int, int, int, int], within: Iterable[ast.expr]
) -> ast.expr | None:
    for node in within:
        place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        if place == wanted:
            return node
        if isinstance(node, _SCOPES):
            continue
        parts: list[ast.AST] = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.BoolOp):
            parts = parts[:2]
        elif isinstance(node, ast.IfExp):
            parts = [node.test]
        elif isinstance(node, ast.Compare):
            parts = [node.left, node.comparators[0]]
        inner = [one for part in parts for one in _expressions(part)]
        found = _find(statement, wanted, inner)
        if found is not None:
            return node if isinstance(node, ast.Await) else found
    return None


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.expr):
        yield node
    elif isinstance(node, ast.keyword):
        yield node.value


def _names(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Names that a module has after its import, as far as its statements say so plainly."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield (alias.asname or alias.name).partition(".")[0]
        elif isinstance(node, _DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, (ast.If, ast.Try)):
            yield from _names(node.body)
