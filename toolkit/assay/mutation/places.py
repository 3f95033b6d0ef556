"""Which statement a piece of text belongs to, in which function, and what it means there."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from assay.model.source import MODULE_UNIT
from assay.mutation.positions import LineTable
from assay.mutation.syntax import fingerprint, parse

_LARGE = 256
"""Statements of more syntax nodes than this (tables of data) are compared by the expression around
a change: reading all of a table again for each of its thousand mutants would take minutes."""

_Compound = (
    ast.If
    | ast.For
    | ast.AsyncFor
    | ast.While
    | ast.With
    | ast.AsyncWith
    | ast.FunctionDef
    | ast.AsyncFunctionDef
    | ast.ClassDef
    | ast.Try
    | ast.TryStar
    | ast.Match
)
_Loop = ast.For | ast.AsyncFor | ast.While
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Loaded = ast.Load | ast.Store | ast.Del
_NOT_ALONE = (ast.Starred, ast.Slice, ast.FormattedValue)
"""Expressions that cannot stand by themselves between brackets."""


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of text that can be read by itself, between `prefix` and `suffix`."""

    start: int
    end: int
    prefix: str = ""
    suffix: str = ""

    def holds(self, start: int, end: int) -> bool:
        return self.start <= start and end <= self.end


@dataclass(frozen=True, slots=True)
class Place:
    """A simple statement, the header of a compound one, or all of a compound one.

    `function` is the qualified name of the innermost function around it, `MODULE_UNIT` without
    one; `outer` is all of the outermost one, without its decorators, to be compiled by itself;
    outside of functions that of the outermost loop.
    """

    region: Region
    node: ast.AST
    first_line: int
    lines: frozenset[int]
    function: str
    outer: Region | None


@dataclass(frozen=True, slots=True)
class _Context:
    """The names on the way to a statement."""

    prefix: str = ""
    function: str = MODULE_UNIT
    in_class: bool = False
    outer: Region | None = None

    def within(self, node: _Function | ast.ClassDef, whole: Region) -> _Context:
        name = self.prefix + node.name
        if isinstance(node, ast.ClassDef):
            return _Context(f"{name}.", self.function, True, self.outer)
        return _Context(f"{name}.<locals>.", name, False, self.outer or whole)


@dataclass(slots=True)
class Places:
    """All places of a text; none when this Python cannot read it or it is nested too deeply."""

    tree: ast.Module | None
    table: LineTable
    places: list[Place]
    _starts: list[int]
    _sizes: dict[int, int] = field(default_factory=dict)
    _children: dict[int, list[tuple[int, int, ast.expr]]] = field(default_factory=dict)
    _meanings: dict[Region, str | None] = field(default_factory=dict)

    @staticmethod
    def of(text: str) -> Places:
        tree = parse(text)
        table = LineTable.of(text)
        try:
            found = list(_Finder(table).block(tree.body, _Context())) if tree else []
        except RecursionError:
            found = []
        # All of a compound statement comes before its header, so that the header is met first
        # on the way back from a position.
        found.sort(key=lambda place: (place.region.start, -place.region.end))
        return Places(tree, table, found, [place.region.start for place in found])

    def at(self, start: int, end: int) -> Place | None:
        """The innermost place that holds all of the text."""
        for index in range(bisect_right(self._starts, start) - 1, -1, -1):
            if self.places[index].region.holds(start, end):
                return self.places[index]
        return None

    def regions(self, place: Place, start: int, end: int) -> Iterator[Region]:
        """Where to compare the meaning of a change, best first."""
        simple = isinstance(place.node, ast.stmt) and not isinstance(place.node, _Compound)
        if simple and self._is_large(place):
            yield from self._expressions(place.node, start, end)
        yield place.region

    def meaning(self, region: Region) -> str | None:
        """The fingerprint of the text as it stands; None when it cannot be read by itself."""
        if region not in self._meanings:
            tree = self.tree_with(region, region.start, region.start, "")
            self._meanings[region] = meaning_of(tree) if tree else None
        return self._meanings[region]

    def tree_with(
        self, region: Region, start: int, end: int, replacement: str
    ) -> ast.Module | None:
        """A region in which one stretch of text is replaced; None when it cannot be read."""
        return parse(self.text_with(region, start, end, replacement))

    def text_with(self, region: Region, start: int, end: int, replacement: str) -> str:
        """The text of a region in which one stretch of text is replaced."""
        text = self.table.text
        before, after = text[region.start : start], text[end : region.end]
        return f"{region.prefix}{before}{replacement}{after}{region.suffix}"

    # --- large statements ---

    def _is_large(self, place: Place) -> bool:
        # A node takes half a character at the least, so short text needs no counting.
        return 2 * (place.region.end - place.region.start) > _LARGE < self._size(place.node)

    def _size(self, node: ast.AST) -> int:
        """The number of nodes, which unlike that of characters no reformatting changes."""
        if id(node) not in self._sizes:
            count = sum(not isinstance(child, _Loaded) for child in ast.walk(node))
            self._sizes[id(node)] = count
        return self._sizes[id(node)]

    def _expressions(self, node: ast.AST, start: int, end: int) -> Iterator[Region]:
        """The largest expression around the text that is not large itself, else the smallest."""
        best: Region | None = None
        inner: ast.AST | None = node
        while inner is not None and not isinstance(inner, ast.JoinedStr):
            found = self._child(inner, start, end)
            if found is None:
                break
            first, last, inner = found
            if not isinstance(inner, _NOT_ALONE):
                best = Region(first, last, "(", ")")
                if self._size(inner) <= _LARGE:
                    break
        if best is not None:
            yield best

    def _child(self, node: ast.AST, start: int, end: int) -> tuple[int, int, ast.expr] | None:
        if id(node) not in self._children:
            spans = [(*_offsets(self.table, child), child) for child in _expressions_under(node)]
            self._children[id(node)] = sorted(spans, key=lambda span: span[:2])
        children = self._children[id(node)]
        index = bisect_right(children, start, key=lambda child: child[0]) - 1
        if index >= 0 and end <= children[index][1]:
            return children[index]
        return None


def meaning_of(tree: ast.Module) -> str | None:
    """The fingerprint; None for what is nested too deeply to have one."""
    try:
        return fingerprint(tree)
    except RecursionError:
        return None


def _expressions_under(node: ast.AST) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif not isinstance(child, ast.stmt):
            yield from _expressions_under(child)


def _offsets(table: LineTable, node: ast.expr | ast.stmt | ast.ExceptHandler) -> tuple[int, int]:
    assert node.end_lineno is not None and node.end_col_offset is not None
    start = table.offset_of_bytes(node.lineno, node.col_offset)
    return start, table.offset_of_bytes(node.end_lineno, node.end_col_offset)


@dataclass(frozen=True, slots=True)
class _Finder:
    """Walks statements; expressions are never entered."""

    table: LineTable

    def block(self, body: list[ast.stmt], context: _Context) -> Iterator[Place]:
        for node in body:
            if isinstance(node, _Compound):
                yield from self._compound(node, context)
            else:
                region = Region(*_offsets(self.table, node))
                lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                yield _place(region, node, lines, context)

    def _compound(self, node: _Compound, context: _Context) -> Iterator[Place]:
        start, end = _offsets(self.table, node)
        if self.table.text.startswith("elif", start):
            start += len("el")
        if isinstance(node, ast.Match):
            body, suffix = self._case_start(node.cases[0]), "case _: pass"
        else:
            body, suffix = self._start(node.body[0]), "pass"
        lines = self._header_lines(node.lineno, body)
        yield _place(self._whole(node, start, end), node, lines, context)
        if not isinstance(node, ast.Try | ast.TryStar):
            yield _place(Region(start, body, "", suffix), node, lines, context)
        if isinstance(node, _Function | ast.ClassDef) and node.decorator_list:
            indent = self._indent(node)
            shell = f"if 1:\n{indent}" if indent else ""
            above = Region(self._start(node), start, shell, "def _(): pass")
            first = self.table.line_of(above.start)
            yield _place(above, node, range(first, node.lineno), context)
        yield from self._inside(node, context)

    def _inside(self, node: _Compound, context: _Context) -> Iterator[Place]:
        if isinstance(node, _Function | ast.ClassDef):
            context = context.within(node, self._alone(node, context))
        elif isinstance(node, _Loop) and context.outer is None:
            # A `break` cannot be compiled without its loop.
            context = replace(context, outer=self._alone(node, context))
        for case in getattr(node, "cases", ()):
            yield self._clause(case, self._case_start(case), "match _:\n ", context)
            yield from self.block(case.body, context)
        for part in ("body", "orelse", "finalbody"):
            yield from self.block(getattr(node, part, []), context)
        for handler in getattr(node, "handlers", ()):
            start = _offsets(self.table, handler)[0]
            yield self._clause(handler, start, "try:\n pass\n", context)
            yield from self.block(handler.body, context)

    def _clause(
        self,
        clause: ast.match_case | ast.ExceptHandler,
        start: int,
        prefix: str,
        context: _Context,
    ) -> Place:
        body = self._start(clause.body[0])
        lines = self._header_lines(self.table.line_of(start), body)
        return _place(Region(start, body, prefix, "pass"), clause, lines, context)

    def _case_start(self, case: ast.match_case) -> int:
        """The position of the keyword, for `ast` gives only that of the pattern."""
        pattern = self.table.offset_of_bytes(case.pattern.lineno, case.pattern.col_offset)
        return self.table.text.rindex("case", 0, pattern)

    def _whole(self, node: _Compound, start: int, end: int) -> Region:
        """All of a statement, with an indentation at its start that its later clauses need."""
        indent = self._indent(node)
        prefix = f"if 1:\n{indent}" if indent else ""
        return Region(min(start, self._start(node)), end, prefix)

    def _alone(self, node: ast.stmt, context: _Context) -> Region:
        """A definition without its decorators, in a shell that names are mangled in as here."""
        start, end = _offsets(self.table, node)
        indent = self._indent(node)
        shell = "class _:" if context.in_class else "if 1:"
        return Region(start, end, f"{shell}\n{indent}" if indent else "")

    def _indent(self, node: ast.stmt) -> str:
        start = self.table.offset(node.lineno, 0)
        indent = self.table.text[start : _offsets(self.table, node)[0]].removesuffix("el")
        return indent if indent.isspace() else ""

    def _start(self, node: ast.stmt) -> int:
        """The start of a statement, or of its first decorator."""
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        start = _offsets(self.table, decorators[0] if decorators else node)[0]
        return self.table.text.rindex("@", 0, start) if decorators else start

    def _header_lines(self, first: int, body: int) -> range:
        """From `first` to the line of the colon, which is the last that is not just a comment."""
        last = self.table.line_of(body)
        text = self.table.text[self.table.offset(last, 0) : body].strip()
        while last > first and (not text or text.startswith("#")):
            last -= 1
            text = self.table.line(last).strip()
        return range(first, last + 1)


def _place(region: Region, node: ast.AST, lines: range, context: _Context) -> Place:
    return Place(region, node, lines[0], frozenset(lines), context.function, context.outer)
