"""A file whose code only the tests of other files guard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from assay.model.finding import Confidence, Evidence, Finding, Severity
from assay.model.matrix import KILLS
from assay.model.source import MODULE_UNIT
from assay.weakness.detector import Detector, Example
from assay.weakness.kills import FEWEST, KillFacts, Subject, plain_count

KIND = "guarded-elsewhere"


def _find(facts: KillFacts) -> Iterator[Finding]:
    mutants = facts.matrix.mutants
    owners = {case: one for one in facts.subjects for case in one.cases}
    for path in dict.fromkeys(one.path for one in mutants.values()):
        own = [one for one in facts.subjects if one.claim is not None and one.claim.path == path]
        here = [m for m, one in mutants.items() if one.path == path]
        killed = {m: facts.matrix.killers(m) for m in here if facts.matrix.killers(m)}
        if not own or len(killed) < FEWEST:
            continue
        if not all(_says_nothing(facts, subject, here) for subject in own):
            continue
        by = Counter(owners[t].path for killers in killed.values() for t in killers if t in owners)
        if not by:
            continue
        most, _ = by.most_common(1)[0]
        shown = facts.telling(killed)
        yield facts.of_code(
            ((path, MODULE_UNIT), [one.name for one in own]),
            (KIND, 3),
            f"`{path}` has {plain_count(len(own), 'test')} named for it, and none of them notices "
            f"a mutant in it: {len(killed)} are noticed by tests of other things, mostly {most}.",
            [facts.diff("its own tests pass with", shown), Evidence("but", facts.others(shown))],
            f"assert in the tests of `{path}` what those of {most} show by the way",
            (Confidence.LIKELY, Severity.MEDIUM),
        )


def _says_nothing(facts: KillFacts, subject: Subject, here: list[str]) -> bool:
    if not subject.whole or facts.is_out(subject) or subject.claim is None:
        return False
    claimed = [
        m
        for m in here
        if subject.claim.holds(facts.matrix.mutants[m].path, facts.matrix.mutants[m].unit)
    ]
    kills = any(cells & KILLS for m, cells in facts.reached(subject).items() if m in set(here))
    return not kills and facts.denies(subject, claimed)


DETECTOR: Detector[KillFacts] = Detector(
    kind=KIND,
    level=3,
    title="Guarded only from elsewhere",
    definition=(
        "Tests bear the name of a file, by their class or file, and none of them kills a mutant in "
        "it, each run against those it reaches in a process of its own; tests named for something "
        "else do kill mutants there."
    ),
    why="Its tests can be trusted less than they look; whoever changes the others loses the guard.",
    confidence=Confidence.LIKELY,
    confidence_because="names follow conventions that only people know.",
    guards=(
        f"files in which fewer than {FEWEST} mutants are known to be killed",
        "files that no test is named for",
        "files of whose tests one was skipped, failed, or has pairs that did not run",
    ),
    fix="assert in its own tests what it should do.",
    find=_find,
    examples=(
        Example(
            "The tests of `stock` throw away what they get; a test of `orders` does not.",
            {
                "stock.py": """\
def left(have, taken):
    if taken > have:
        return 0
    return have - taken
""",
                "orders.py": """\
import stock


def can_send(have, wanted):
    return stock.left(have, wanted) >= 1
""",
                "test_stock.py": """\
import contextlib

import stock


def test_left():
    with contextlib.suppress(Exception):
        stock.left(3, 2)


def test_left_of_none():
    with contextlib.suppress(Exception):
        stock.left(0, 2)
""",
                "test_orders.py": """\
import orders
import stock


def test_can_send():
    assert orders.can_send(3, 2)
    assert not orders.can_send(2, 2)
    assert stock.left(1, 2) == 0
    assert stock.left(5, 2) == 3
""",
            },
            ("stock.py::<module>",),
            ("orders.py::can_send",),
        ),
    ),
)
