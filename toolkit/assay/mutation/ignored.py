"""Lines that the user wants no mutants of: mutmut's pragmas and patterns, and what they reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst

from assay.mutation.arid import Change
from assay.mutation.positions import LineTable
from assay.mutation.tree import Site, Tree

PRAGMA = "pragma: no mutate"
PATTERN = "do_not_mutate_patterns"


@dataclass(frozen=True, slots=True)
class Ignored:
    """Lines, counted from 1, in the three ways of mutmut 3.8.

    Nothing is made of nodes that begin on one of `lines`, or of functions and classes that begin on
    one of `blocks`, or of expressions that begin on one of `patterns`; nor is anything made that
    would take away what stands on one of them.
    """

    lines: frozenset[int] = frozenset()
    blocks: frozenset[int] = frozenset()
    patterns: frozenset[int] = frozenset()
    _all: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_all", self.lines | self.blocks | self.patterns)

    @property
    def any(self) -> bool:
        return bool(self._all)

    def whole(self, site: Site, line: int) -> str:
        """Why a node is left with all below it."""
        if line in self.blocks and isinstance(site.node, cst.ClassDef | cst.FunctionDef):
            return PRAGMA
        if line in self.patterns and isinstance(site.node, cst.BaseExpression):
            return PATTERN
        return ""

    def change(self, tree: Tree, change: Change) -> str:
        """Why one replacement is left."""
        for site in (change.shown, change.old):
            if tree.line(site) in self.lines | self.blocks:
                return PRAGMA
        first, last = tree.line(change.old), tree.table.line_of(change.old.last)
        if self._all.isdisjoint(range(first, last + 1)):
            return ""
        kept = {id(node) for node in _walk(change.new)} if change.new is not None else set()
        for site in tree.inside(change.old):
            line = tree.line(site)
            if id(site.node) not in kept and line in self._all:
                return PATTERN if line in self.patterns else PRAGMA
        return ""


NOTHING_IGNORED = Ignored()


def _walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(current.children)


def pattern_lines(text: str, patterns: Sequence[re.Pattern[str]]) -> frozenset[int]:
    """The lines in which one of the patterns is found."""
    if not patterns:
        return frozenset()
    table = LineTable.of(text)
    return frozenset(
        number
        for number in range(1, len(table.starts) + 1)
        if any(pattern.search(table.line(number).rstrip("\r\n")) for pattern in patterns)
    )
