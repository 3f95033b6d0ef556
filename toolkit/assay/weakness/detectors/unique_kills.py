"""A test that alone guards much of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import FEWEST, KillFacts, functions_in, plain_count

KIND = "unique-kills"


def sole_killers(facts: KillFacts) -> dict[str, list[str]]:
    """By test function the mutants that no other kills."""
    names = {case: one.name for one in facts.subjects for case in one.cases}
    found: dict[str, list[str]] = defaultdict(list)
    for mutant_id in facts.matrix.mutants:
        killers = {names.get(test, test) for test in facts.matrix.killers(mutant_id)}
        covering = {names.get(test, test) for test in facts.matrix.planned[mutant_id]}
        if len(killers) == 1 and len(covering) > 1:
            found[killers.pop()].append(mutant_id)
    return found


def _find(facts: KillFacts) -> Iterator[Finding]:
    if not facts.matrix.is_full or facts.matrix.ended or facts.is_sample:
        return
    alone = sole_killers(facts)
    for subject in facts.subjects:
        mutants = alone.get(subject.name, [])
        if len(mutants) < FEWEST or not subject.whole or facts.is_out(subject):
            continue
        functions = functions_in(facts.matrix.mutants[m] for m in mutants)
        where = ", ".join(f"{unit} ({count})" for (_, unit), count in functions.most_common(3))
        yield facts.of_test(
            subject,
            (KIND, 4),
            f"`{subject.unit}` is the only guard of {plain_count(len(mutants), 'mutant')} that "
            "other tests run too.",
            [Evidence("in", where), facts.diff("only it notices", sorted(mutants)[0])],
            "keep it; a second test of the same would not come amiss where much depends on it",
            (Confidence.HINT, Severity.LOW),
        )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=4,
    title="Unique kills: the only guard",
    definition=(
        f"At least {FEWEST} mutants run under several test functions, and one and the same of them "
        "kills each, alone."
    ),
    why="Without this test nobody would notice: it is to be changed with care.",
    confidence=Confidence.HINT,
    confidence_because="it is no fault: it says where a suite hangs by one thread.",
    guards=(
        "mutants that only one test function runs: there is nobody else to notice",
        "matrices that are not full, or were cut short; samples",
    ),
    fix="keep the test.",
    find=_find,
    examples=(
        Example(
            "Two tests run `area`, and one of them looks at it.",
            {
                "shapes.py": """\
def area(width, height, border):
    if border > 1:
        width -= 2 * border
        height -= 2 * border
    return width * height
""",
                "test_shapes.py": """\
import contextlib

import shapes


def test_area():
    assert shapes.area(9, 8, 2) == 20
    assert shapes.area(3, 4, 1) == 12


def test_area_quietly():
    with contextlib.suppress(Exception):
        shapes.area(9, 8, 2)
        shapes.area(3, 4, 1)
""",
            },
            ("test_shapes.py::test_area",),
            ("test_shapes.py::test_area_quietly",),
        ),
    ),
)
