"""Assertions that would have noticed a difference, each as the patched text of the test file."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assay.explain.checks import Check, Known, checks
from assay.explain.compare import Difference, Kind
from assay.explain.summaries import Path
from assay.explain.testcode import (
    Edit,
    Function,
    Patched,
    TestCode,
    bodies,
    first_line,
    is_check,
    is_simple,
)

MOST = 8
"""So many are tried for one survivor."""

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """One proposal before it is verified: the patched file, and the function it changes, by its
    first and last line in the old text, and its classes.
    `case` is the name of a new test that is put behind that function in place of a change in it."""

    patched: Patched
    first: int
    last: int
    classes: tuple[str, ...]
    rank: tuple[int, int]
    case: str = ""


def candidates(
    code: TestCode, found: Iterable[Difference], test: str, known: Known
) -> tuple[Candidate, ...]:
    """Best first, each text once. `test` is the name of the test function: assertions are put into
    it, not into helpers that other tests use."""
    made: dict[str, Candidate] = {}
    for order, one in enumerate(found):
        if one.function != test or one.kind is Kind.PATH:
            continue
        visits_first = one.line
        for function in _functions(code, one):
            for patched, rank in _of_difference(code, function, one, known):
                last = function.end_lineno or visits_first
                classes = code.classes_of(function)
                first = first_line(function)
                candidate = Candidate(patched, first, last, classes, (rank, order))
                kept = made.get(patched.text)
                if kept is None or candidate.rank < kept.rank:
                    made[patched.text] = candidate
    return tuple(sorted(made.values(), key=lambda one: one.rank)[:MOST])


def _functions(code: TestCode, one: Difference) -> list[Function]:
    """The function that the difference was seen in."""
    return [
        node
        for node in ast.walk(code.tree)
        if isinstance(node, Function)
        and node.name == one.function
        and first_line(node) <= one.line <= (node.end_lineno or node.lineno)
    ]


def _of_difference(
    code: TestCode, function: Function, one: Difference, known: Known
) -> Iterator[tuple[Patched, int]]:
    writer = _Writer(code, function, one, code.is_unittest(function), known)
    if one.kind is Kind.LOCAL:
        yield from writer.of_variable()
    elif one.kind is Kind.CAUGHT:
        yield from writer.of_exception()
    else:
        yield from writer.of_result()


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes assertions for one difference into one function."""

    code: TestCode
    function: Function
    one: Difference
    unittest: bool
    known: Known

    def _checks(self, root: str, path: Path | None = None) -> Iterator[Check]:
        one = self.one
        way = one.path if path is None else path
        yield from checks(root, one.root, way, one.after, one.masked, self.known)

    # -- variables

    def of_variable(self) -> Iterator[tuple[Patched, int]]:
        for check in self._checks(self.one.name):
            for place, (at, indent) in enumerate(self._after_line()):
                yield from self._inserted(at, indent, check, check.rank + place)

    def _after_line(self) -> Iterator[tuple[int, str]]:
        """Where the variable has its value: after the assertions that follow at once, and right
        after the line that brought it."""
        line = self.one.line
        if line < self.function.body[0].lineno:
            first = self.function.body[1 if _is_docstring(self.function.body) else 0 :][:1]
            for statement in first:
                yield from self._where(self.code.before(statement), statement)
            return
        found = self.code.statement(self.function, line)
        if found is None:
            return
        body, number = found
        statement = body[number]
        if is_simple(statement):
            if not self.one.constant:
                return
            yield from self._after(body, number)
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            if "ExceptionInfo" in str(self.one.root[1:2]):
                yield from self._after(body, number)
            elif self.one.constant:
                yield from self._where(self.code.before(statement.body[0]), statement.body[0])

    def _after(self, body: Sequence[ast.stmt], number: int) -> Iterator[tuple[int, str]]:
        last = number
        while last + 1 < len(body) and is_check(body[last + 1]):
            last += 1
        if last > number and body[last].lineno in self.one.until:
            yield from self._where(self.code.after(body[last]), body[last])
        yield from self._where(self.code.after(body[number]), body[number])

    def _where(self, at: int | None, statement: ast.stmt) -> Iterator[tuple[int, str]]:
        indent = self.code.indent(statement)
        if at is not None and indent is not None:
            yield at, indent

    def _inserted(
        self, at: int, indent: str, check: Check, rank: int, more: Sequence[Edit] = ()
    ) -> Iterator[tuple[Patched, int]]:
        text = check.written(self.unittest)
        if len(indent + text) > WIDTH:
            return
        edit = (at, at, self.code.lines(indent, [text]))
        yield self.code.patched([edit, *more], text), rank

    # -- exceptions

    def of_exception(self) -> Iterator[tuple[Patched, int]]:
        block = self._raises_block()
        if block is None:
            return
        item = block.items[0]
        at, indent = self.code.after(block), self.code.indent(block)
        if at is None or indent is None:
            return
        more: list[Edit] = []
        name = "caught" if self.unittest else "excinfo"
        if isinstance(item.optional_vars, ast.Name):
            name = item.optional_vars.id
        elif item.optional_vars is not None:
            return
        else:
            end = self.code.span(item.context_expr)[1]
            more.append((end, end, f" as {name}"))
        held = f"{name}.exception" if self.unittest else f"{name}.value"
        for check in self._checks(held):
            yield from self._inserted(at, indent, check, check.rank, more)

    def _raises_block(self) -> ast.With | None:
        """The innermost `with pytest.raises(…)` around the line."""
        found: ast.With | None = None
        for body in bodies(self.function):
            for node in body:
                if not isinstance(node, ast.With) or len(node.items) != 1:
                    continue
                inside = node.lineno <= self.one.line <= (node.end_lineno or 0)
                call = node.items[0].context_expr
                named = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
                ours = "self.assertRaises" if self.unittest else "raises"
                if inside and (named.startswith(ours) or named.endswith(".raises")):
                    found = node
        return found

    # -- what calls returned

    def of_result(self) -> Iterator[tuple[Patched, int]]:
        found = self.code.statement(self.function, self.one.line)
        if found is None or not self.one.constant:
            return
        statement = found[0][found[1]]
        node = self.code.expression(statement, self.one.place)
        if node is None or self._is_bound(statement, node):
            return
        if isinstance(statement, ast.Expr) and statement.value is node:
            yield from self._in_its_place(statement)
        yield from self._bound(statement, node)

    def _is_bound(self, statement: ast.stmt, node: ast.expr) -> bool:
        """Whether the result is a variable's value anyhow."""
        return (
            isinstance(statement, ast.Assign)
            and statement.value is node
            and isinstance(statement.targets[0], ast.Name)
        )

    def _in_its_place(self, statement: ast.Expr) -> Iterator[tuple[Patched, int]]:
        """`f(x)` becomes `assert f(x) == 1`."""
        source = self.code.source(statement)
        indent = self.code.indent(statement)
        if indent is None or "\n" in source or "\r" in source:
            return
        for check in self._checks(source, self.one.path):
            text = check.written(self.unittest)
            if len(indent + text) <= WIDTH:
                start, end = self.code.span(statement)
                yield self.code.patched([(start, end, text)], text), check.rank

    def _bound(self, statement: ast.stmt, node: ast.expr) -> Iterator[tuple[Patched, int]]:
        """The result gets a name before the statement, which uses that, and a check after it."""
        before, indent = self.code.before(statement), self.code.indent(statement)
        at = self.code.after(statement) if is_simple(statement) else before
        if before is None or at is None or indent is None:
            return
        name = self._free_name()
        binding = self.code.lines(indent, [f"{name} = {self.code.source(node)}"])
        start, end = self.code.span(node)
        for check in self._checks(name):
            text = check.written(self.unittest)
            if len(indent + text) > WIDTH:
                continue
            new = self.code.lines(indent, [text])
            edits: list[Edit] = [(start, end, name)]
            if isinstance(statement, ast.Expr) and statement.value is node:
                edits = [(start, end, f"{name} = {self.code.source(node)}"), (at, at, new)]
            elif at == before:
                edits += [(before, before, binding + new)]
            else:
                edits += [(before, before, binding), (at, at, new)]
            yield self.code.patched(edits, text), check.rank + 3

    def _free_name(self) -> str:
        taken = {node.id for node in ast.walk(self.function) if isinstance(node, ast.Name)}
        taken |= self.code.names
        number = 1
        name = "result"
        while name in taken:
            number += 1
            name = f"result_{number}"
        return name


def _is_docstring(body: Sequence[ast.stmt]) -> bool:
    first = body[0]
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
        and len(body) > 1
    )
