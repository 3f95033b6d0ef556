"""Facts about the gate's decision: what is refused, and that nothing passes by accident."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gate_cases import (
    KILLED,
    OPEN,
    TIGHT,
    answer,
    finding,
    result,
    unit,
    verdict,
    with_accepted,
)

from assay.errors import ExitCode
from assay.gate.baseline import EMPTY, Baseline, Known, found_now, unguarded_id, updated
from assay.gate.decide import decide
from assay.gate.policy import Policy
from assay.model.answer import Answer, ChangedLines, Guard, Partial, PlanRecord
from assay.model.finding import Anchor, Confidence, finding_id
from assay.model.mutant import NOT_REACHED, Status
from assay.model.run import TestOutcome

SURVIVED = verdict(Status.SURVIVED, "s")
TIMEOUT = verdict(Status.TIMEOUT, "t", "ran over its limit")
BROKEN = verdict(Status.RUNTIME_ERROR, "r", "not entered")
NOT_RUN = verdict(Status.PENDING, "p", NOT_REACHED)


def rules(policy: Policy, of: Answer) -> list[str]:
    return [one.rule for one in decide(policy, of).refusals]


def test_a_guarded_change_passes_the_tightest_policy() -> None:
    decision = decide(TIGHT, answer())
    assert (decision.refusals, decision.remarks, decision.code) == ((), (), ExitCode.CLEAN)
    assert decision.passed


# -- never by accident: no policy lets these pass

NEVER = {
    "interrupted": (replace(answer(), interrupted=True), ExitCode.INTERRUPTED),
    "a problem with the whole": (replace(answer(), inconclusive=("hides",)), ExitCode.INCONCLUSIVE),
    "a test that did not run": (
        replace(answer(), results=result(TestOutcome.NOT_RUN)),
        ExitCode.INCONCLUSIVE,
    ),
    "no mutant within the budget": (answer(NOT_RUN), ExitCode.INCONCLUSIVE),
}


@pytest.mark.parametrize("name", NEVER)
@pytest.mark.parametrize("advisory", [False, True])
def test_no_policy_lets_an_answer_pass_that_is_none(name: str, advisory: bool) -> None:
    of, code = NEVER[name]
    decision = decide(replace(OPEN, advisory=advisory), of)
    assert decision.code is code
    assert not decision.passed
    assert decision.refusals[0].todo


@pytest.mark.parametrize("advisory", [False, True])
def test_a_failing_test_is_the_code_of_a_failing_suite(advisory: bool) -> None:
    of = replace(answer(), results=result(TestOutcome.FAILED))
    decision = decide(replace(TIGHT, advisory=advisory), of)
    assert decision.code is ExitCode.BASELINE
    assert decision.refusals[0].items == ("t.py::a",)


def test_a_policy_may_let_failing_tests_pass_and_then_it_is_said() -> None:
    of = replace(answer(), results=result(TestOutcome.FAILED))
    decision = decide(replace(TIGHT, tests_pass=False), of)
    assert decision.passed
    assert "1 test failed without any mutant" in decision.remarks[0]


def test_mutants_without_a_verdict_are_not_conclusive() -> None:
    decision = decide(replace(OPEN, max_inconclusive=0), answer(KILLED, BROKEN))
    assert decision.code is ExitCode.INCONCLUSIVE
    assert "not entered" in decision.refusals[0].items[0]


def test_so_many_mutants_without_a_verdict_may_pass_and_then_it_is_said() -> None:
    decision = decide(replace(TIGHT, max_inconclusive=1), answer(KILLED, BROKEN))
    assert decision.passed
    assert decision.remarks == ("1 mutant without a sound verdict, within max-inconclusive",)


def test_a_function_of_which_nothing_is_known_is_not_guarded() -> None:
    """Though the policy lets so many mutants be unknown."""
    of = answer(BROKEN, units=(unit(Guard.UNKNOWN, BROKEN),))
    policy = replace(OPEN, max_inconclusive=5, max_unguarded=0)
    assert rules(policy, of) == ["max-unguarded"]


def test_the_first_of_several_codes_counts() -> None:
    of = replace(answer(SURVIVED), results=result(TestOutcome.FAILED), inconclusive=("hides",))
    decision = decide(TIGHT, of)
    assert decision.code is ExitCode.BASELINE
    assert [int(one.code) for one in decision.refusals] == [3, 4, 1]
    assert decide(TIGHT, replace(of, interrupted=True)).code is ExitCode.INTERRUPTED


# -- a part of the mutants

PARTS = {
    "budget": answer(KILLED, NOT_RUN),
    "sample": replace(answer(), partial=Partial("5%", None, 0, {("tax.py", "rate"): 40})),
    "shard": replace(answer(), plan=PlanRecord("d", 9, 1, 2, "c", "t", ("tax.py",))),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_the_mutants_is_refused_unless_the_policy_allows_it(name: str) -> None:
    assert rules(TIGHT, PARTS[name]) == ["partial"]
    allowed = decide(replace(TIGHT, partial=True), PARTS[name])
    assert allowed.passed
    assert allowed.remarks[0].startswith("partial: ")


# -- what the policy decides

REFUSED = {
    "max-unguarded": answer(units=(unit(Guard.TOUCHED),)),
    "max-survivors": answer(KILLED, SURVIVED),
    "max-lost": replace(answer(), lost=(finding(),)),
    "max-timeouts": answer(KILLED, TIMEOUT),
    "nothing-to-mutate": answer(units=(unit(Guard.NO_MUTANTS),)),
    "min-covered": replace(answer(), changed_lines=(ChangedLines("tax.py", (3, 4, 5), (4,)),)),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_each_rule_refuses_by_itself_and_an_open_policy_lets_it_pass(rule: str) -> None:
    decision = decide(TIGHT, REFUSED[rule])
    assert [one.rule for one in decision.refusals] == [rule]
    assert decision.code is ExitCode.GATE
    (refusal,) = decision.refusals
    assert refusal.items
    assert refusal.todo
    assert decide(OPEN, REFUSED[rule]).passed


@pytest.mark.parametrize("rule", REFUSED)
def test_an_advisory_gate_says_the_same_and_passes(rule: str) -> None:
    decision = decide(replace(TIGHT, advisory=True), REFUSED[rule])
    assert [one.rule for one in decision.refusals] == [rule]
    assert decision.passed


def test_as_many_as_the_limit_pass_and_one_more_does_not() -> None:
    of = answer(KILLED, SURVIVED, verdict(Status.SURVIVED, "s2"))
    decision = decide(replace(TIGHT, max_survivors=2), of)
    assert decision.passed
    assert decision.remarks == ("2 survivors, which max-survivors = 2 lets pass",)
    assert not decide(replace(TIGHT, max_survivors=1), of).passed


def test_the_share_of_changed_lines_counts_over_all_files() -> None:
    files = (ChangedLines("a.py", (1, 2, 3), ()), ChangedLines("b.py", (1,), (1,)))
    of = replace(answer(), changed_lines=files)
    assert decide(replace(TIGHT, min_covered=75), of).passed
    (refusal,) = decide(replace(TIGHT, min_covered=76), of).refusals
    assert refusal.sentence == "tests run 75 % of 4 changed statements, 76 % wanted"
    assert refusal.items == ("b.py:1",)


def test_untouched_functions_are_refused_as_those_that_are_only_touched() -> None:
    found = (unit(Guard.UNTOUCHED), unit(Guard.TOUCHED, name="other"))
    (refusal,) = decide(TIGHT, answer(units=found)).refusals
    assert [item.partition(": ")[2] for item in refusal.items] == [
        "no test runs it",
        "1 test runs it, none notices a fault",
    ]


def test_a_change_without_code_passes_and_says_so() -> None:
    decision = decide(TIGHT, replace(answer(units=()), verdicts=(), changed_lines=()))
    assert decision.passed
    assert decision.remarks == ("no code changed, so there was nothing to guard",)


def test_a_change_of_which_no_mutant_can_be_made_is_said() -> None:
    of = replace(answer(units=(unit(Guard.NO_MUTANTS),)), verdicts=())
    decision = decide(replace(TIGHT, nothing_to_mutate="allow"), of)
    assert decision.passed
    assert "not one mutant could be made of the change" in decision.remarks[0]


def test_a_module_body_with_nothing_to_mutate_holds_nothing_to_guard() -> None:
    of = answer(units=(unit(Guard.NO_MUTANTS, name="<module>"),))
    assert rules(TIGHT, of) == []


@pytest.mark.parametrize("rule", ["max-unguarded", "max-survivors", "max-timeouts", "min-covered"])
def test_what_the_policy_ignores_does_not_count_and_is_said(rule: str) -> None:
    decision = decide(replace(TIGHT, ignore=("docs/*", "tax.py")), REFUSED[rule], (finding(),))
    assert [one.rule for one in decision.refusals] == ["weak-kinds"]
    assert "ignored, as the policy says: tax.py" in decision.remarks
    assert rules(replace(TIGHT, ignore=("tax", "x/tax.py")), REFUSED[rule]) == [rule]


def test_ignored_files_do_not_make_an_answer_conclusive() -> None:
    policy = replace(TIGHT, ignore=("*",))
    assert decide(policy, answer(KILLED, BROKEN)).code is ExitCode.INCONCLUSIVE
    assert decide(policy, answer(), (finding(),)).passed


# -- weak tests


@pytest.mark.parametrize(
    ("kinds", "least", "confidence", "refused"),
    [
        ("all", "likely", Confidence.CERTAIN, True),
        ("all", "likely", Confidence.LIKELY, True),
        ("all", "likely", Confidence.HINT, False),
        ("all", "certain", Confidence.LIKELY, False),
        ("none", "likely", Confidence.CERTAIN, False),
        (("rotten-green",), "likely", Confidence.CERTAIN, True),
        (("other",), "likely", Confidence.CERTAIN, False),
    ],
)
def test_which_weak_tests_are_refused(
    kinds: str | tuple[str, ...], least: str, confidence: Confidence, refused: bool
) -> None:
    policy = replace(TIGHT, weak_kinds=kinds, weak_confidence=least)
    decision = decide(policy, answer(), (finding(confidence),))
    assert [one.rule for one in decision.refusals] == ["weak-kinds"] * refused


def test_a_lost_guard_that_is_accepted_does_not_count() -> None:
    of = replace(answer(), lost=(finding(),))
    assert decide(TIGHT, with_accepted(of, finding().id)).passed


def test_a_function_that_only_mocks_stand_for_is_not_guarded() -> None:
    found = replace(unit(Guard.MOCKED), mocking=("t.py::a", "t.py::b"))
    (refusal,) = decide(TIGHT, answer(units=(found,))).refusals
    assert refusal.rule == "max-unguarded"
    assert refusal.items[0].endswith("no test runs it, 2 tests put a mock in its place")


# -- accepted


def test_what_is_accepted_does_not_count_and_is_said() -> None:
    of = with_accepted(answer(KILLED, SURVIVED, TIMEOUT), "s", "t", "w1234567")
    decision = decide(TIGHT, of, (finding(),))
    assert decision.passed
    assert decision.remarks == ("3 findings accepted before, and not counted",)


def test_a_function_is_excused_only_if_all_its_mutants_are_accepted() -> None:
    other = verdict(Status.SURVIVED, "s2")
    of = answer(SURVIVED, other, units=(unit(Guard.TOUCHED, SURVIVED, other),))
    assert rules(TIGHT, with_accepted(of, "s")) == ["max-unguarded", "max-survivors"]
    assert rules(TIGHT, with_accepted(of, "s", "s2")) == []


def test_a_function_without_mutants_is_never_excused_by_acceptances() -> None:
    of = with_accepted(answer(units=(unit(Guard.UNTOUCHED),)), "s")
    assert rules(TIGHT, of) == ["max-unguarded"]


# -- the ratchet

RATCHET = replace(TIGHT, ratchet=True)
BAD = answer(KILLED, SURVIVED, units=(unit(Guard.TOUCHED, SURVIVED),))
KNOWN = Baseline(found_now(BAD, (finding(),)), "o1")


def test_only_what_the_baseline_does_not_have_counts() -> None:
    decision = decide(RATCHET, BAD, (finding(),), KNOWN)
    assert decision.passed
    assert decision.remarks == ("3 findings in the baseline, and not counted",)
    more = answer(KILLED, SURVIVED, verdict(Status.SURVIVED, "s2"))
    (refusal,) = decide(RATCHET, more, (), KNOWN).refusals
    assert refusal.sentence == "1 new survivor, 0 allowed"


def test_without_a_ratchet_the_baseline_changes_nothing() -> None:
    assert decide(TIGHT, BAD, (finding(),), KNOWN) == decide(TIGHT, BAD, (finding(),))


def test_with_an_empty_baseline_everything_is_new() -> None:
    assert rules(RATCHET, BAD) == ["max-unguarded", "max-survivors"]


def test_a_baseline_of_other_operators_is_said() -> None:
    decision = decide(RATCHET, BAD, (), replace(KNOWN, operators="o0"))
    assert "written with other operators" in decision.remarks[-1]


def test_an_update_keeps_what_the_run_did_not_look_at_and_drops_what_is_mended() -> None:
    elsewhere = Known("x", "survivor", "other.py", "f")
    old = Baseline({**KNOWN.known, "x": elsewhere}, "o1")
    mended = answer(KILLED, verdict(Status.KILLED, "s"))
    assert updated(old, mended, (), ()).known == {"x": elsewhere}


def test_an_update_takes_in_what_is_new_and_not_what_is_accepted() -> None:
    more = answer(SURVIVED, verdict(Status.SURVIVED, "s2"))
    assert updated(EMPTY, more, (), {"s"}).known.keys() == {"s2"}


LOST = replace(finding(kind="guard-lost", name="wlost"), anchor=Anchor("tax.py", "rate", 3, "d"))


def test_an_update_takes_in_guards_lost() -> None:
    of = replace(answer(), lost=(LOST,), asked_again={"wlost": (SURVIVED,)})
    assert rules(RATCHET, of) == ["max-lost"]
    new = updated(EMPTY, of, (), ())
    assert new.known == {"wlost": Known("wlost", "guard-lost", "tax.py", "rate")}
    decision = decide(RATCHET, of, (), new)
    assert decision.passed
    assert "1 finding in the baseline, and not counted" in decision.remarks


def test_a_guard_lost_stays_known_until_it_was_asked_of_again_and_holds() -> None:
    old = Baseline({"wlost": Known("wlost", "guard-lost", "tax.py", "rate")}, "o1")
    assert updated(old, answer(), (), ()).known == old.known
    unknown = replace(answer(), asked_again={"wlost": (verdict(Status.RUNTIME_ERROR, "r"),)})
    assert updated(old, unknown, (), ()).known == old.known
    mended = replace(answer(), asked_again={"wlost": (verdict(Status.KILLED, "s"),)})
    assert updated(old, mended, (), ()).known == {}


def test_a_mutant_that_was_asked_of_again_without_a_verdict_counts_as_one_of_the_change() -> None:
    unknown = replace(answer(), asked_again={"wlost": (verdict(Status.RUNTIME_ERROR, "r"),)})
    assert rules(TIGHT, unknown) == ["max-inconclusive"]
    late = replace(answer(), asked_again={"wlost": (NOT_RUN,)})
    assert rules(TIGHT, late) == ["partial"]


def test_a_path_that_is_no_utf_8_has_an_id_as_any_other() -> None:
    odd = replace(unit(Guard.UNTOUCHED), path="caf\udce9.py")
    of = answer(units=(odd,))
    assert updated(EMPTY, of, (), ()).known.keys() == {unguarded_id(odd)}
    assert finding_id("rotten-green", odd.path, "a") != finding_id("rotten-green", "cafe.py", "a")


def test_after_an_update_the_same_answer_passes() -> None:
    new = updated(EMPTY, BAD, (finding(),), ())
    assert decide(RATCHET, BAD, (finding(),), new).passed
