"""Where lines begin in a text, as Python counts them: only LF, CRLF and CR end a line."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from assay.model.source import Span

LINE_BREAK = re.compile(r"\r\n?|\n")

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class LineTable:
    """A text and the offset at which each of its lines begins.

    A byte order mark is part of the text but not of its first line, so no column counts it.
    """

    text: str
    starts: tuple[int, ...]

    @staticmethod
    def of(text: str) -> LineTable:
        first = len(text) - len(text.removeprefix(BYTE_ORDER_MARK))
        return LineTable(text, (first, *(match.end() for match in LINE_BREAK.finditer(text))))

    def offset(self, line: int, column: int) -> int:
        """Raises ValueError for a line the text does not have."""
        if not 1 <= line <= len(self.starts):
            raise ValueError(f"line {line} is outside a text of {len(self.starts)} lines")
        return self.starts[line - 1] + column

    def offset_of_bytes(self, line: int, column: int) -> int:
        """The offset for a column that counts UTF-8 bytes, as those of `ast` do."""
        start = self.offset(line, 0)
        if self.text.isascii():
            return start + column
        return start + len(self.line(line).encode()[:column].decode(errors="ignore"))

    def line(self, number: int) -> str:
        """The line with its line break."""
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end]

    def line_of(self, offset: int) -> int:
        return bisect_right(self.starts, offset)

    def span(self, start: int, end: int) -> Span:
        first, last = self.line_of(start), self.line_of(end)
        return Span(first, start - self.starts[first - 1], last, end - self.starts[last - 1])

    def offsets(self, span: Span) -> tuple[int, int]:
        return (
            self.offset(span.start_line, span.start_column),
            self.offset(span.end_line, span.end_column),
        )
