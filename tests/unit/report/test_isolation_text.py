"""Facts about what `assay isolate` and `assay flaky` say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.model.flakiness import Axis, Flakiness, Varying
from assay.model.isolation import Dependence, Isolation, Leak, Starts
from assay.model.run import TestOutcome
from assay.report.isolation_json import flakiness_json, isolation_json
from assay.report.isolation_text import command, flakiness_text, isolation_text

PASSED, FAILED = TestOutcome.PASSED, TestOutcome.FAILED

LEAK = Leak(
    kind="module global",
    name="shop.RATE",
    before="1",
    after="2",
    writer="t.py::p",
    read=True,
    fix="`monkeypatch.setattr(shop, 'RATE', …)` undoes it after the test",
    line=("shop.py", 4),
    test_line=("t.py", 6),
)
VICTIM = Isolation(
    test="t.py::v",
    dependence=Dependence.VICTIM,
    alone=(PASSED, PASSED, PASSED),
    together=FAILED,
    before=1000,
    causes=("t.py::p",),
    leaks=(LEAK,),
    cleaners=("t.py::c",),
    by_state=True,
    confirmed=True,
    starts=Starts(alone=3, together=1, search=1, cleaners=2, fresh=1),
    bisection=13,
)
VARYING = Varying(
    test="t.py::f",
    axes=(Axis.ORDER,),
    failures=1,
    runs=4,
    low=0.05,
    high=0.7,
    needed=11,
    failing=("with the others, backwards",),
    passing=("alone, nothing changed",),
    message="AssertionError: assert 0",
)
FLAKY = Flakiness(
    tests=3, runs=4, seed=7, varying=(VARYING,), failing=("t.py::b",), tried=(), starts=9
)


def test_a_victim_its_polluter_the_state_and_the_fix() -> None:
    text = isolation_text(VICTIM)
    assert text.startswith("t.py::v is a victim: it passes alone, and fails after t.py::p.\n")
    assert "  shop.RATE: 1 -> 2  (module global)\n" in text
    assert "changed at shop.py:4, reached from t.py:6\n" in text
    assert "Next: in t.py::p: `monkeypatch.setattr(shop, 'RATE', …)`" in text
    assert "Cleaners, after which it passes again:\n  t.py::c\n" in text
    assert "in 6; plain bisection takes 13: 7 saved." in text


def test_cleaners_do_not_count_against_bisection() -> None:
    assert VICTIM.starts.total == 8
    assert VICTIM.saved == 7


def test_a_brittle_test_is_told_to_set_up_its_state_itself() -> None:
    text = isolation_text(replace(VICTIM, dependence=Dependence.BRITTLE, cleaners=None))
    assert "is brittle: it fails alone, and passes after t.py::p." in text
    assert "State-setter:" in text
    assert "Next: let t.py::v set it up itself" in text
    assert "Cleaners" not in text


def test_state_that_is_not_seen_to_be_used_is_told_so() -> None:
    leak = replace(LEAK, read=False, line=None)
    text = isolation_text(replace(VICTIM, leaks=(leak,)))
    assert "(module global; not seen to be used by the test)" in text
    assert "changed at" not in text


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (replace(VICTIM, dependence=Dependence.FAILS, causes=()), "no victim: it fails alone (3"),
        (replace(VICTIM, dependence=Dependence.NONE, causes=()), "no victim: it passes alone (3"),
        (
            replace(VICTIM, dependence=Dependence.FLAKY, causes=(), alone=(PASSED, FAILED, PASSED)),
            "is flaky: alone it passed, then failed, then passed; `assay flaky t.py::v`",
        ),
        (
            replace(VICTIM, dependence=Dependence.FLAKY, causes=()),
            "is flaky: after the same tests it ended otherwise the second time",
        ),
        (replace(VICTIM, dependence=Dependence.UNKNOWN, causes=()), "could not be told"),
        (replace(VICTIM, later=True), "Polluter, which the suite's own order has after it:"),
        (replace(VICTIM, leaks=()), "The state is not seen"),
        (replace(VICTIM, cleaners=()), "Cleaners: no test was seen to put it back."),
        (replace(VICTIM, interrupted=True), "Interrupted:"),
    ],
)
def test_each_answer_has_its_words(found: Isolation, words: str) -> None:
    assert words in isolation_text(found)


def test_the_command_can_be_pasted() -> None:
    odd = replace(VICTIM, causes=("t.py::p[a b]",), pytest_args=("-m", "not slow"))
    assert command(odd) == "pytest -m 'not slow' 't.py::p[a b]' t.py::v"


def test_a_flaky_test_its_axis_and_how_often() -> None:
    text = flakiness_text(FLAKY, everything=False)
    assert text.startswith("1 of 3 tests does not always end alike.\n")
    assert "  order: the tests before it change its outcome\n" in text
    assert "failed in 1 of 4 runs: 25%, between 5% and 70% of all with 95 % confidence" in text
    assert "takes 11 such runs" in text
    assert "Next: assay isolate t.py::f" in text
    assert "1 test failed in every run:\n  t.py::b" in text
    assert "--seed 7 --runs 4" in text


def test_nothing_flaky_is_said_with_how_much_was_tried() -> None:
    text = flakiness_text(replace(FLAKY, varying=(), failing=()), everything=False)
    assert text.startswith("Nothing flaky seen in 3 tests, 4 runs of each kind.\n")


def test_many_are_cut_unless_all_are_asked_for() -> None:
    many = replace(FLAKY, varying=(VARYING,) * 14)
    assert "… and 4 more: --all shows them." in flakiness_text(many, everything=False)
    assert "--all" not in flakiness_text(many, everything=True)


def test_records_hold_the_same() -> None:
    record = isolation_json(VICTIM, 1)
    assert record["causes"] == ["t.py::p"]
    assert record["leaks"][0]["line"] == {"path": "shop.py", "line": 4}
    assert record["starts"]["saved"] == 7
    assert flakiness_json(FLAKY, 1)["varying"][0]["axes"] == ["order"]
