"""Facts about what `assay diagnose` and `assay verify` say."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

from assay.model.diagnosis import (
    Category,
    Certainty,
    Counted,
    Diagnosis,
    FailingTest,
    Fault,
    Group,
    Match,
    Matrix,
    Patch,
    Proof,
    Sign,
    Site,
    Verdict,
)
from assay.model.divergence import AlignedCall, Divergence, Kind, NoDivergence, Place, Step
from assay.model.evidence import Evidence, Frame, FrameKind, Raised
from assay.model.verification import Objection, Trouble, Verification
from assay.report.diagnosis_text import diagnosis_text
from assay.report.verification import verification_json, verification_text

MATCH = Match(
    cause="signature-changed",
    key="shop.py::cut",
    certainty=Certainty.COMPLETE,
    sentence="t.py:5 calls `cut` in a way that its signature at head refuses",
    proofs=(
        Proof("signature", "cut(amount, rate)", "shop.py:1", "base"),
        Proof("error", "got an unexpected keyword argument\n'rate'"),
        Proof("call", "", "t.py:5", "head"),
    ),
    signs=(),
    sites=(Site("t.py", 5),),
    fix="call `cut` as its signature asks",
)
VERDICT = Verdict(
    Fault.UNDECIDED,
    "1 sign for either",
    (Sign(Fault.TEST, "`cut` was rewritten"), Sign(Fault.CODE, "a caller still uses it")),
)
TEST = FailingTest(
    test="t.py::a",
    path="t.py",
    category=Category.NEW_FAILURE,
    matrix=Matrix(),
    alone=(),
    evidence=(),
    words="",
    matches=(MATCH,),
    verdict=VERDICT,
)
GROUP = Group(
    key=("signature-changed", "shop.py::cut"),
    title=MATCH.sentence,
    tests=("t.py::a",),
    example=TEST,
    effort=1,
    first=False,
    hunk=("@@ -1 +1 @@", "-def cut(amount, rate):", "+def cut(amount, share):"),
)
FOUND = Diagnosis(
    compared="working tree against main",
    base="b",
    ran="all tests, as asked",
    counted=Counted(4, 4, 4, 3),
    failing=(TEST,),
    others=(),
    groups=(GROUP,),
    outcomes={},
)
PARTED = Divergence(
    kind=Kind.RESULT,
    place=Place("shop.py", 2, "cut"),
    what="",
    base="3",
    head="4",
    in_change=True,
    chain=(Step(Place("t.py", 5, "a"), "3", "4"),),
    test=Place("t.py", 5, "a"),
    test_verb="compares",
    candidates=(),
    calls=(
        AlignedCall(0, Place("t.py", 4, "a"), "", "raised", is_origin=False),
        AlignedCall(1, Place("shop.py", 1, "cut"), "returned 3", "returned 4", is_origin=True),
    ),
    sentence="shop.py:2 cut() returned 3 at base, 4 at head",
    branch=Place("shop.py", 3, "cut"),
    branch_words="went on to line 4",
    notes=("a thread was not followed",),
)


def card(group: Group, everything: bool = False, trace: bool = False) -> str:
    """What stands of a group below its first line."""
    text = diagnosis_text(replace(FOUND, groups=(group,)), everything, trace)
    return text.partition("\n1. ")[2].partition("\n")[2]


def failing(test: str, category: Category) -> FailingTest:
    return replace(TEST, test=test, category=category)


def test_a_card_has_what_was_seen_the_code_the_verdict_and_the_fix() -> None:
    assert diagnosis_text(FOUND, everything=False) == dedent(
        """\
        1 failure in 1 group: 1 new failure.
        Compared: working tree against main.
        Ran: all tests, as asked. Base: 4 of 4 passed; head: 3 of 4.

        1. signature-changed (complete) · undecided · new failure
           t.py:5 calls `cut` in a way that its signature at head refuses
           base signature shop.py:1: cut(amount, rate)
           error: got an unexpected keyword argument
               'rate'
           head call t.py:5
            @@ -1 +1 @@
            -def cut(amount, rate):
            +def cut(amount, share):
           Verdict: undecided: 1 sign for either
             sign of a code fault: a caller still uses it
             sign of a test fault: `cut` was rewritten
           Fix: call `cut` as its signature asks
           1 test, 1 place to edit:
             t.py::a
        """
    )


def test_where_nothing_fails_it_says_so() -> None:
    found = replace(FOUND, failing=(), groups=(), notices=("x.py cannot be collected at base",))
    assert diagnosis_text(found, everything=False).splitlines() == [
        "Nothing fails.",
        "Compared: working tree against main.",
        "Ran: all tests, as asked. Base: 4 of 4 passed; head: 3 of 4.",
        "",
        "Note: x.py cannot be collected at base",
    ]


def test_the_headline_counts_by_category() -> None:
    tests = [
        failing("a", Category.NEW_FAILURE),
        failing("b", Category.NEW_FAILURE),
        failing("c", Category.FLAKY),
        failing("d", Category.KNOWN_FAILURE),
    ]
    text = diagnosis_text(replace(FOUND, failing=tuple(tests)), everything=False)
    assert text.startswith("4 failures in 1 group: 2 new failures, 1 known failure, 1 flaky.\n")


def test_an_unknown_cause_shows_where_it_was_raised_and_the_message() -> None:
    frame = Frame(FrameKind.TEST, "t.py", "t", "a", 5, 5, None, "assert cut(5, 2) == 3")
    error = Raised("AssertionError", ("AssertionError",), "assert 4 == 3", {}, (frame,))
    example = replace(
        TEST, matches=(), verdict=None, evidence=(Evidence("t.py::a", "call", (error,)),)
    )
    group = replace(GROUP, example=example, hunk=(), title="AssertionError: assert 4 == 3")
    assert card(group).splitlines() == [
        "   AssertionError: assert 4 == 3",
        "   head raised at t.py:5: assert cut(5, 2) == 3",
        "   message: assert 4 == 3",
        "   1 test, 1 place to edit:",
        "     t.py::a",
    ]


def test_other_causes_are_named() -> None:
    other = replace(MATCH, cause="expected-value-changed", sentence="4 in place of 3")
    group = replace(GROUP, example=replace(TEST, matches=(MATCH, other)))
    assert "   Also: expected-value-changed: 4 in place of 3\n" in card(group)


def test_the_point_where_the_runs_part_stands_on_the_card() -> None:
    text = card(replace(GROUP, divergence=PARTED))
    assert "   Parts from base: shop.py:2 cut() returned 3 at base, 4 at head\n" in text
    assert "     after shop.py:3 it went on to line 4\n" in text
    assert "returned 4\n" not in text


def test_with_trace_the_calls_around_it_stand_there_too() -> None:
    lines = card(replace(GROUP, divergence=PARTED), trace=True).splitlines()
    start = lines.index("       t.py:4 a")
    assert lines[start : start + 7] == [
        "       t.py:4 a",
        "         base: no such call",
        "         head: raised",
        "     >   shop.py:1 cut",
        "           base: returned 3",
        "           head: returned 4",
        "     a thread was not followed",
    ]


def test_why_the_runs_were_not_compared_is_said() -> None:
    text = card(replace(GROUP, divergence=NoDivergence("it hung under tracing")))
    assert "   Not compared with base: it hung under tracing\n" in text


def test_a_patch_that_holds_is_shown_and_one_that_does_not_is_named() -> None:
    patch = Patch("pass `share`", "--- a/t.py\n+++ b/t.py\n-old\n+new\n", True, "its test passes")
    good = card(replace(GROUP, patch=patch))
    assert (
        "   Patch: pass `share`: its test passes; `assay diagnose --patch 1` prints it\n"
        "    -old\n    +new\n" in good
    )
    assert "a/t.py" not in good
    bad = card(replace(GROUP, patch=replace(patch, verified=False, outcome="with it, x fails")))
    assert "   Tried, and not good: pass `share`: with it, x fails\n" in bad
    assert "+new" not in bad


def test_of_many_tests_five_are_named_unless_all_are_wanted() -> None:
    group = replace(GROUP, tests=tuple(f"t.py::t{n}" for n in range(8)), effort=2, first=True)
    text = card(group)
    assert "   8 tests, 2 places to edit; first, for it may hide other failures:\n" in text
    assert ("     t.py::t4\n" in text, "t.py::t5" in text) == (True, False)
    assert "     … and 3 more\n" in text
    assert "     t.py::t7\n" in card(group, everything=True)


def test_of_many_groups_ten_are_shown_unless_all_are_wanted() -> None:
    found = replace(FOUND, groups=(GROUP,) * 12)
    text = diagnosis_text(found, everything=False)
    assert "\n10. " in text
    assert "\n11. " not in text
    assert "… 2 more groups with 2 tests: `--all` shows them" in text
    assert "\n12. " in diagnosis_text(found, everything=True)


def test_what_does_not_fail_and_changed_is_told_by_kind() -> None:
    gone = [failing(f"t.py::g{n}", Category.VANISHED) for n in range(7)]
    skipped = replace(failing("t.py::s", Category.NEWLY_SKIPPED), words="no network")
    text = diagnosis_text(replace(FOUND, others=(skipped, *gone)), everything=False)
    assert "Vanished: 7 tests\n  t.py::g0\n" in text
    assert "  … and 2 more\nNewly skipped: 1 test\n  t.py::s: no network\n" in text


# -- verify

VERIFIED = Verification(("t.py::a", "t.py::b"), ("t.py::a", "t.py::b"), (), 5, ("one", "two"))


def test_a_fix_that_holds() -> None:
    found = replace(VERIFIED, notices=("x fails at base too",))
    assert verification_text(found, everything=False).splitlines() == [
        "Verified: 2 of 2 failures mended, nothing else broke.",
        "Ran: 5 tests in one and in two.",
        "Note: x fails at base too",
    ]


def test_objections_are_told_by_kind() -> None:
    objections = (
        Objection(Trouble.BROKEN, "t.py::c", "failed"),
        Objection(Trouble.UNFIXED, "t.py::b", "failed in one only"),
        Objection(Trouble.SETTINGS, "", "pytest's own settings were x, and are y"),
    )
    found = replace(VERIFIED, fixed=("t.py::a",), objections=objections)
    assert verification_text(found, everything=False) == dedent(
        """\
        Not verified: 1 of 2 failures mended, 3 objections.
        Ran: 5 tests in one and in two.

        Not fixed: 1
          t.py::b: failed in one only

        Newly failing: 1
          t.py::c: failed

        Settings: 1
          pytest's own settings were x, and are y
        """
    )
    record = verification_json(found)
    assert (record["holds"], record["objections"][0]["trouble"]) == (False, "newly failing")


def test_of_many_objections_ten_are_shown_unless_all_are_wanted() -> None:
    objections = tuple(Objection(Trouble.BROKEN, f"t.py::x{n}", "failed") for n in range(12))
    found = replace(VERIFIED, objections=objections)
    assert "  … and 2 more: `--all` shows them" in verification_text(found, everything=False)
    assert "x11: failed" in verification_text(found, everything=True)


def test_a_fix_after_which_nothing_could_run() -> None:
    assert "Ran: 0 tests in no order." in verification_text(
        replace(VERIFIED, ran=0, orders=()), everything=False
    )
