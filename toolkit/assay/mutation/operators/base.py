"""What an operator is: a kind of node, what it makes of one, and examples that say it exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from assay.mutation.tree import Site


@dataclass(frozen=True, slots=True)
class Swap:
    """A replacement of a node other than the one the operator was shown: `new` None removes it."""

    old: cst.CSTNode
    new: cst.CSTNode | None


Made = cst.CSTNode | Swap
"""A bare node takes the place of the one shown."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A rule that makes mutants.

    `makes` maps a piece of code to all that this operator makes of it, each as the whole piece
    afterwards; `leaves` are pieces it makes nothing of. Both are tests and documentation at once.
    """

    name: str
    kinds: tuple[type, ...]
    make: Callable[[Site], Iterable[Made]]
    does: str
    why: str
    makes: Mapping[str, tuple[str, ...]] = field(hash=False)
    leaves: tuple[str, ...] = ()
    source: str = "assay"

    @property
    def of_mutmut(self) -> bool:
        return self.source == "mutmut"


def name(value: str) -> cst.Name:
    return cst.Name(value)


NONE, TRUE, FALSE = "None", "True", "False"


def is_name(node: cst.CSTNode | None, *values: str) -> bool:
    return isinstance(node, cst.Name) and node.value in values


def last_name(node: cst.CSTNode | None) -> str:
    """`c` of `a.b.c` and of `a.b.c(...)`; empty for what has no name."""
    if isinstance(node, cst.Call):
        return last_name(node.func)
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def bracketed_like(old: cst.CSTNode, new: cst.CSTNode) -> cst.CSTNode:
    """An expression with the round brackets of another, unless it has some of its own."""
    brackets: Any = getattr(old, "lpar", None)
    if not brackets or getattr(new, "lpar", None):
        return new
    closing: Any = getattr(old, "rpar", None)
    return new.with_changes(lpar=brackets, rpar=closing)


def put(old: cst.CSTNode, new: cst.CSTNode) -> Swap:
    """One expression in the place of another, brackets kept."""
    return Swap(old, bracketed_like(old, new))


def small_statement(node: cst.CSTNode) -> cst.BaseSmallStatement | None:
    """The only statement of a block or a line, without its docstring; None if there are more."""
    body = statements(node)
    if len(body) > 1 and is_text(body[0]):
        body = body[1:]
    return body[0] if len(body) == 1 and isinstance(body[0], cst.BaseSmallStatement) else None


def statements(block: cst.CSTNode) -> list[cst.CSTNode]:
    """The statements of a block, those on one line apart."""
    found: list[cst.CSTNode] = []
    for statement in getattr(block, "body", ()):
        if isinstance(statement, cst.SimpleStatementLine):
            found.extend(statement.body)
        else:
            found.append(statement)
    return found


def is_text(statement: cst.CSTNode) -> bool:
    """Whether the statement is but a string, as docstrings are."""
    return isinstance(statement, cst.Expr) and isinstance(
        statement.value, cst.SimpleString | cst.ConcatenatedString
    )


def is_trivial(block: cst.CSTNode) -> bool:
    """Whether the block does nothing: `pass`, `...` or a docstring alone."""
    return all(
        isinstance(statement, cst.Pass)
        or is_text(statement)
        or (isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Ellipsis))
        for statement in statements(block)
    )


def block_of(old: cst.BaseSuite, *new: cst.BaseSmallStatement) -> cst.BaseSuite:
    """A block laid out as `old` is, with other statements behind its docstring."""
    first = statements(old)[:1]
    if isinstance(old, cst.SimpleStatementSuite):
        kept = [old.body[0]] if is_text(old.body[0]) else []
        return old.with_changes(body=[*kept, *new])
    assert isinstance(old, cst.IndentedBlock)
    head = [old.body[0]] if first and is_text(first[0]) and is_alone(old.body[0]) else []
    lines = [*head, *(cst.SimpleStatementLine([statement]) for statement in new)]
    return cst.IndentedBlock(body=lines, header=old.header, indent=old.indent)


def is_alone(line: cst.CSTNode) -> bool:
    """Whether a line has but one statement."""
    return isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
