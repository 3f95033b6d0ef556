"""Which mutants change given lines: judged by the words that differ, not by where a node starts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assay.model.mutant import Mutant
from assay.model.source import Span
from assay.mutation.apply import offsets
from assay.mutation.positions import LineTable

_TOKEN = re.compile(
    r"""
    (?P<space> \s+ | \#[^\r\n]* | \\(?=[\r\n]) )
    | (?:\b[rRbBuUfFtT]{1,2})? (?: '''(?s:\\.|.)*?''' | \"\"\"(?s:\\.|.)*?\"\"\"
                                 | '(?:\\(?s:.)|[^'\\\r\n])*' | "(?:\\(?s:.)|[^"\\\r\n])*" )
    | (?:\d|\.\d)(?:[eE][+-]|[\w.])*
    | \w+
    | \*\*=? | //=? | >>=? | <<=? | -> | := | \.\.\. | [-+*/%@&|^<>=!]=?
    | (?s:.)
    """,
    re.VERBOSE,
)


def in_lines(mutants: Iterable[Mutant], text: str, lines: frozenset[int]) -> tuple[Mutant, ...]:
    """The mutants whose changed words touch one of the lines.

    Raises ValueError for a mutant that is not one of this text.
    """
    table = LineTable.of(text)
    return tuple(mutant for mutant in mutants if _touches(mutant, table, lines))


def _touches(mutant: Mutant, table: LineTable, lines: frozenset[int]) -> bool:
    span = mutant.span
    if lines.isdisjoint(range(span.start_line, span.end_line + 1)):
        return False
    changed = changed_span(table, mutant)
    return not lines.isdisjoint(range(changed.start_line, changed.end_line + 1))


def changed_span(table: LineTable, mutant: Mutant) -> Span:
    """The words of the original that the mutant removes or replaces.

    Empty, at the end of the word before, where it only adds some.
    """
    start = offsets(table, mutant)[0]
    old, new = _tokens(mutant.original), _tokens(mutant.replacement)
    old_words, new_words = [word for word, _ in old], [word for word, _ in new]
    head = _common(old_words, new_words)
    tail = _common(old_words[::-1], new_words[::-1])
    # What is left of a removed argument can be seen in several ways ("a, b, c" loses "b," or
    # ", b"): the slack is how far the removed words may be moved towards the start.
    slack = max(0, head + tail - min(len(old), len(new)))
    tail -= slack
    choices = [
        _between(table, start, old, head - moved, len(old) - tail - moved)
        for moved in range(slack + 1 if len(new) < len(old) else 1)
    ]
    return min(choices, key=lambda span: span.end_line - span.start_line)


def _between(
    table: LineTable, start: int, tokens: list[tuple[str, int]], first: int, last: int
) -> Span:
    if first < last:
        word, at = tokens[last - 1]
        return table.span(start + tokens[first][1], start + at + len(word))
    if first == 0:
        return table.span(start, start)
    word, at = tokens[first - 1]
    return table.span(start + at + len(word), start + at + len(word))


def _tokens(text: str) -> list[tuple[str, int]]:
    """Words of Python with their offsets, comments and white space left out."""
    return [(match[0], match.start()) for match in _TOKEN.finditer(text) if match["space"] is None]


def _common(old: list[str], new: list[str]) -> int:
    """How many words at the start are equal."""
    shorter = min(len(old), len(new))
    return next((index for index in range(shorter) if old[index] != new[index]), shorter)
