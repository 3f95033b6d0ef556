"""Facts about explanations in reports: lines for people, and JSON there and back."""

from __future__ import annotations

import json

from assay.model.explanation import Explanation, Proposal, Reach
from assay.report.as_json import explanation_json
from assay.report.explained import explanation_lines
from assay.report.from_json import explanation_of

PATCH = """\
--- a/t.py
+++ b/t.py
@@ -1,2 +1,3 @@
 def test_a():
     x = f(1)
+    assert x == 2
"""

UNCHECKED = Explanation(
    reach=Reach.UNCHECKED,
    sentence="Unchecked: the difference reaches t.py::test_a, line 2",
    test="t.py::test_a",
    calls=1,
    given=(("n", "1"),),
    what="x",
    before="2",
    after="3",
    path="t.py",
    line=2,
    proposal=Proposal("t.py", 3, "assert x == 2", PATCH, 5),
    made_of={"t.py": "abc"},
)

SAME = Explanation(
    reach=Reach.SAME,
    sentence="Same result: the only call of f in t.py::test_a cannot tell the mutant",
    test="t.py::test_a",
    calls=1,
    given=(("n", "1"),),
    advice="call it so that `n` and `0` are equal",
)


def test_an_explanation_comes_back_from_its_json() -> None:
    for one in (UNCHECKED, SAME):
        record = json.loads(json.dumps(explanation_json(one)))
        assert explanation_of(record) == one
        assert explanation_of(record).made_of == one.made_of


def test_an_unexplained_mutant_has_none() -> None:
    assert explanation_json(None) is None


def test_a_card_shows_the_values_and_the_line_that_comes_in() -> None:
    assert list(explanation_lines(UNCHECKED)) == [
        "Unchecked: the difference reaches t.py::test_a, line 2.",
        "  x: 2; with the mutant: 3",
        "Fix: t.py:3  assert x == 2",
        "  verified: 5 clean passes, fails with the mutant",
    ]


def test_a_card_without_a_proposal_shows_the_inputs_and_advice() -> None:
    assert list(explanation_lines(SAME)) == [
        "Same result: the only call of f in t.py::test_a cannot tell the mutant.",
        "  given n=1",
        "Fix: call it so that `n` and `0` are equal.",
    ]


def test_a_whole_explanation_ends_with_the_patch() -> None:
    lines = list(explanation_lines(UNCHECKED, whole=True))
    assert "\n".join(lines).endswith(PATCH.rstrip("\n"))
