"""Assertions on one expression, written as pytest or as unittest has them."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from assay.explain.summaries import (
    MISSING,
    Path,
    Summary,
    at,
    expression,
    is_private,
    is_whole,
    literal,
    text_of,
)

SHORT = 64
"""A literal is written out whole up to so many characters."""

_PLAIN_TEXT = re.compile(r"(?<![\w'\"\\])'([^'\"\\]*)'(?!['\"])")

LONG_FLOAT = 14
"""Characters from which a float is rather compared approximately."""


@dataclass(frozen=True, slots=True)
class Check:
    """`kind` is eq, is, in, not, isinstance, approx; `value` the other side; `rank` the lower the
    better."""

    kind: str
    expression: str
    value: str
    rank: int

    def written(self, unittest: bool) -> str:
        if unittest:
            return self._in_unittest()
        if self.kind == "eq":
            return f"assert {self.expression} == {self.value}"
        if self.kind == "is":
            return f"assert {self.expression} is {self.value}"
        if self.kind == "not":
            return f"assert {self.expression} is not {self.value}"
        if self.kind == "in":
            return f"assert {self.value} in {self.expression}"
        if self.kind == "isinstance":
            return f"assert isinstance({self.expression}, {self.value})"
        return f"assert {self.expression} == pytest.approx({self.value})"

    def _in_unittest(self) -> str:
        if self.kind in ("is", "not") and self.value == "None":
            word = "None" if self.kind == "is" else "NotNone"
            return f"self.assertIs{word}({self.expression})"
        if self.kind == "in":
            return f"self.assertIn({self.value}, {self.expression})"
        names = {
            "eq": "Equal",
            "is": "Is",
            "not": "IsNot",
            "isinstance": "IsInstance",
            "approx": "AlmostEqual",
        }
        return f"self.assert{names[self.kind]}({self.expression}, {self.value})"


@dataclass(frozen=True, slots=True)
class Known:
    """What a test file allows: names it has, and texts that belong to this machine."""

    names: Collection[str]
    machine: Collection[str] = ()
    quote: str = "'"
    attributes: Collection[str] = ()

    def quoted(self, text: str) -> str:
        """A literal with the quotes that the file uses."""
        if self.quote == "'":
            return text
        return _PLAIN_TEXT.sub(r'"\1"', text)

    def may_see(self, path: Path) -> bool:
        """Whether the path is public, or the file names what is private in it already."""
        private = (name for kind, name in path if kind == "attr" and str(name).startswith("_"))
        return all(name in self.attributes for name in private)

    def may_write(self, text: str) -> bool:
        """Whether the literal means the same on another machine, and its names are there."""
        if any(part in text for part in self.machine):
            return False
        try:
            tree = ast.parse(text, mode="eval")
        except (SyntaxError, ValueError):
            return False
        roots = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        return all(name in self.names or hasattr(builtins, name) for name in roots)


def checks(
    root_name: str,
    root: Summary,
    path: Path,
    after: Summary,
    masked: Collection[Path],
    known: Known,
) -> Iterator[Check]:
    """Assertions that tell a value from another at a path of a named one, best first.

    The outermost part that can be written out whole comes first: it says most.
    """
    for size in range(len(path) + 1):
        here = path[:size]
        text = expression(root_name, here)
        value = at(root, here)
        if text is None or not _is_steady(here, masked) or not known.may_see(here):
            continue
        written = literal(value) if is_whole(value) else None
        written = None if written is None else known.quoted(written)
        if written is None or len(written) > SHORT or not known.may_write(written):
            continue
        rank = 10 * is_private(here) + size + (1 if here != path else 0)
        yield from _of_literal(text, value, written, rank, known)
        if here != path:
            break
    text = expression(root_name, path)
    if text is not None and known.may_see(path):
        rank = 10 * is_private(path) + len(path) + 2
        yield from _of_shape(text, at(root, path), after, rank, known)


def _is_steady(path: Path, masked: Collection[Path]) -> bool:
    return not any(one[: len(path)] == path for one in masked)


def _of_literal(
    text: str, value: Summary, written: str, rank: int, known: Known
) -> Iterator[Check]:
    if written in ("None", "True", "False"):
        yield Check("is", text, written, rank)
    elif value[0] == "v" and value[1] == "float" and len(written) > LONG_FLOAT:
        if "pytest" in known.names:
            yield Check("approx", text, f"{float(written):.8g}", rank)
    else:
        yield Check("eq", text, written, rank)


def _of_shape(
    text: str, before: Summary, after: Summary, rank: int, known: Known
) -> Iterator[Check]:
    """Where a literal does not tell, or would be too long."""
    yield from _of_words(text, before, after, rank, known)
    sizes = [one[2] if one[0] in ("l", "d") else None for one in (before, after)]
    if sizes[0] is not None and sizes[0] != sizes[1]:
        yield Check("eq", f"len({text})", str(sizes[0]), rank)
    if before[0] == "e" and after != before:
        yield from _of_member(text, before, rank, known)
    if after[0] == "v" and after[1] == "NoneType" and before is not MISSING:
        yield Check("not", text, "None", rank + 1)
    if before[0] == "n" and before[2] in known.names:
        yield Check("is", text, before[2], rank)
    if before[1:2] != after[1:2] and before[0] in ("o", "x", "v", "l", "d", "s", "e"):
        name = str(before[1]).rpartition(".")[2]
        if name in known.names or hasattr(builtins, name):
            yield Check("isinstance", text, name, rank + 1)
        else:
            yield Check("eq", f"type({text}).__name__", repr(name), rank + 5)


def _of_words(
    text: str, before: Summary, after: Summary, rank: int, known: Known
) -> Iterator[Check]:
    """Of a long text, the line that is not in the other."""
    one, other = text_of(before), text_of(after)
    if one is None or len(repr(one)) <= SHORT:
        return
    for part in (*_telling_lines(one), fragment(one, other or "")):
        if part and part not in (other or "") and len(repr(part)) <= SHORT + 16:
            if known.may_write(known.quoted(repr(part))):
                yield Check("in", text, known.quoted(repr(part)), rank)
            return


def _telling_lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    return lines if len(lines) > 1 else []


def fragment(one: str, other: str) -> str:
    """The words of a text around the first place where it differs from another."""
    pairs = zip(one, other, strict=False)
    at = next((number for number, (a, b) in enumerate(pairs) if a != b), len(other))
    start = max(0, at - SHORT // 3)
    if start:
        start = one.find(" ", start, at) + 1 or start
    end = min(len(one), at + SHORT // 3)
    if end < len(one):
        end = max(one.rfind(" ", at, end), at + 1)
    return one[start:end].strip()


def _of_member(text: str, before: Summary, rank: int, known: Known) -> Iterator[Check]:
    owner, member = str(before[1]).rpartition(".")[2], str(before[2]).strip("'")
    if owner in known.names:
        yield Check("is", text, f"{owner}.{member}", rank)
    else:
        yield Check("eq", f"{text}.name", repr(member), rank)
