"""A test expects a value, and the changed code gives another one.

`facts`: `kind` (in what way they differ, a word of `assay.diagnosis.values.kind_of`), `actual` and
`expected` as pytest shows them, `literal` (the test's own text of what it expects, "" if it is no
literal), `test_path` and `test_line`, and `path` and `name` of the definition the value comes from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.assertion import type_of
from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.intent import (
    of_contradicted,
    of_intent,
    of_internal_text,
    of_old_docstring,
    of_other_users,
    of_regression_test,
    of_told_value,
)
from assay.diagnosis.proofs import (
    certainty_of,
    facts_of,
    key_of,
    of_failure,
    of_origin,
    shown,
    sites_of,
)
from assay.diagnosis.reach import Altered, reached
from assay.diagnosis.values import Compared, by_sources, by_tests, compared, kind_of, origin_of
from assay.model.diagnosis import Certainty, Fault, Match, Proof, Sign, Site

_FIXES = {
    "float": "compare with `pytest.approx` if only rounding differs",
    "ordering": "sort both, if the order is no promise; else restore it in the code",
}


def _match(case: Case) -> Match | None:
    found = compared(case)
    if found is None:
        return _of_own_words(case)
    if by_tests(case):
        edited = found.frame.path in case.sides.changed
        return _of_edited_test(case, found) if edited else None
    if not by_sources(case):
        return None
    origin = origin_of(case, found.functions)
    several = reached(case)[:3] if origin is None else ()
    if origin is None and case.difference is None and not several:
        return None
    kind = kind_of(found)
    likely = " or ".join(one.key for one in several)
    return Match(
        cause=CAUSE.name,
        key=key_of(case, origin, likely),
        certainty=Certainty.HEURISTIC if likely and not case.difference else certainty_of(case),
        sentence=_sentence(case, found, origin, several),
        proofs=(*of_origin(case, origin), *of_failure(case)),
        signs=tuple(_signs(case, found, origin)),
        sites=sites_of(case, origin),
        fix=_FIXES.get(kind, "restore the value in the code, or expect the new one: ask which"),
        facts={**facts_of(origin), **_facts(found, kind)},
    )


def _of_edited_test(case: Case, found: Compared) -> Match:
    frame = found.frame
    return Match(
        cause=CAUSE.name,
        key=f"{frame.path}:{frame.line}",
        certainty=Certainty.COMPLETE,
        sentence=f"{frame.place} was changed to expect {shown(found.expected)}: the code gives "
        f"{shown(found.actual)} at base and head",
        proofs=(Proof("code", frame.source, frame.place, "head"), *of_failure(case)),
        signs=(),
        sites=(Site(frame.path, frame.line),),
        fix="expect what the code gives, or make the code do what the test now says",
        facts=_facts(found, kind_of(found)),
    )


_WAITED = re.compile(r"DID NOT (?:RAISE|WARN)")


def _of_own_words(case: Case) -> Match | None:
    """A test that says in its own words what it misses, by `pytest.fail` or an assertion of which
    the values are not told."""
    error, frame = case.error, case.own_frame
    fails = error.short_type in ("Failed", "AssertionError") and not _WAITED.match(error.first_line)
    if not fails or frame is None or not case.in_test or not by_sources(case):
        return None
    origin = origin_of(case)
    if origin is None and case.difference is None:
        return None
    name = case.difference.function if case.difference is not None else ""
    says = f", and {frame.place} fails"
    words = f": {shown(error.first_line)}" if error.first_line else ""
    return Match(
        cause=CAUSE.name,
        key=key_of(case, origin, ""),
        certainty=certainty_of(case),
        sentence=f"`{origin.name if origin is not None else name}` was changed{says}{words}",
        proofs=(*of_origin(case, origin), *of_failure(case)),
        signs=(*of_intent(case.sides, origin), *of_regression_test(case)),
        sites=sites_of(case, origin),
        fix="restore what the test looks for, or look for what the code does now: ask which",
        facts=facts_of(origin),
    )


def _facts(found: Compared, kind: str) -> dict[str, object]:
    return {
        "kind": kind,
        "actual": found.actual,
        "expected": found.expected,
        "literal": "" if found.written is None else ast.unparse(found.written),
        "test_path": found.frame.path,
        "test_line": found.frame.line,
    }


def _sentence(
    case: Case, found: Compared, origin: Altered | None, several: tuple[Altered, ...]
) -> str:
    names = [one.name for one in ((origin,) if origin is not None else several)]
    who = " or ".join(f"`{name}`" for name in names)
    if case.difference is not None:
        there = case.difference
        expects = f"{found.frame.place} expects {shown(found.expected or 'truth')}"
        if there.kind != "result":
            return f"{there.sentence.partition(';')[0]}; {expects}"
        values = f"gave {shown(there.base)} at base and {shown(there.head)} at head"
        return f"`{there.function}` {values}; {expects}"
    if not found.expected:
        return f"{who} was changed, and {found.frame.place} finds {shown(found.actual)} untrue"
    return f"{who} was changed, and {found.frame.place} gets {shown(found.actual)} for " + shown(
        found.expected
    )


def _signs(case: Case, found: Compared, origin: Altered | None) -> Iterator[Sign]:
    sides = case.sides
    yield from of_intent(sides, origin)
    yield from of_told_value(sides, found.actual, found.expected)
    yield from of_old_docstring(origin, found.expected)
    yield from of_other_users(sides, found.expected, found.actual)
    yield from of_internal_text(found.actual, found.expected)
    yield from of_regression_test(case)
    if origin is not None and case.difference is not None and case.difference.kind == "result":
        value = shown(case.difference.head)
        yield from of_contradicted(origin, case.difference.head_type, value)
    elif origin is not None and origin.short in _givers(found):
        yield from of_contradicted(origin, type_of(found.actual), shown(found.actual))


def _givers(found: Compared) -> list[str]:
    """The function whose own result was compared, by pytest's account."""
    calls = found.assertion.calls[:1]
    return [call.function.rpartition(".")[2] for call in calls if call.value == found.actual]


CAUSE = Cause(
    name="expected-value-changed",
    title="Expected value changed",
    rule=(
        "An assertion of the test compared a value that passed at base and does not at head, or "
        "the test says in its own words that it fails, and code was altered that the test "
        "reaches; or the test was changed to expect what neither side's code gives. Where several "
        "altered definitions are as near, they are named, and the rule is heuristic."
    ),
    shows="both values, the altered definition at both sides, and the line that compares.",
    verdict=(
        "Code, if the value contradicts the annotation or docstring, sources still rely on the old "
        "value, a text shows a value of the program such as None, or the test names the report of "
        "a bug; test, if documents, the docstring or other tests tell of the new one; test, if "
        "only the tests' change makes it fail; else undecided: a mistake and a new behaviour look "
        "the same."
    ),
    fix="none by itself: restore the value in the code, or expect the new one.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A sum is another; nothing says whether it was meant. The change of one docstring "
            "says it, and a test that failed before has another cause.",
            {
                "shop.py": '''\
def total(prices):
    return sum(prices)


def label(name):
    """What stands on the shelf."""
    return name.strip()
''',
                "test_shop.py": """\
from shop import label, total


def test_total():
    assert total([1, 2]) == 3


def test_label():
    text = label(" tea ")
    assert text == "tea"


def test_before():
    assert label("tea") == "coffee"
""",
            },
            {
                "shop.py": '''\
def total(prices):
    return sum(prices) + 1


def label(name):
    """What stands on the shelf, in capitals since everybody reads it from far away."""
    return name.strip().upper()
''',
            },
            {
                "test_shop.py::test_total": Fault.UNDECIDED,
                "test_shop.py::test_label": Fault.TEST,
            },
            ("test_shop.py::test_before",),
        ),
        Example(
            "Only the test was changed.",
            {
                "shop.py": "def total(prices):\n    return sum(prices)\n",
                "test_shop.py": """\
from shop import total


def test_total():
    assert total([1, 2]) == 3
""",
            },
            {
                "test_shop.py": """\
from shop import total


def test_total():
    assert total([1, 2]) == 4
""",
            },
            {"test_shop.py::test_total": Fault.TEST},
        ),
        Example(
            "A test that looks for a word, and says so by `pytest.fail`; one that says so by an "
            "exception of its own kind is another matter.",
            {
                "shop.py": """\
def rows(names):
    return [f"- {name}" for name in names]
""",
                "test_shop.py": """\
import pytest

from shop import rows


def test_rows():
    for row in rows(["tea", "milk"]):
        if row.startswith("- milk"):
            break
    else:
        pytest.fail("no milk")


def test_own():
    if "- milk" not in rows(["tea", "milk"]):
        raise LookupError("no milk")
""",
            },
            {
                "shop.py": """\
def rows(names):
    return [f"* {name}" for name in names]
""",
            },
            {"test_shop.py::test_rows": Fault.UNDECIDED},
            ("test_shop.py::test_own",),
        ),
    ),
    ambiguity="a regression and a change that was meant give the same evidence.",
)
