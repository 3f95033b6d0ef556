"""Which value a test expected and which it got, and in what way the two differ."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.diagnosis.assertion import NOTHING, Assertion, assertion_of, evaluated, plain, type_of
from assay.diagnosis.cause import Case
from assay.diagnosis.reach import Altered, behind, called_names, reached, statement_at
from assay.model.evidence import Frame
from assay.model.run import GOOD

_TIME = re.compile(r"\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d|datetime\.(?:datetime|date|time)\(")
_SHORTENED = re.compile(r"\.\.\.")


@dataclass(frozen=True, slots=True)
class Compared:
    """What an assertion of the test compared: `actual` is what the code gave and `expected` what
    the test wants, as pytest shows them. `written` is the test's own expression of what it wants
    and its node, if it is a literal there. `functions` are those whose value was looked at, the
    nearest first."""

    assertion: Assertion
    frame: Frame
    actual: str
    expected: str
    written: ast.expr | None
    functions: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether neither value was shortened."""
        return not any(_SHORTENED.search(text) for text in (self.actual, self.expected))


def compared(case: Case) -> Compared | None:
    """What the failed assertion compared, where it did; None for other failures."""
    assertion, frame = assertion_of(case.error), case.error.last_test_frame
    if assertion is None or frame is None:
        return None
    left, right = _operands(case, frame)
    swapped = _wants(case, frame, left) and not _wants(case, frame, right)
    actual, expected = (assertion.right, assertion.left) if swapped else assertion.sides
    got, want = (right, left) if swapped else (left, right)
    written = want if want is not None and is_literal(want) else None
    functions = list(_functions(case, assertion, frame, got))
    return Compared(
        assertion, frame, plain(actual), plain(expected), written, tuple(dict.fromkeys(functions))
    )


def _operands(case: Case, frame: Frame) -> tuple[ast.expr | None, ast.expr | None]:
    """The two sides of the comparison in the test's code."""
    statement = statement_at(case.sides, frame.path, frame.line)
    test = statement.test if isinstance(statement, ast.Assert) else None
    if isinstance(test, ast.Compare) and len(test.comparators) == 1:
        return test.left, test.comparators[0]
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        args = statement.value.args
        if "assert" in ast.unparse(statement.value.func).lower() and len(args) >= 2:
            return args[0], args[1]
    return test, None


def is_literal(node: ast.expr) -> bool:
    return evaluated(ast.unparse(node)) is not NOTHING


def _wants(case: Case, frame: Frame, node: ast.expr | None) -> bool:
    """Whether an expression is what the test wants, and not what the code gave."""
    if node is None:
        return False
    if is_literal(node):
        return True
    value = behind(case.sides, frame.path, frame.line, node)
    return is_literal(value) or (isinstance(node, ast.Name) and node.id.startswith("expect"))


def _functions(
    case: Case, assertion: Assertion, frame: Frame, got: ast.expr | None
) -> Iterator[str]:
    yield from (call.function for call in assertion.calls)
    if got is not None:
        yield from called_names(got)
        for node in ast.walk(got):
            if isinstance(node, ast.Name):
                yield from called_names(behind(case.sides, frame.path, frame.line, node))


# -- in what way they differ


def kind_of(one: Compared) -> str:
    """text, number, float, type, ordering, length, keys, time, truth, membership or value."""
    assertion = one.assertion
    if assertion.operator in ("in", "not in"):
        return "membership"
    if assertion.operator in ("", "is", "is not") or "bool" in _types(one):
        return "truth"
    if _TIME.search(one.actual) and _TIME.search(one.expected):
        return "time"
    got, want = evaluated(one.actual), evaluated(one.expected)
    if got is NOTHING or want is NOTHING:
        types = _types(one)
        return "type" if all(types) and types[0] != types[1] else "value"
    return _kind_of_literals(got, want, one)


def _kind_of_literals(got: object, want: object, one: Compared) -> str:
    numbers = isinstance(got, int | float) and isinstance(want, int | float)
    if type(got) is not type(want) and not numbers:
        return "type"
    if isinstance(got, int | float) and isinstance(want, int | float):
        return "float" if math.isclose(got, want, rel_tol=1e-9) else _length_or(one, "number")
    if isinstance(got, str):
        return "text"
    if isinstance(got, dict) and isinstance(want, dict):
        return "keys" if got.keys() != want.keys() else "value"
    if isinstance(got, list | tuple) and isinstance(want, list | tuple):
        if sorted(map(repr, got)) == sorted(map(repr, want)):
            return "ordering"
        return "length" if len(got) != len(want) else "value"
    return "value"


def _length_or(one: Compared, otherwise: str) -> str:
    calls = one.assertion.calls
    return "length" if calls and calls[0].function == "len" else otherwise


def _types(one: Compared) -> tuple[str, str]:
    return type_of(one.actual), type_of(one.expected)


# -- which side of the change made it fail


def by_sources(case: Case) -> bool:
    """Whether the sources' change makes it fail: with base's sources the same test passes."""
    matrix = case.matrix
    before = matrix.base if matrix.base is not None else matrix.new_tests
    if before not in GOOD or matrix.head in GOOD:
        return False
    return matrix.new_sources is None or matrix.new_sources not in GOOD


def by_tests(case: Case) -> bool:
    """Whether the tests' change makes it fail: as it was, it passes with head's sources."""
    matrix = case.matrix
    return matrix.base in GOOD and matrix.new_sources in GOOD and matrix.head not in GOOD


# -- where the value comes from


def origin_of(case: Case, functions: tuple[str, ...] = ()) -> Altered | None:
    """The altered definition that the value most likely comes from: where the executions part; the
    innermost one that the exception came through; one of the functions named; the only one that
    the test reaches, or the only one at the least distance. None where several are as likely."""
    found = reached(case)
    if not found:
        return None
    if case.difference is not None or found[0].depth == 0:
        return found[0]
    for function in functions:
        short = function.rpartition(".")[2]
        for one in found:
            if one.short == short or one.name in (function, f"{short}.__init__"):
                return one
    nearest = [one for one in found if one.depth == found[0].depth]
    functional = [one for one in nearest if one.after is not None]
    return functional[0] if len(functional) == 1 else (nearest[0] if len(nearest) == 1 else None)
