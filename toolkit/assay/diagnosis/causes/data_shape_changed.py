"""A key, an index or a number of parts is not there any more.

`facts`: `path` and `name` of the definition that makes the data, `key` (the missing key's text, ""
for others), `renamed` (keys that the change has added beside it).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from assay.diagnosis.cause import Case, Cause, Example
from assay.diagnosis.intent import of_intent, of_regression_test
from assay.diagnosis.proofs import certainty_of, facts_of, key_of, of_failure, of_origin, sites_of
from assay.diagnosis.reach import Altered, reached
from assay.diagnosis.sides import Place
from assay.diagnosis.values import by_sources, compared, kind_of, origin_of
from assay.model.diagnosis import Certainty, Fault, Match, Sign
from assay.model.evidence import FrameKind

_UNPACK = re.compile(r"(?:not enough|too many) values to unpack")


def _match(case: Case) -> Match | None:
    if not by_sources(case):
        return None
    told = _told(case)
    if told is None:
        return None
    words, key = told
    origin, exact = _maker(case, key)
    if origin is None and case.difference is None:
        return None
    renamed = _added_keys(origin) if exact else []
    return Match(
        cause=CAUSE.name,
        key=key_of(case, origin, words),
        certainty=Certainty.COMPLETE if exact else certainty_of(case),
        sentence=_sentence(words, origin, renamed),
        proofs=(*of_origin(case, origin), *of_failure(case)),
        signs=tuple(_signs(case, origin, words)),
        sites=sites_of(case, origin),
        fix=f"make the data with {words} again, or let its readers do without",
        facts={**facts_of(origin), "key": key, "renamed": renamed},
    )


def _told(case: Case) -> tuple[str, str] | None:
    """What is missing, in words, and the key if it is one."""
    error = case.error
    frame = error.last_frame
    if frame is not None and frame.function.startswith("_Environ."):
        return None
    if error.type == "KeyError" and "key" in error.attributes:
        key = error.attributes["key"]
        return f"the key {key!r}", key if isinstance(key, str) else ""
    if error.type == "IndexError":
        return "so many items", ""
    if error.is_a("ValueError") and _UNPACK.match(error.first_line):
        return "so many parts", ""
    found = compared(case)
    if found is not None and kind_of(found) == "keys":
        return "the same keys", ""
    return None


def _maker(case: Case, key: str) -> tuple[Altered | None, bool]:
    """Who makes the data: an altered definition that has named the key and does not now."""
    found = reached(case)
    for one in found:
        if key and key in _texts(one.before) and key not in _texts(one.after):
            return one, True
    asserted = compared(case)
    return origin_of(case, asserted.functions if asserted is not None else ()), False


def _texts(place: Place | None) -> set[str]:
    nodes = ast.walk(place.node) if place is not None else ()
    found = set()
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
    return found


def _added_keys(origin: Altered | None) -> list[str]:
    if origin is None:
        return []
    return sorted(_texts(origin.after) - _texts(origin.before))[:5]


def _sentence(words: str, origin: Altered | None, renamed: list[str]) -> str:
    who = f"`{origin.name}`" if origin is not None else "the code"
    instead = f", and makes {', '.join(map(repr, renamed))}" if renamed else ""
    return f"{who} does not make {words} any more{instead}"


def _signs(case: Case, origin: Altered | None, words: str) -> Iterator[Sign]:
    frame = case.own_frame
    if frame is not None and frame.kind is FrameKind.SOURCE:
        yield Sign(Fault.CODE, f"{frame.place}, in sources, still asks for {words}", frame.place)
    yield from of_intent(case.sides, origin)
    yield from of_regression_test(case)


CAUSE = Cause(
    name="data-shape-changed",
    title="Shape of data changed",
    rule=(
        "A KeyError (not of the environment), an IndexError, an unpacking that does not fit, or an "
        "assertion of two mappings with other keys, where base passes and an altered definition "
        "that makes the data is reached."
    ),
    shows="the definition at both sides, the missing key and those that were added.",
    verdict=(
        "Code, if sources still ask for it; test, if documents, the docstring or other tests tell "
        "of it; undecided if both, or nothing."
    ),
    fix="make the data as before, or let its readers follow.",
    certainty=Certainty.COMPLETE,
    match=_match,
    examples=(
        Example(
            "A key was renamed, and a reader in the sources was forgotten; a KeyError that was "
            "there before is another matter.",
            {
                "shop.py": """\
def order(name):
    return {"name": name, "count": 1}


def line(name):
    made = order(name)
    return f"{made['name']} {made['count']}"
""",
                "test_shop.py": """\
from shop import line, order


def test_line():
    assert line("tea") == "tea 1"


def test_order():
    assert order("tea")["count"] == 1


def test_before():
    assert order("tea")["price"] == 1
""",
            },
            {
                "shop.py": """\
def order(name):
    return {"name": name, "amount": 1}


def line(name):
    made = order(name)
    return f"{made['name']} {made['count']}"
""",
            },
            {
                "test_shop.py::test_line": Fault.CODE,
                "test_shop.py::test_order": Fault.UNDECIDED,
            },
            ("test_shop.py::test_before",),
        ),
    ),
    ambiguity="for an index, who made the list is known only by comparing the runs.",
)
