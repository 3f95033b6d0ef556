"""Turns replacements of nodes into replacements of text, exactly to the character."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState

from assay.mutation.tree import Site, Tree

Splice = tuple[int, int, str]
"""Offsets of the text to replace, and what to put there."""

_OpenEnded = cst.BaseCompoundStatement | cst.ExceptHandler | cst.ExceptStarHandler


def splice(tree: Tree, site: Site, new: cst.CSTNode | None) -> Splice:
    """What putting `new` (None: nothing) in the place of the site's node does to the text.

    A node is printed with the indentation of its place, which it does not know by itself.
    """
    if new is None:
        return _removal(tree, site)
    if isinstance(site.node, cst.IndentedBlock) and isinstance(new, cst.IndentedBlock):
        return _of_blocks(tree, site.node, new)
    state = CodegenState(tree.module.default_indent, tree.module.default_newline)
    state.indent_tokens.extend(site.indents)
    new._codegen(state)
    if site.end > tree.printed_length:
        # The module takes back the last line break of a file that ends without one.
        state.tokens.pop()
    end = min(site.end, tree.printed_length)
    return _trimmed(tree.text, site, end, "".join(state.tokens))


def _of_blocks(tree: Tree, old: cst.IndentedBlock, new: cst.IndentedBlock) -> Splice:
    """Other statements, without the comments around them: ids are to survive these."""
    kept = int(new.body[0] is old.body[0])
    head = old.body[kept]
    decorators = getattr(head, "decorators", ())
    start = tree.site(decorators[0] if decorators else head).first
    end = tree.site(old.body[-1]).last
    indent = tree.text[tree.table.offset(tree.table.line_of(start), 0) : start]
    lines = [tree.module.code_for_node(line).strip() for line in new.body[kept:]]
    return start, end, f"{tree.module.default_newline}{indent}".join(lines)


def _trimmed(text: str, site: Site, end: int, new: str) -> Splice:
    """Without the brackets, comments and white space around the node that stay as they are."""
    start, first, last = site.start, site.first, site.last
    lead, trail = text[start:first], text[min(last, end) : end]
    if len(lead + trail) <= len(new) and new.startswith(lead) and new.endswith(trail):
        start, end, new = first, end - len(trail), new[len(lead) : len(new) - len(trail)]
    return _tight(text, start, end, new)


def _tight(text: str, start: int, end: int, new: str) -> Splice:
    """Without white space at both ends that stays as it is."""
    while new[:1].isspace() and text[start:end][:1] == new[:1]:
        start, new = start + 1, new[1:]
    while new[-1:].isspace() and text[start:end][-1:] == new[-1:]:
        end, new = end - 1, new[:-1]
    return start, end, new


def _removal(tree: Tree, site: Site) -> Splice:
    """A node that stands on lines of its own goes with all of them."""
    table = tree.table
    start, end = site.start, min(site.end, tree.printed_length)
    if isinstance(site.node, cst.Decorator):
        start = table.offset(table.line_of(site.first), 0)
    return start, end, ""


def without_equal_lines(text: str, made: Splice) -> Splice:
    """Without the lines at both ends of a compound statement or a block that stay as they are."""
    start, end, new = made
    old_lines = text[start:end].splitlines(keepends=True)
    new_lines = new.splitlines(keepends=True)
    head = _common(old_lines, new_lines)
    tail = _common(old_lines[head:][::-1], new_lines[head:][::-1])
    start += sum(map(len, old_lines[:head]))
    end -= sum(map(len, old_lines[len(old_lines) - tail :]))
    new = "".join(new_lines[head : len(new_lines) - tail])
    return _tight(text, start, end, new)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    shorter = min(len(old), len(new))
    return next((index for index in range(shorter) if old[index] != new[index]), shorter)


def apart(text: str, made: Splice) -> Splice:
    """With a space where two words would run together: `return[a]` must not become
    `returnNone`."""
    start, end, new = made
    if start and _is_word(text[start - 1]) and _is_word(new[:1]):
        new = f" {new}"
    if _is_word(new[-1:]) and _is_word(text[end : end + 1]):
        new = f"{new} "
    return start, end, new


def _is_word(character: str) -> bool:
    return character == "_" or character.isalnum()


def in_layout_of(old: cst.CSTNode, new: cst.CSTNode) -> cst.CSTNode:
    """`new` with the white space, brackets and semicolon of `old`.

    New operators come with default spaces, which would join the lines of a condition broken before
    its `and`, and drop the brackets of `(not a)`, which would turn `return(not a)` into a name and
    `(not a < b) == c` into a chain.
    """
    if isinstance(old, cst.UnaryOperation) and new is old.expression:
        if not old.lpar:
            return new
        brackets: dict[str, Any] = {
            "lpar": [*old.lpar, *getattr(new, "lpar", ())],
            "rpar": [*getattr(new, "rpar", ()), *old.rpar],
        }
        return new.with_changes(**brackets)
    if isinstance(old, cst.BaseSmallStatement) and isinstance(new, cst.BaseSmallStatement):
        return new.with_changes(semicolon=getattr(old, "semicolon", cst.MaybeSentinel.DEFAULT))
    before, after = getattr(old, "operator", None), getattr(new, "operator", None)
    if isinstance(before, cst.CSTNode) and isinstance(after, cst.CSTNode) and before is not after:
        return new.with_changes(operator=_spaced_like(before, after))
    return _spaced_like(old, new)


def _spaced_like(old: cst.CSTNode, new: cst.CSTNode) -> cst.CSTNode:
    names = ("whitespace_before", "whitespace_after")
    spaces = {name: getattr(old, name) for name in names if hasattr(old, name)}
    if type(old) is type(new) or not spaces or not all(hasattr(new, name) for name in spaces):
        return new
    return new.with_changes(**spaces)
