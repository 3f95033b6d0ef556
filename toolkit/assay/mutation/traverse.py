"""Where operators are applied in a file, and of what nothing shall be made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst

from assay.model.source import Span
from assay.mutation.arid import Change
from assay.mutation.ignored import NOTHING_IGNORED, Ignored
from assay.mutation.kinds import Kind, kind_of
from assay.mutation.operators.base import Operator, Swap
from assay.mutation.positions import BYTE_ORDER_MARK, LineTable
from assay.mutation.printing import apart, in_layout_of, splice, without_equal_lines
from assay.mutation.rules import Rule
from assay.mutation.tree import CannotMutate, Site, Tree


@dataclass(frozen=True, slots=True)
class RawMutation:
    """One replacement of a node's text, named by the operator that made it.

    `left` is why it shall not be run (the name of a rule, or that of a way to ignore lines), or
    empty.
    """

    operator: str
    span: Span
    original: str
    replacement: str
    kind: Kind
    left: str = ""


@dataclass(frozen=True, slots=True)
class Replacement:
    """One replacement of a node, as an operator made it; `new` None removes the node."""

    operator: Operator
    old: Site
    new: cst.CSTNode | None
    left: str = ""


def raw_mutations(
    source: str,
    filename: str,
    operators: Sequence[Operator],
    rules: Sequence[Rule] = (),
    ignored: Ignored = NOTHING_IGNORED,
) -> tuple[RawMutation, ...]:
    """Everything the operators make of a text, in the order of the nodes they are shown.

    Raises CannotMutate when the text cannot be parsed.
    """
    tree = Tree.of(source, filename)
    mark = len(source) - len(source.removeprefix(BYTE_ORDER_MARK))
    table = LineTable.of(source)
    generators = _generators(tree)
    try:
        return tuple(
            _raw(tree, table, mark, made, generators)
            for made in replacements(tree, operators, rules, ignored)
        )
    except RecursionError:
        raise CannotMutate(filename, "it is nested too deeply") from None


def _raw(
    tree: Tree, table: LineTable, mark: int, made: Replacement, generators: frozenset[int]
) -> RawMutation:
    start, end, text = text_of(tree, made)
    start, end = start + mark, end + mark
    return RawMutation(
        made.operator.name,
        table.span(start, end),
        table.text[start:end],
        text,
        kind_of(made.old, generators),
        made.left,
    )


def text_of(tree: Tree, made: Replacement) -> tuple[int, int, str]:
    """Offsets of the text that is replaced, and what takes its place."""
    found = splice(tree, made.old, made.new)
    if made.operator.of_mutmut:
        return found
    if isinstance(made.new, cst.BaseCompoundStatement):
        found = without_equal_lines(tree.text, found)
    return apart(tree.text, found)


def _generators(tree: Tree) -> frozenset[int]:
    """The ids of the nodes of functions that yield."""
    functions = (site.function() for site in tree.sites if isinstance(site.node, cst.Yield))
    return frozenset(id(function.node) for function in functions if function is not None)


# --- the walk -----------------------------------------------------------------------------------


def replacements(
    tree: Tree,
    operators: Sequence[Operator],
    rules: Sequence[Rule] = (),
    ignored: Ignored = NOTHING_IGNORED,
) -> Iterator[Replacement]:
    """What the operators make of a tree. Annotations are no code, and never looked at."""
    return _Walk(tree, operators, rules, ignored).replacements()


@dataclass(slots=True)
class _Walk:
    tree: Tree
    operators: Sequence[Operator]
    rules: Sequence[Rule]
    ignored: Ignored
    _shown: dict[type, list[Operator]] = field(default_factory=dict)
    _guards: dict[type, list[Rule]] = field(default_factory=dict)

    def replacements(self) -> Iterator[Replacement]:
        sites = self.tree.sites
        left, until = "", 0
        index = 0
        while index < len(sites):
            site = sites[index]
            index += 1
            kind = type(site.node)
            if kind is cst.Annotation:
                index = site.after
                continue
            if site.index >= until:
                left = self._left(site, kind)
                until = site.after if left else 0
            for operator in self._operators_for(kind):
                yield from self._applied(operator, site, left)

    def _operators_for(self, kind: type) -> list[Operator]:
        found = self._shown.get(kind)
        if found is None:
            found = [one for one in self.operators if issubclass(kind, one.kinds)]
            self._shown[kind] = found
        return found

    def _left(self, site: Site, kind: type) -> str:
        """Why nothing is made of the node and all below it."""
        if self.ignored.any and (reason := self.ignored.whole(site, self.tree.line(site))):
            return reason
        found = self._guards.get(kind)
        if found is None:
            found = [one for one in self.rules if one.kinds and issubclass(kind, one.kinds)]
            self._guards[kind] = found
        return next((rule.name for rule in found if rule.leaves_all(site)), "")

    def _applied(self, operator: Operator, site: Site, left: str) -> Iterator[Replacement]:
        try:
            for made in operator.make(site):
                swap = made if isinstance(made, Swap) else Swap(site.node, made)
                new = in_layout_of(swap.old, swap.new) if swap.new is not None else None
                old = site if swap.old is site.node else self.tree.site(swap.old)
                reason = left or self._between(old, site)
                reason = reason or self._reason(Change(operator.name, site, old, new))
                yield Replacement(operator, old, new, reason)
        except (SyntaxError, ValueError, OverflowError):
            # `a if(b)else c` or an int of 5000 digits makes mutmut's operators stumble (libcst's
            # refusals are SyntaxErrors); one odd node must not cost the file its other mutants.
            return

    def _between(self, old: Site, shown: Site) -> str:
        """Why a node below the one that the operator was shown is left."""
        site: Site | None = old
        while site is not None and site is not shown:
            if reason := self._left(site, type(site.node)):
                return reason
            site = site.parent
        return ""

    def _reason(self, change: Change) -> str:
        if self.ignored.any and (reason := self.ignored.change(self.tree, change)):
            return reason
        return next((rule.name for rule in self.rules if rule.leaves_change(change)), "")
