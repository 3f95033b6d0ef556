"""A function whose body can be taken away, and all tests that run it pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from assay.model.finding import Confidence, Finding, Severity
from assay.model.mutant import Status, Verdict
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import KillFacts, plain_count

KIND = "pseudo-tested-function"

EXTREME = "extreme_"
"""How the operators that take a whole body away are called."""


def by_function(facts: KillFacts) -> dict[tuple[str, str], list[Verdict]]:
    """The verdicts on extreme mutants, by file and function."""
    found: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in facts.verdicts:
        if verdict.mutant.operator.startswith(EXTREME):
            found[verdict.mutant.path, verdict.mutant.scope].append(verdict)
    return found


def is_pseudo_tested(verdicts: list[Verdict]) -> bool:
    return bool(verdicts) and all(one.status is Status.SURVIVED for one in verdicts)


def _find(facts: KillFacts) -> Iterator[Finding]:
    for (_, scope), verdicts in by_function(facts).items():
        if facts.is_sample or not is_pseudo_tested(verdicts):
            continue
        tests = verdicts[0].covering
        ways = plain_count(len(verdicts), "way")
        mutant = verdicts[0].mutant
        yield facts.of_code(
            ((mutant.path, mutant.unit), tests),
            (KIND, 2),
            f"`{scope}` runs under {plain_count(len(tests), 'test')}; its body was taken away in "
            f"{ways}, and all of them pass.",
            [facts.diff("they pass with", one.mutant.id) for one in verdicts[:2]],
            "assert what it does in the test that is closest to it, or delete what nobody needs",
            (Confidence.CERTAIN, Severity.HIGH),
            scope,
        )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=2,
    title="Pseudo-tested function: its body is not needed",
    definition=(
        "Tests run a function, and all of them pass with each of its extreme mutants: its body "
        "dropped, or replaced by the return of a constant that fits (Niedermayr, Juergens and "
        "Wagner, 2016)."
    ),
    why="It is covered in full, and nobody would notice if it did nothing.",
    confidence=Confidence.CERTAIN,
    confidence_because=(
        "every covering test ran on every variant. Whether the function matters is another "
        "question: caches and speed-ups have nothing to assert."
    ),
    guards=(
        "functions of which one variant is noticed (partly tested), hung, or was not conclusive",
        "functions whose mutants a rule leaves out: `__repr__`, logging and the like",
        "functions that no test runs; functions that did not get all verdicts",
    ),
    fix="assert what the function does.",
    find=_find,
    examples=(
        Example(
            "`remember` fills a list that no test reads; `double` is checked.",
            {
                "notes.py": """\
def remember(notes, text):
    notes.append(text)


def double(number):
    return number * 2


def is_small(number):
    return number < 10
""",
                "test_notes.py": """\
import notes


def test_remember():
    notes.remember([], "a")
    assert notes.double(2) == 4


def test_is_small():
    assert notes.is_small(3)
""",
            },
            ("notes.py::remember",),
            ("notes.py::double", "notes.py::is_small"),
        ),
    ),
)
