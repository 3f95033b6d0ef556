"""Nothing is said of a test of which not all is known: every way in which that may be so."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

import pytest

from assay.change.semantics import read_source
from assay.model.impact import ImpactMap, LineSet, Node, TestRecord
from assay.model.impact import test_key as key_of
from assay.model.run import CollectedItem, TestOutcome
from assay.weakness.assemble import Seen, facts_of
from assay.weakness.facts import TextFile, Watched
from assay.weakness.table import LEVEL_0

PATH = "test_shop.py"
TEXT = """\
from shop import price


def test_weak():
    price(2)
"""
TEST = f"{PATH}::test_weak"


def text_file(path: str, text: str) -> TextFile:
    return TextFile(path, text, ast.parse(text), read_source(path, text.encode()))


FILE = text_file(PATH, TEXT)


def watched(node_id: str = TEST) -> Watched:
    return Watched(
        node_id=node_id,
        path=PATH,
        code=(PATH, 4),
        name="test_weak",
        same=node_id,
        markers=frozenset(),
        fixtures=frozenset(),
        patches=(),
        raised=(),
        assertions=0,
    )


def node(node_id: str = TEST, sha: str = FILE.source.sha, opaque: str = "") -> Node:
    return Node(
        key_of(node_id),
        lines={PATH: LineSet(sha, 1 << 5)},
        opaque=frozenset(filter(None, [opaque])),
    )


def impact(
    outcomes: Mapping[str, TestOutcome] | None = None, nodes: tuple[Node, ...] | None = None
) -> ImpactMap:
    ends = {TEST: TestOutcome.PASSED} if outcomes is None else outcomes
    made = tuple(node(test) for test in ends) if nodes is None else nodes
    return ImpactMap(
        {one.key: one for one in made},
        {test: TestRecord(end, 0.1, PATH) for test, end in ends.items()},
        (),
    )


SEEN = Seen(
    impact=impact(),
    items=(CollectedItem(TEST, PATH, 4, is_doctest=False),),
    wanted=frozenset({TEST}),
    outcomes={TEST: TestOutcome.PASSED},
    watched={TEST: watched()},
    files={PATH: FILE},
    test_files=frozenset({PATH}),
)


def kinds(seen: Seen) -> list[str]:
    facts = facts_of(seen)
    return [finding.kind for detector in LEVEL_0 for finding in detector.find(facts)]


def test_a_test_of_which_all_is_known_is_reported() -> None:
    assert kinds(SEEN) == ["assertion-free"]
    assert facts_of(SEEN).left_out == {}


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (replace(SEEN, impact=impact({TEST: TestOutcome.SKIPPED})), "skipped"),
        (replace(SEEN, impact=impact({TEST: TestOutcome.FAILED})), "failed"),
        (replace(SEEN, impact=impact({TEST: TestOutcome.ERROR})), "failed"),
        (replace(SEEN, impact=impact({TEST: TestOutcome.XFAILED})), "expected to fail"),
        (replace(SEEN, impact=impact({TEST: TestOutcome.XPASSED})), "expected to fail"),
        (replace(SEEN, impact=impact({TEST: TestOutcome.CRASHED})), "took its process down"),
        (replace(SEEN, impact=impact({TEST: TestOutcome.TIMEOUT})), "ran too long"),
        (replace(SEEN, impact=impact({TEST: TestOutcome.NOT_RUN})), "did not run"),
        (replace(SEEN, impact=impact({})), "not recorded"),
        (replace(SEEN, impact=impact(nodes=())), "not recorded"),
        (replace(SEEN, outcomes={}), "did not run"),
        (
            replace(SEEN, outcomes={TEST: TestOutcome.FAILED}),
            "ended otherwise when it was watched",
        ),
        (replace(SEEN, watched={}), "could not be watched"),
        (
            replace(SEEN, watched={TEST: replace(watched(), problem="KeyError")}),
            "could not be watched",
        ),
        (
            replace(SEEN, impact=impact(nodes=(node(opaque="turned line tracing off"),))),
            "its lines could not be recorded",
        ),
        (
            replace(SEEN, impact=impact(nodes=(node(sha="of another content"),))),
            "its lines could not be recorded",
        ),
        (
            replace(SEEN, watched={TEST: replace(watched(), code=("made_up.py", 4))}),
            "its text was not found",
        ),
        (
            replace(SEEN, watched={TEST: replace(watched(), name="another")}),
            "its text was not found",
        ),
        (
            replace(SEEN, items=(CollectedItem(TEST, PATH, 4, is_doctest=True),)),
            "doctest",
        ),
    ],
)
def test_a_test_of_which_something_is_not_known_is_counted_with_the_reason(
    seen: Seen, reason: str
) -> None:
    assert kinds(seen) == []
    assert facts_of(seen).left_out == {reason: 1}


def test_tests_that_were_not_asked_for_are_neither_reported_nor_counted() -> None:
    seen = replace(SEEN, wanted=frozenset())
    assert kinds(seen) == []
    assert facts_of(seen).left_out == {}


def test_a_function_of_which_one_case_is_left_out_is_left_out_whole() -> None:
    cases = (f"{TEST}[1]", f"{TEST}[2]")
    ends = {cases[0]: TestOutcome.PASSED, cases[1]: TestOutcome.SKIPPED}
    seen = replace(
        SEEN,
        impact=impact(ends),
        items=tuple(CollectedItem(case, PATH, 4, is_doctest=False) for case in cases),
        wanted=frozenset(cases),
        outcomes=dict.fromkeys(cases, TestOutcome.PASSED),
        watched={case: watched(case) for case in cases},
    )
    assert kinds(seen) == []
    assert facts_of(seen).left_out == {"another case of it is left out": 1, "skipped": 1}


def test_lines_recorded_at_another_content_say_nothing_of_today() -> None:
    other = Node("fixture:x", lines={PATH: LineSet("of another content", 1 << 5)})
    facts = facts_of(replace(SEEN, impact=impact(nodes=(node(), other))))
    assert facts.stale == {PATH}
    assert [f for detector in LEVEL_0 for f in detector.find(facts)] == []
