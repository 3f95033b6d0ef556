"""The changed code gives None where it gave a value.

`facts`: `path` and `name` of the function, `falls_through` (whether a path of it ends without
`return`, which at base none did), `line` of the place where None was used.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.intent import of_accident, of_contradicted, of_intent, of_regression_test
from assay.diagnosis.proofs import certainty_of, facts_of, key_of, of_failure, of_origin, sites_of
from assay.diagnosis.reach import Altered, behind, called_names, statement_at
from assay.diagnosis.returning import falls_through, returns_value
from assay.diagnosis.values import by_sources, compared, origin_of
from assay.model.diagnosis import Certainty, Fault, Match, Sign
from assay.model.evidence import Frame, Raised

_NONE = re.compile(r"'NoneType'|\bNoneType\b")


def _match(case: Case) -> Match | None:
    if not by_sources(case):
        return None
    functions = _asserted(case)
    if functions is None:
        frame = case.own_frame
        if frame is None or not _used_none(case.error):
            return None
        functions = _called_at(case, frame)
    origin = origin_of(case, functions)
    if origin is None or origin.after is None:
        return None
    new = _falls_newly(origin)
    if not new and not _gives_none(case, origin, functions):
        return None
    return Match(
        cause=CAUSE.name,
        key=key_of(case, origin, ""),
        certainty=Certainty.COMPLETE if new else certainty_of(case),
        sentence=f"`{origin.name}` gives None where it gave a value at base",
        proofs=(*of_origin(case, origin), *of_failure(case)),
        signs=tuple(_signs(case, origin, new)),
        sites=sites_of(case, origin),
        fix=f"return a value on every path of `{origin.name}`, or let callers expect None",
        facts={**facts_of(origin), "falls_through": new, "line": _line(case)},
    )


def _used_none(error: Raised) -> bool:
    if error.is_a("AttributeError"):
        thing = error.attributes.get("obj")
        return isinstance(thing, dict) and thing.get("kind") == "none"
    return error.is_a("TypeError") and _NONE.search(error.first_line) is not None


def _asserted(case: Case) -> tuple[str, ...] | None:
    """The functions that an assertion got None from, where it did and wanted something else."""
    found = compared(case)
    if found is None or found.actual != "None" or found.expected == "None":
        return None
    return found.functions


def _called_at(case: Case, frame: Frame) -> tuple[str, ...]:
    """The functions called in the statement where None was used."""
    statement = statement_at(case.sides, frame.path, frame.line)
    if statement is None:
        return ()
    names = called_names(statement)
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            names += called_names(behind(case.sides, frame.path, frame.line, node))
    return tuple(dict.fromkeys(names))


def _falls_newly(origin: Altered) -> bool:
    before, after = origin.before, origin.after
    assert after is not None
    if before is None or not returns_value(before.node):
        return False
    return falls_through(after.node) and not falls_through(before.node)


def _gives_none(case: Case, origin: Altered, functions: tuple[str, ...]) -> bool:
    """Whether None comes from the origin, as far as is seen: by the runs, or by its name."""
    there = case.difference
    if there is not None:
        return there.head == "None" and there.base != "None"
    return origin.short in {name.rpartition(".")[2] for name in functions}


def _line(case: Case) -> int:
    return case.own_frame.line if case.own_frame is not None else 0


def _signs(case: Case, origin: Altered, falls: bool) -> Iterator[Sign]:
    if falls:
        words = f"a path of `{origin.name}` ends without `return`, which none did at base"
        yield Sign(Fault.CODE, words, origin.place.shown)
    yield from of_contradicted(origin, "NoneType", "None")
    yield from of_accident(case, case.error)
    yield from of_intent(case.sides, origin)
    yield from of_regression_test(case)


CAUSE = Cause(
    name="none-returned",
    title="None where a value was",
    rule=(
        "None was used or compared where base passes, and the function that it was got from was "
        "altered."
    ),
    shows="the function at both sides, and where None was used.",
    verdict=(
        "Code, if a path ends without `return` which none did at base, if None contradicts the "
        "annotation, or if sources fail on it; test, if documents, the docstring or the annotation "
        "tell of it; undecided if both, or nothing."
    ),
    fix="return a value on every path, or let callers expect None.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A path without `return`; a None that the annotation now tells of; and a None that was "
            "there before.",
            {
                "shop.py": """\
def price(name):
    if name == "tea":
        return "1.20"
    return "0"


def find(name) -> str:
    return name if name == "tea" else ""


def empty():
    return None
""",
                "test_shop.py": """\
from shop import empty, find, price


def test_price():
    assert price("cake").strip() == "0"


def test_find():
    assert find("cake") == ""


def test_empty():
    assert empty().strip() == "0"
""",
            },
            {
                "shop.py": """\
def price(name):
    if name == "tea":
        return "1.20"


def find(name) -> str | None:
    return name if name == "tea" else None


def empty():
    return None
""",
            },
            {
                "test_shop.py::test_price": Fault.CODE,
                "test_shop.py::test_find": Fault.TEST,
            },
            ("test_shop.py::test_empty",),
        ),
    ),
    ambiguity="None that passed through an attribute is not followed without comparing the runs.",
)
