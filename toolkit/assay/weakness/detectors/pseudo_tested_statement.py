"""A statement that can be dropped, in a function that is tested otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.finding import Confidence, Finding, Severity
from assay.model.mutant import Status
from assay.weakness.detector import Detector, Example
from assay.weakness.detectors.pseudo_tested_function import by_function, is_pseudo_tested
from assay.weakness.kills import KillFacts, plain_count

KIND = "pseudo-tested-statement"

REMOVED = "_removed"
"""How the names of operators end that drop a statement or a part of one."""


def _find(facts: KillFacts) -> Iterator[Finding]:
    if facts.is_sample:
        return
    functions = by_function(facts)
    tested = {
        function
        for function, verdicts in functions.items()
        if not is_pseudo_tested(verdicts) and any(v.status is Status.KILLED for v in verdicts)
    }
    for verdict in facts.verdicts:
        mutant = verdict.mutant
        if not mutant.operator.endswith(REMOVED) or verdict.status is not Status.SURVIVED:
            continue
        if (mutant.path, mutant.scope) not in tested:
            continue
        text = mutant.original.strip().split("\n", 1)[0]
        tests = verdict.covering
        yield facts.of_code(
            ((mutant.path, mutant.unit), tests),
            (KIND, 2),
            f"`{text}` in `{mutant.scope}` runs under {plain_count(len(tests), 'test')}; "
            "without it, all of them pass.",
            [facts.diff("they pass with", mutant.id)],
            "assert its effect in the test that is closest to it, or delete what nobody needs",
            (Confidence.CERTAIN, Severity.MEDIUM),
            mutant.id,
        )


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=2,
    title="Pseudo-tested statement: it is not needed",
    definition=(
        "All tests that run a statement pass with it dropped (a call, a `del`, a jump, a handler, "
        "a `raise`, a `with`), in a function that is tested otherwise: one of its extreme mutants "
        "is killed."
    ),
    why="The line is covered, and its effect is not checked.",
    confidence=Confidence.CERTAIN,
    confidence_because=(
        "every covering test ran without it. It may do something that cannot be asserted, such as "
        "saving time."
    ),
    guards=(
        "functions that are pseudo-tested as a whole: said once, of the function",
        "statements that a rule leaves out: logging, locks, clean-up and the like",
        "mutants that hung, or were not conclusive",
    ),
    fix="assert what the statement does.",
    find=_find,
    examples=(
        Example(
            "The entry in the log is not looked at; the one in the list is.",
            {
                "till.py": """\
def sell(sales, seen, price):
    sales.append(price)
    seen.append(price)
    return sum(sales)


def give(sales, price):
    sales.append(-price)
    return sum(sales)
""",
                "test_till.py": """\
import till


def test_sell():
    assert till.sell([3], [], 4) == 7
    assert till.give([3], 1) == 2
""",
            },
            ("till.py::sell",),
            ("till.py::give",),
        ),
    ),
)
