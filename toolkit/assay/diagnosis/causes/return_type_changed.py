"""The changed code gives a value of another type.

`facts`: `path` and `name` of the function, `before` and `after` (names of the types, "" where
unknown).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.diagnosis.assertion import Assertion, type_of
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.intent import of_accident, of_contradicted, of_intent, of_regression_test
from assay.diagnosis.proofs import (
    certainty_of,
    facts_of,
    key_of,
    of_failure,
    of_origin,
    shown,
    sites_of,
)
from assay.diagnosis.reach import Altered
from assay.diagnosis.returning import returns
from assay.diagnosis.values import by_sources, compared, kind_of, origin_of
from assay.model.diagnosis import Certainty, Fault, Match, Sign
from assay.model.evidence import Raised

_REFUSED = re.compile(
    r"unsupported operand type\(s\)|can only concatenate|must be str, not|not supported between "
    r"instances of|object is not (?:iterable|subscriptable|callable|an iterator)|has no len\(\)"
    r"|can't multiply sequence|bad operand type|expected str instance|indices must be integers"
    r"|cannot unpack non-iterable|a bytes-like object is required|expected string or bytes"
    r"|argument must be|cannot be interpreted as an integer|does not support item"
    r"|unhashable type|object does not support"
)
_BUILTIN = re.compile(r"'(?:str|int|float|list|dict|tuple|set|bytes|bool|generator|map|filter)'")
_CALLED = ("function", "method", "builtin_function_or_method", "partial")
"""Types of what was to be called, or came in place of an object that could."""
_ISINSTANCE = re.compile(r"isinstance\((?P<value>.*), (?:<class ')?(?P<type>[\w.]+)'?>?\)$")


def _match(case: Case) -> Match | None:
    if not by_sources(case):
        return None
    told = _of_difference(case) or _of_assertion(case) or _of_exception(case)
    if told is None:
        return None
    before, after, value, functions = told
    origin = origin_of(case, functions)
    if (origin is None or not _can_be(origin)) and case.difference is None:
        return None
    types = f"{before or 'another type'} at base and {after or 'another type'} at head"
    who = f"`{origin.name}`" if origin is not None else "the code"
    return Match(
        cause=CAUSE.name,
        key=key_of(case, origin, ""),
        certainty=certainty_of(case),
        sentence=f"{who} gives {types}{f': {shown(value)}' if value else ''}"
        if before or after
        else f"{who} was altered, and what it gives is of a type that {_where(case)} cannot use",
        proofs=(*of_origin(case, origin), *of_failure(case)),
        signs=tuple(_signs(case, origin, after, value)),
        sites=sites_of(case, origin),
        fix=f"give the old type where the value is made, in {who}; if the new one is meant, make "
        "what uses it follow",
        facts={**facts_of(origin), "before": before, "after": after},
    )


def _where(case: Case) -> str:
    return case.own_frame.place if case.own_frame is not None else "the test"


Told = tuple[str, str, str, tuple[str, ...]]
"""The type at base, the type at head, the value at head, the functions it may come from."""


def _of_difference(case: Case) -> Told | None:
    there = case.difference
    if there is None or there.kind not in ("result", "hidden-input", "mutated-args", "args"):
        return None
    types = there.base_type, there.head_type
    if not all(types) or types[0] == types[1] or "NoneType" in types:
        return None
    return *types, there.head, (there.function,)


def _of_assertion(case: Case) -> Told | None:
    found = compared(case)
    if found is None:
        return None
    told = _isinstance(found.assertion)
    if told is not None:
        return "", type_of(told), told, found.functions
    before, after = type_of(found.expected), type_of(found.actual)
    if kind_of(found) != "type" or "NoneType" in (before, after) or "coroutine" in (before, after):
        return None
    return before, after, found.actual, found.functions


def _isinstance(assertion: Assertion) -> str | None:
    """The value that is no instance of what the test asks."""
    if assertion.operator or not assertion.calls or assertion.calls[0].function != "isinstance":
        return None
    told = _ISINSTANCE.match(assertion.calls[0].text)
    return None if told is None or told["value"] == "None" else told["value"]


def _of_exception(case: Case) -> Told | None:
    error = case.error
    if not error.is_a("TypeError", "AttributeError") or error.type.partition(".")[2]:
        return None
    if "NoneType" in error.first_line or "coroutine" in error.first_line:
        return None
    if error.is_a("AttributeError"):
        return _of_attribute(error)
    if _REFUSED.search(error.first_line) is None or case.own_frame is None:
        return None
    return "", "", "", ()


def _of_attribute(error: Raised) -> Told | None:
    """An attribute asked of a value of a built-in type, or of a function."""
    thing = error.attributes.get("obj")
    if not isinstance(thing, dict) or thing.get("kind") != "instance":
        return None
    name = str(thing.get("name", ""))
    return ("", name, "", ()) if name in _CALLED or _BUILTIN.search(f"'{name}'") else None


def _can_be(origin: Altered) -> bool:
    """Whether what a function returns was altered, or it was in another way than by its body."""
    if origin.before is None or origin.after is None:
        return True
    before = [one.value for one in returns(origin.before.node)]
    after = [one.value for one in returns(origin.after.node)]
    return bool(before or after) or not before


def _signs(case: Case, origin: Altered | None, after: str, value: str) -> Iterator[Sign]:
    there = case.difference
    found = compared(case)
    result = there is not None and there.kind == "result"
    given = found.assertion.calls if found is not None else ()
    own = origin is not None and any(
        call.function.rpartition(".")[2] == origin.short and call.value == value for call in given
    )
    if result or own:
        yield from of_contradicted(origin, after, shown(value))
    yield from of_accident(case, case.error)
    yield from of_intent(case.sides, origin)
    yield from of_regression_test(case)


CAUSE = Cause(
    name="return-type-changed",
    title="Return type changed",
    rule=(
        "A value of another type than at base: by the compared runs, by an assertion whose sides "
        "have two types, or by an operation that a built-in type refuses; where base passes, and "
        "an altered function is reached that it may come from."
    ),
    shows="both types, the function at both sides, and where the value was used.",
    verdict=(
        "Code, if the value contradicts an annotation that was not changed, or sources fail on it; "
        "test, if the annotation was changed, or documents or the docstring tell of it; undecided "
        "if both, or nothing."
    ),
    fix=(
        "give the old type where the value is made, not where it is used; if the new one is meant, "
        "make what uses it follow."
    ),
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A text instead of a number, against the annotation; a caller that cannot add it; a "
            "change that the annotation tells of; a function in place of what it makes; and a "
            "number that is another.",
            {
                "money.py": """\
def parse(text) -> float:
    return float(text)


def total(texts):
    return sum(parse(text) for text in texts)


def names(line) -> list:
    return line.split()


def twice(number):
    return number * 2


class Rate:
    value = 2


def rate():
    return Rate()
""",
                "test_money.py": """\
from money import names, parse, rate, total, twice


def test_parse():
    assert parse("2") == 2.0


def test_total():
    assert total(["1", "2"]) == 3


def test_names():
    assert names("a b") == ["a", "b"]


def test_twice():
    assert twice(2) == 4


def test_rate():
    assert rate().value == 2
""",
            },
            {
                "money.py": """\
def parse(text) -> float:
    return text.strip()


def total(texts):
    return sum(parse(text) for text in texts)


def names(line) -> tuple:
    return tuple(line.split())


def twice(number):
    return number * 3


class Rate:
    value = 2


def rate():
    return lambda: Rate()
""",
            },
            {
                "test_money.py::test_parse": Fault.CODE,
                "test_money.py::test_total": Fault.CODE,
                "test_money.py::test_names": Fault.TEST,
                "test_money.py::test_rate": Fault.UNDECIDED,
            },
            ("test_money.py::test_twice",),
        ),
    ),
    ambiguity="without comparing the runs, the function is the altered one that is nearest.",
)
