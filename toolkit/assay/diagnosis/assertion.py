"""What a failed assertion compared, read from the words of pytest and unittest."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from assay.model.evidence import Raised

OPERATORS = ("==", "!=", "not in", "in", "is not", "is", "<=", ">=", "<", ">")
_OPENING, _CLOSING = "([{", ")]}"

_WHERE = re.compile(r"^ *\+ +(?:where|and) +(?P<value>.*?) = (?P<call>.*)$")
_CALL = re.compile(
    r"(?:<function (?P<function>[\w.<>]+) at 0x[0-9a-f]+>|<bound method (?P<method>[\w.]+) of .*>"
    r"|<class '(?P<class>[\w.]+)'>|(?P<name>[\w.]+))\("
)
_UNITTEST = re.compile(
    r"(?P<left>.+) (?P<op>!=|==|not found in|unexpectedly found in|is not) (?P<right>.+)"
)
_UNITTEST_OPERATORS = {
    "!=": "==",
    "==": "!=",
    "not found in": "in",
    "unexpectedly found in": "not in",
    "is not": "is",
}
_AT = re.compile(r" at 0x[0-9a-f]+")
_MADE = re.compile(r"<?(?:class ')?([A-Za-z_][\w.]*)(?: object| instance)?[(: >]")


@dataclass(frozen=True, slots=True)
class Call:
    """A call that a value of the assertion came from: `function` is its qualified name, without
    the module for functions, with it for classes; `text` the call as pytest tells it."""

    value: str
    function: str
    text: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """`left operator right` was false. Values are as pytest shows them, shortened ones included;
    where only the truth of one value was asked, that is `left`, and the others are ""."""

    left: str
    operator: str
    right: str
    calls: tuple[Call, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[str, str]:
        return self.left, self.right


def assertion_of(error: Raised) -> Assertion | None:
    """What was compared; None if it is no assertion, or a bare one."""
    if not error.is_a("AssertionError"):
        return None
    last = error.last_frame
    if last is not None and last.path.endswith("unittest/case.py"):
        return _of_unittest(error.first_line)
    lines = error.message.split("\n")
    start = next((n for n, line in enumerate(lines) if line.startswith("assert ")), None)
    if start is None:
        return None
    rest = lines[start + 1 :]
    calls = tuple(_calls(rest))
    details = tuple(line.strip() for line in rest if line.strip() and not _WHERE.match(line))
    left, operator, right = split(lines[start].removeprefix("assert "))
    return Assertion(left, operator, right, calls, details)


def _of_unittest(line: str) -> Assertion | None:
    told = _UNITTEST.match(line)
    if told is None:
        return None
    right = told["right"]
    # A message of the test's own follows the values.
    while " : " in right and evaluated(right) is NOTHING:
        right = right.rpartition(" : ")[0]
    return Assertion(told["left"], _UNITTEST_OPERATORS[told["op"]], right)


def _calls(lines: list[str]) -> Iterator[Call]:
    for line in lines:
        where = _WHERE.match(line)
        called = _CALL.match(where["call"]) if where is not None else None
        if where is None or called is None:
            continue
        name = next(name for name in called.groups() if name)
        yield Call(where["value"], name.replace(".<locals>", ""), where["call"])


def split(text: str) -> tuple[str, str, str]:
    """The two operands of a comparison around its operator; the whole text and two times "" if it
    compares nothing."""
    for index in _outside(text):
        for operator in OPERATORS:
            if text.startswith(f" {operator} ", index):
                end = index + len(operator) + 2
                return text[:index].strip(), operator, text[end:].strip()
    return text.strip(), "", ""


def _outside(text: str) -> Iterator[int]:
    """Where in a text there are blanks outside quotes and brackets."""
    depth, quote, index = 0, "", 0
    while index < len(text):
        char = text[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
        elif char == " " and depth <= 0:
            yield index
        index += 1


class Nothing:
    """The value of what is no literal."""


NOTHING = Nothing()


def evaluated(text: str) -> Any:
    """The value of a literal, or NOTHING."""
    with suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ast.literal_eval(text)
    return NOTHING


def type_of(text: str) -> str:
    """The name of the type of a value that is shown so; "" if it cannot be told."""
    value = evaluated(text)
    if value is not NOTHING:
        return type(value).__name__
    if text.startswith(("'", '"')):
        return "str"
    for start, name in (("[", "list"), ("b'", "bytes"), ("{", "dict" if ":" in text else "set")):
        if text.startswith(start):
            return name
    made = _MADE.match(text)
    if text.startswith("<coroutine"):
        return "coroutine"
    return made[1].rpartition(".")[2] if made is not None else ""


def plain(text: str) -> str:
    """Without addresses, which differ from run to run."""
    return _AT.sub("", text)
