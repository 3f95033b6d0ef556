"""What a fix may change, and what it may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.diagnosis.transitions import verified
from assay.model.evidence import WHOLE_SUITE
from assay.model.run import TestOutcome
from assay.model.verification import Before, Now, TestCode, Trouble

PASSED, FAILED, SKIPPED = TestOutcome.PASSED, TestOutcome.FAILED, TestOutcome.SKIPPED

CODE = TestCode(
    assertions={"t.py::a": 1, "t.py::b": 2},
    texts={"t.py::b": ("assert total() == 12.5",)},
    files={"t.py": "1"},
    sources="1",
)
BEFORE = Before(
    base="b",
    outcomes={"t.py::a": PASSED, "t.py::b": FAILED},
    failing={"t.py::b": "new failure"},
    paths={"t.py::a": "t.py", "t.py::b": "t.py"},
    code=CODE,
    settings="[]",
)
GOOD_NOW = Now(
    orders={
        "forward": {"t.py::a": PASSED, "t.py::b": PASSED},
        "reverse": {"t.py::b": PASSED, "t.py::a": PASSED},
    },
    skips={},
    broken={},
    paths={"t.py::a": "t.py", "t.py::b": "t.py"},
    code=CODE,
    settings="[]",
)


def troubles(now: Now, before: Before = BEFORE, asked: tuple[str, ...] = ()) -> list[str]:
    return [f"{o.trouble.value}: {o.test}" for o in verified(before, now, asked).objections]


def with_outcomes(forward: dict[str, TestOutcome], reverse: dict[str, TestOutcome]) -> Now:
    return replace(GOOD_NOW, orders={"forward": forward, "reverse": reverse})


def test_a_fix_holds_if_all_passes_in_both_orders() -> None:
    found = verified(BEFORE, GOOD_NOW, ())
    assert found.holds
    assert found.fixed == found.wanted == ("t.py::b",)


def test_what_was_to_be_fixed_and_still_fails_is_told() -> None:
    now = with_outcomes({"t.py::a": PASSED, "t.py::b": FAILED}, dict(GOOD_NOW.orders["reverse"]))
    assert troubles(now) == ["not fixed: t.py::b"]
    assert verified(BEFORE, now, ()).fixed == ()


def test_a_test_that_passed_and_fails_now_is_told() -> None:
    both = {"t.py::a": FAILED, "t.py::b": PASSED}
    assert troubles(with_outcomes(both, both)) == ["newly failing: t.py::a"]


def test_a_failure_in_one_order_says_in_which() -> None:
    now = with_outcomes(
        {"t.py::a": PASSED, "t.py::b": PASSED}, {"t.py::a": FAILED, "t.py::b": PASSED}
    )
    (objection,) = verified(BEFORE, now, ()).objections
    assert objection.words == "failed in reverse only"


def test_a_failure_in_one_order_at_base_too_is_a_notice() -> None:
    now = with_outcomes(
        {"t.py::a": PASSED, "t.py::b": PASSED}, {"t.py::a": FAILED, "t.py::b": PASSED}
    )
    found = verified(BEFORE, replace(now, before_too=frozenset({"t.py::a"})), ())
    assert found.holds
    assert found.notices == ("t.py::a fails in reverse order only, as it does at base",)


def test_what_order_dependent_tests_left_alone_do_to_others_is_a_notice() -> None:
    before = replace(BEFORE, failing={**BEFORE.failing, "t.py::c": "order-dependent"})
    now = with_outcomes(
        {"t.py::a": PASSED, "t.py::b": PASSED}, {"t.py::a": FAILED, "t.py::b": PASSED}
    )
    found = verified(before, now, ("t.py::b",))
    assert found.holds
    assert "t.py::a" in found.notices[0]


def test_to_skip_what_was_to_be_fixed_is_no_fix() -> None:
    both = {"t.py::a": PASSED, "t.py::b": SKIPPED}
    assert troubles(with_outcomes(both, both)) == ["not fixed: t.py::b"]


def test_to_skip_another_test_is_told() -> None:
    both = {"t.py::a": SKIPPED, "t.py::b": PASSED}
    assert troubles(with_outcomes(both, both)) == ["newly skipped: t.py::a"]


def test_a_test_that_is_gone_is_told() -> None:
    both = {"t.py::b": PASSED}
    assert troubles(with_outcomes(both, both)) == ["vanished: t.py::a"]


def test_to_delete_what_was_to_be_fixed_is_no_fix() -> None:
    both = {"t.py::a": PASSED}
    assert troubles(with_outcomes(both, both)) == ["not fixed: t.py::b", "vanished: t.py::b"]


def test_fewer_assertions_are_told() -> None:
    now = replace(GOOD_NOW, code=replace(CODE, assertions={"t.py::a": 0, "t.py::b": 2}))
    assert troubles(now) == ["asserts less: t.py::a"]


def test_more_assertions_and_new_tests_are_fine() -> None:
    both = {"t.py::a": PASSED, "t.py::b": PASSED, "t.py::new": PASSED}
    now = replace(
        with_outcomes(both, both),
        code=replace(CODE, assertions={"t.py::a": 5, "t.py::b": 2, "t.py::new": 1}),
    )
    assert troubles(now) == []


def test_a_new_test_that_fails_is_told() -> None:
    both = {"t.py::a": PASSED, "t.py::b": PASSED, "t.py::new": FAILED}
    (objection,) = verified(BEFORE, with_outcomes(both, both), ()).objections
    assert (objection.test, objection.words) == ("t.py::new", "a new test: failed")


def test_other_settings_of_pytest_are_told() -> None:
    assert troubles(replace(GOOD_NOW, settings="[('filterwarnings', '')]")) == ["settings: "]


def test_a_file_that_can_no_longer_be_collected_is_told_once() -> None:
    both = {"u.py::c": PASSED}
    now = replace(
        with_outcomes(both, both), broken={"t.py": "no module"}, paths={"u.py::c": "u.py"}
    )
    assert troubles(now) == ["not fixed: t.py::b", "newly failing: t.py"]


def test_a_file_that_could_not_be_collected_is_fixed_when_its_tests_are_there() -> None:
    before = replace(BEFORE, failing={"t.py": "collection error"}, outcomes={})
    assert troubles(GOOD_NOW, before) == []
    gone = replace(GOOD_NOW, paths={}, orders={"forward": {}, "reverse": {}})
    assert "not fixed: t.py" in troubles(gone, before)


def test_a_flaky_test_has_to_pass_each_time_it_runs_alone() -> None:
    before = replace(BEFORE, failing={"t.py::b": "flaky"})
    assert troubles(GOOD_NOW, before) == ["not fixed: t.py::b"]
    steady = replace(GOOD_NOW, reruns={"t.py::b": (PASSED,) * 14})
    assert troubles(steady, before) == []
    rare = replace(GOOD_NOW, reruns={"t.py::b": (PASSED,) * 13 + (FAILED,)})
    (objection,) = verified(before, rare, ()).objections
    assert objection.words == "failed 1 of 14 times alone"


def test_known_failures_need_not_be_fixed() -> None:
    before = replace(BEFORE, failing={"t.py::b": "known failure"})
    both = {"t.py::a": PASSED, "t.py::b": FAILED}
    assert troubles(with_outcomes(both, both), before) == []


@pytest.mark.parametrize("path", ["conftest.py", "tests/__init__.py", WHOLE_SUITE])
def test_what_holds_no_tests_is_mended_once_tests_are_collected(path: str) -> None:
    before = replace(BEFORE, failing={path: "collection error"}, outcomes={"t.py::a": PASSED})
    assert troubles(GOOD_NOW, before) == []
    still = replace(GOOD_NOW, orders={}, paths={}, broken={path: "no such option"})
    assert f"not fixed: {path}" in troubles(still, before)
    empty = replace(GOOD_NOW, orders={}, paths={})
    assert f"not fixed: {path}" in troubles(empty, before)


EDITED = replace(
    CODE, texts={"t.py::b": ("assert total() == 12",)}, files={"t.py": "2"}, sources="1"
)


def test_a_hook_that_was_written_or_edited_is_told() -> None:
    hooks = {"conftest.py::pytest_runtest_makereport": "1"}
    now = replace(GOOD_NOW, code=replace(CODE, hooks=hooks))
    assert troubles(now) == ["hooks: conftest.py::pytest_runtest_makereport"]
    before = replace(BEFORE, code=replace(CODE, hooks=hooks))
    assert troubles(now, before) == []
    other = replace(GOOD_NOW, code=replace(CODE, hooks=dict.fromkeys(hooks, "2")))
    assert troubles(other, before) == ["hooks: conftest.py::pytest_runtest_makereport"]


def test_a_hook_in_a_file_that_was_to_be_mended_may_be_edited() -> None:
    hooks = {"conftest.py::pytest_runtest_call": "1"}
    before = replace(BEFORE, failing={"conftest.py": "collection error"})
    assert troubles(replace(GOOD_NOW, code=replace(CODE, hooks=hooks)), before) == []


def test_an_assertion_that_was_rewritten_is_a_note_and_no_objection() -> None:
    found = verified(BEFORE, replace(GOOD_NOW, code=EDITED), ())
    assert found.holds
    assert found.notices == (
        "edited among the tests since the diagnosis: t.py, and no other Python file",
        "t.py::b checks something else: `assert total() == 12.5` is now `assert total() == 12`",
    )


def test_it_says_that_the_code_was_held_at_fault() -> None:
    before = replace(BEFORE, at_fault=frozenset({"t.py::b"}))
    *_, last = verified(before, replace(GOOD_NOW, code=EDITED), ()).notices
    assert last.endswith("the code was held at fault, not the test")


def test_no_note_says_that_only_tests_were_edited_if_sources_were() -> None:
    now = replace(GOOD_NOW, code=replace(EDITED, sources="2"))
    assert verified(BEFORE, now, ()).notices[0].endswith("since the diagnosis: t.py")


def test_what_was_not_edited_has_no_note() -> None:
    assert verified(BEFORE, GOOD_NOW, ()).notices == ()


def test_edits_of_tests_are_objections_if_they_are_not_wanted() -> None:
    def edits(files: dict[str, str]) -> list[tuple[str, str]]:
        now = replace(GOOD_NOW, code=replace(CODE, files=files))
        found = verified(BEFORE, now, (), tests_kept=True)
        return [(o.test, o.words) for o in found.objections if o.trouble is Trouble.EDITED]

    assert edits({"t.py": "1", "test_new.py": "3"}) == []
    assert edits({"t.py": "2"}) == [("t.py", "was edited")]
    assert edits({}) == [("t.py", "is no more")]
    assert edits({"t.py": "1", "conftest.py": "3"}) == [("conftest.py", "was edited")]


def test_of_many_edits_the_first_are_named() -> None:
    names = [f"t.py::t{n}" for n in range(8)]
    before = replace(
        BEFORE,
        failing=dict.fromkeys(names, "new failure"),
        code=TestCode(
            texts=dict.fromkeys(names, ("assert 1 == x",)),
            files={f"t{n}.py": "1" for n in range(8)},
        ),
    )
    files, *tests = verified(before, replace(GOOD_NOW, code=TestCode()), ()).notices
    assert "t4.py and 3 more" in files
    assert len(tests) == 6
    assert tests[-1] == "and 3 more tests that check something else now"


def test_the_troubles_have_names_of_their_own() -> None:
    assert len({trouble.value for trouble in Trouble}) == len(Trouble)
