"""Which changed statements the recorded tests ran (pure)."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Collection, Iterable, Iterator

from assay.change.version import is_typing_only, parsed, plain_lines
from assay.change.walk import inner_lists
from assay.model.answer import ChangedLines
from assay.model.change import SemanticChange
from assay.model.impact import ImpactMap
from assay.model.source import decode

Excluded = Callable[[str], Collection[int]]
"""First lines of the statements of a text that are not to be covered."""


def changed_lines(
    change: SemanticChange, skip: Collection[str], impact: ImpactMap, excluded: Excluded
) -> Iterator[ChangedLines]:
    """For each changed file that is not skipped and has changed statements: those, and which of
    them no test ran, at import or later."""
    contents = {file.path: file for file in change.change.files}
    for path, source in sorted(change.sources.items()):
        file = contents[path]
        if path in skip or file.after is None or source.problem:
            continue
        touched = {line for unit in change.units if unit.path == path for line in unit.lines}
        touched &= file.changed_lines
        if not touched:
            continue
        mask = 0
        for node in impact.nodes.values():
            lines = node.lines.get(path)
            if lines is not None and lines.sha == source.sha:
                mask |= lines.mask
        text = decode(file.after)
        spans = [span for span in statements(text, excluded) if touched.intersection(span)]
        if spans:
            missed = [span[0] for span in spans if not any(mask >> line & 1 for line in span)]
            yield ChangedLines(path, tuple(span[0] for span in spans), tuple(missed))


def statements(text: str, excluded: Excluded) -> list[range]:
    """The lines of each statement that can run, or of its header, in order; docstrings, code that
    is for type checkers only and what is excluded left out."""
    tree = parsed(text)
    try:
        code = compile(tree, "file", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return []
    executable = set(_code_lines(code))
    found = {
        (span.start, span.stop): span
        for span in _spans(tree.body, frozenset(excluded(plain_lines(text))))
        if executable.intersection(span)
    }
    return [found[place] for place in sorted(found)]


def _code_lines(code: types.CodeType) -> Iterator[int]:
    pending = [code]
    while pending:
        one = pending.pop()
        yield from (line for _, _, line in one.co_lines() if line)
        pending += [const for const in one.co_consts if isinstance(const, types.CodeType)]


def _spans(body: Iterable[ast.AST], excluded: frozenset[int]) -> Iterator[range]:
    for node in body:
        if not isinstance(node, ast.stmt) or is_typing_only(node):
            continue
        header = _header(node)
        if excluded.intersection(header):
            continue
        if not _is_bare_constant(node):
            yield header
        for inner in inner_lists(node):
            yield from _spans(inner, excluded)


def _header(node: ast.stmt) -> range:
    """The lines of a statement, down to the first statement inside of it."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    inside = [one.lineno for part in inner_lists(node) for one in part if hasattr(one, "lineno")]
    last = node.end_lineno or node.lineno
    # On one line (`if x: y`) the header and what is inside share it.
    return range(first, max(min([last, *(line - 1 for line in inside)]), node.lineno) + 1)


def _is_bare_constant(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
