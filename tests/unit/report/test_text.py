"""Facts about the terminal report: whole answers, as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import dedent
from typing import Any

import pytest

from assay.model.answer import Answer, Guard, UnitAnswer
from assay.model.change import UnitStatus
from assay.model.mutant import Left, Mutant, Status, Verdict
from assay.model.run import Failure, TestOutcome, TestResult
from assay.model.selection import Reason, ReasonKind, SelectedTest, Selection
from assay.model.source import MODULE_UNIT, Span
from assay.report.account import Account
from assay.report.as_json import verdict_json
from assay.report.gate_text import account_text
from assay.report.text import (
    SHOWN,
    headline,
    left_line,
    mutants_text,
    selection_text,
    shown_mutant,
)

VERSIONS = {"assay": "0.1.0", "mutmut": "3.8.1", "python": "3.11.7", "interpreter": "/p/python"}

DIFF = """\
--- a/tax.py
+++ b/tax.py
@@ -2,3 +2,3 @@
 def rate(x):
-    return x + 1
+    return x - 1
"""


def mutant(number: int = 1, scope: str = "rate") -> Mutant:
    return Mutant(
        id=f"m{number}",
        path="tax.py",
        unit=scope,
        scope=scope,
        operator="arithmetic",
        span=Span(3, 11, 3, 16),
        original="x + 1",
        replacement="x - 1",
        statement_line=3,
        lines=frozenset({3}),
    )


def verdict(
    status: Status,
    number: int = 1,
    covering: Iterable[str] = ("t.py::a",),
    killer: str = "",
    reason: str = "",
    scope: str = "rate",
) -> Verdict:
    return Verdict(
        mutant(number, scope), status, tuple(covering), killer, bool(killer), reason, 1, 0.5
    )


def unit(
    guard: Guard,
    name: str = "rate",
    line: int = 3,
    touching: Iterable[str] = (),
    guarding: Iterable[str] = (),
    verdicts: Iterable[Verdict] = (),
) -> UnitAnswer:
    return UnitAnswer(
        path="tax.py",
        unit=name,
        line=line,
        status=UnitStatus.MODIFIED,
        guard=guard,
        touching=tuple(touching),
        guarding=tuple(guarding),
        verdicts=tuple(verdicts),
    )


def selected(*tests: str) -> Selection:
    reason = Reason(ReasonKind.CODE_CHANGED, "tax.py::rate changed")
    return Selection(tuple(SelectedTest(test, (reason,), 0.1) for test in tests), ())


def result(
    node_id: str, outcome: TestOutcome = TestOutcome.PASSED, failure: Failure | None = None
) -> TestResult:
    return TestResult(node_id, outcome, 0.1, failure)


def answer(
    verb: str = "impact",
    units: Iterable[UnitAnswer] = (),
    verdicts: Iterable[Verdict] = (),
    selection: Selection | None = None,
    results: Iterable[TestResult] = (),
    notices: Iterable[str] = (),
    flaky: Mapping[str, str] | None = None,
    interrupted: bool = False,
    *,
    left: Mapping[str, int] | None = None,
) -> Answer:
    verdicts = tuple(verdicts)
    return Answer(
        verb=verb,
        project="/p",
        compared="main (abc1234) with the working tree",
        versions=VERSIONS,
        collected=5,
        selection=selection or Selection((), ()),
        results={one.node_id: one for one in results},
        units=tuple(units),
        verdicts=verdicts,
        diffs={v.mutant.id: DIFF for v in verdicts},
        changed_tests=(),
        notices=tuple(notices),
        inconclusive=(),
        flaky=flaky or {},
        interrupted=interrupted,
        seconds={"collect": 0.5, "tests": 1.26, "mutants": 2.0},
        left=left or {},
    )


def shown(of: Answer, everything: bool = False) -> str:
    return account_text(Account(of, everything=everything))


FOOT = "Python 3.11.7, mutmut 3.8.1, assay 0.1.0; collect 0.5 s, tests 1.3 s, mutants 2.0 s.\n"


def expected(text: str) -> str:
    return dedent(text) + FOOT


# Whole reports


def test_no_changed_function() -> None:
    assert shown(answer()) == expected(
        """\
        No function was added or changed: nothing to guard.
        Compared: main (abc1234) with the working tree.
        0 of 5 tests can be affected.

        """
    )


def test_one_guarded_function() -> None:
    killed = verdict(Status.KILLED, killer="t.py::a")
    found = answer(
        units=[unit(Guard.GUARDED, touching=["t.py::a"], guarding=["t.py::a"], verdicts=[killed])],
        verdicts=[killed],
        selection=selected("t.py::a"),
        results=[result("t.py::a")],
    )
    assert shown(found) == expected(
        """\
        1 function changed: 1 guarded.
        Compared: main (abc1234) with the working tree.
        1 of 5 tests can be affected; 1 ran, all well.
        1 mutant: 1 killed; mutation score 100 %.

                 where     changed    touched → guarding tests    mutants
        -------  --------  ---------  --------------------------  ---------
        guarded  tax.py:3  rate       1 → 1                       1 killed

        """
    )


def test_one_function_that_tests_touch_and_none_guards() -> None:
    survived = verdict(Status.SURVIVED, covering=["t.py::a", "t.py::b", "t.py::c", "t.py::d"])
    found = answer(
        units=[unit(Guard.TOUCHED, touching=["t.py::a", "t.py::b"], verdicts=[survived])],
        verdicts=[survived],
        selection=selected("t.py::a", "t.py::b"),
        results=[result("t.py::a"), result("t.py::b")],
    )
    assert shown(found) == expected(
        """\
        1 function changed: 0 guarded, 1 touched by 2 tests but guarded by none.
        Compared: main (abc1234) with the working tree.
        2 of 5 tests can be affected; 2 ran, all well.
        1 mutant: 1 survived; mutation score 0 %.

                      where     changed    touched → guarding tests    mutants
        ------------  --------  ---------  --------------------------  ----------
        touched only  tax.py:3  rate       2 → 0                       1 survived

        Survived: tax.py:3 rate [arithmetic] m1
            @@ -2,3 +2,3 @@
             def rate(x):
            -    return x + 1
            +    return x - 1
          ran it and noticed nothing: t.py::a, t.py::b, t.py::c and 1 more

        """
    )


def test_an_untouched_module_body() -> None:
    uncovered = verdict(
        Status.NO_COVERAGE, covering=(), reason="no test runs this line", scope=MODULE_UNIT
    )
    found = answer(
        units=[unit(Guard.UNTOUCHED, MODULE_UNIT, verdicts=[uncovered])], verdicts=[uncovered]
    )
    assert shown(found) == expected(
        """\
        1 module body changed: 0 guarded, 1 untouched.
        Compared: main (abc1234) with the working tree.
        0 of 5 tests can be affected.
        1 mutant: 1 without coverage; mutation score 0 %.

                   where     changed        touched → guarding tests    mutants
        ---------  --------  -------------  --------------------------  ------------------
        untouched  tax.py:3  (module body)  0 → 0                       1 without coverage

        Without coverage: tax.py:3 (module body) (1 mutant): no test runs this line.

        """
    )


def test_an_interrupted_run_with_a_mutant_left_over() -> None:
    pending = verdict(Status.PENDING, reason="interrupted before it was run")
    found = answer(verb="mutate", verdicts=[pending], results=[result("t.py::a")], interrupted=True)
    assert shown(found) == expected(
        """\
        1 mutant: 1 not run.
        Compared: main (abc1234) with the working tree.
        5 tests collected; 1 ran, all well.

        Not conclusive: 1 mutant (such as m1): interrupted before it was run.

        Interrupted: what was finished is kept; run the same command again to go on.
        """
    )


def test_failing_tests_come_before_everything_found_with_them() -> None:
    def failure(phase: str, message: str) -> Failure:
        return Failure(phase, "ValueError", message, by_assertion=False, excerpt="")

    found = answer(
        units=[unit(Guard.NO_MUTANTS, touching=["t.py::a"])],
        results=[
            result("t.py::a", TestOutcome.FAILED, failure("call", "no rate")),
            result("t.py::b", TestOutcome.ERROR, failure("setup", "")),
            result("t.py::c", TestOutcome.CRASHED),
            result("t.py::d"),
        ],
    )
    assert shown(found) == expected(
        """\
        1 function changed: 0 guarded, 1 with nothing to mutate.
        Compared: main (abc1234) with the working tree.
        0 of 5 tests can be affected; 4 ran, 3 failed.

        3 tests failed without any mutant; mend these first:
          t.py::a: ValueError: no rate
          t.py::b: in setup: ValueError
          t.py::c: crashed
          `assay diagnose` says why they fail, whose fault it is, and what to edit.

                    where     changed    touched → guarding tests    mutants
        ----------  --------  ---------  --------------------------  ---------
        no mutants  tax.py:3  rate       1 → 0                       none

        """
    )


def test_notices_and_flaky_tests_are_told() -> None:
    found = answer(
        "mutate", notices=["x.py has no mutants: it does not parse"], flaky={"t": "fails"}
    )
    assert shown(found) == expected(
        """\
        No mutants.
        Compared: main (abc1234) with the working tree.
        5 tests collected.

        Note: x.py has no mutants: it does not parse.
        Note: t fails; it was not used as a killer.

        """
    )


def test_cases_of_one_flaky_test_are_told_as_one() -> None:
    flaky = {
        "a.py::t[1]": "fails",
        "a.py::t[2]": "fails",
        "a.py::t[3]": "hangs",
        "a.py::u[1]": "fails",
    }
    notes = [line for line in shown(answer("mutate", flaky=flaky)).splitlines() if "Note" in line]
    assert notes == [
        "Note: a.py::t (2 of its cases) fails; it was not used as a killer.",
        "Note: a.py::t[3] hangs; it was not used as a killer.",
        "Note: a.py::u[1] fails; it was not used as a killer.",
    ]


def test_many_flaky_tests_are_told_in_part() -> None:
    found = answer("mutate", flaky={f"a.py::t{n:02}": "fails" for n in range(SHOWN + 3)})
    assert "… and 3 more such tests: --all shows them." in shown(found)
    assert "more such tests" not in shown(found, everything=True)


# Parts


def test_the_headline_counts_every_guard() -> None:
    units = [
        unit(Guard.GUARDED),
        unit(Guard.TOUCHED, touching=["a", "b"]),
        unit(Guard.TOUCHED, touching=["b", "c"]),
        unit(Guard.MOCKED),
        unit(Guard.UNTOUCHED),
        unit(Guard.NO_MUTANTS),
        unit(Guard.UNKNOWN),
        unit(Guard.GUARDED, MODULE_UNIT),
        unit(Guard.GUARDED, MODULE_UNIT),
    ]
    assert headline(units) == (
        "7 functions and 2 module bodies changed: 3 guarded, 2 touched by 3 tests but guarded by "
        "none, 1 only mocked, 1 untouched, 1 with nothing to mutate, 1 not conclusive."
    )


def test_units_that_need_work_stand_above_the_guarded_ones() -> None:
    units = [unit(guard, guard.name.lower()) for guard in Guard]
    lines = shown(answer(units=units)).splitlines()
    names = [guard.name.lower() for guard in Guard]
    order = [line.split("tax.py:3")[1].split()[0] for line in lines if "→ 0" in line]
    assert sorted(order) == sorted(names)
    assert order == ["touched", "mocked", "untouched", "unknown", "no_mutants", "guarded"]


def test_survivors_stand_above_mutants_without_coverage() -> None:
    verdicts = [verdict(Status.NO_COVERAGE, 1), verdict(Status.SURVIVED, 2)]
    text = shown(answer("mutate", verdicts=verdicts))
    assert text.index("Survived: ") < text.index("Without coverage: ")


@pytest.mark.parametrize("status", [Status.KILLED, Status.TIMEOUT, Status.COMPILE_ERROR])
def test_mutants_that_are_no_finding_are_counted_and_not_shown(status: Status) -> None:
    text = shown(answer("mutate", verdicts=[verdict(status)]))
    assert text.startswith("1 mutant: 1 ")
    assert "@@" not in text


def test_a_timeout_is_neither_in_the_score_nor_against_it() -> None:
    verdicts = [verdict(Status.TIMEOUT, 1), verdict(Status.KILLED, 2, killer="a")]
    head = shown(answer("mutate", verdicts=verdicts)).splitlines()[0]
    assert head == "2 mutants: 1 killed, 1 timed out; mutation score 100 %."


def test_without_a_tried_mutant_there_is_no_score() -> None:
    head = shown(answer("mutate", verdicts=[verdict(Status.TIMEOUT)])).splitlines()[0]
    assert head == "1 mutant: 1 timed out."


@pytest.mark.parametrize("status", Status)
def test_every_status_has_words(status: Status) -> None:
    assert shown(answer("mutate", verdicts=[verdict(status)])).startswith("1 mutant: 1 ")


def test_mutants_with_the_same_fault_are_told_once() -> None:
    verdicts = [verdict(Status.RUNTIME_ERROR, n, reason="it broke") for n in (1, 2)]
    text = shown(answer("mutate", verdicts=verdicts))
    assert "Not conclusive: 2 mutants (such as m1): it broke.\n" in text


# Limits


def test_ten_survivors_are_shown_and_all_when_asked() -> None:
    found = answer("mutate", verdicts=[verdict(Status.SURVIVED, n) for n in range(12)])
    assert shown(found).count("Survived: ") == SHOWN == 10
    assert "\n… and 2 more survivors: --all shows them.\n" in shown(found)
    assert shown(found, everything=True).count("Survived: ") == 12
    assert "--all" not in shown(found, everything=True)


def test_ten_failures_are_shown_and_all_when_asked() -> None:
    results = [result(f"t.py::t{n}", TestOutcome.CRASHED) for n in range(11)]
    found = answer(results=results)
    assert shown(found).count(": crashed") == 10
    assert "\n  … and 1 more: --all shows them.\n" in shown(found)
    assert shown(found, everything=True).count(": crashed") == 11


def test_exactly_ten_are_shown_without_a_hint() -> None:
    found = answer("mutate", verdicts=[verdict(Status.SURVIVED, n) for n in range(10)])
    assert shown(found).count("Survived: ") == 10
    assert "--all" not in shown(found)


# Selections


def test_selected_tests_are_grouped_by_their_reason() -> None:
    first = Reason(ReasonKind.CODE_CHANGED, "tax.py::rate changed")
    second = Reason(ReasonKind.NEW_TEST, "the map does not know this test")
    tests = (
        SelectedTest("t.py::a", (first, second), 0.1),
        SelectedTest("t.py::new", (second,), 0.0),
        SelectedTest("t.py::b", (first,), 0.1),
    )
    found = selection_text(Selection(tests, ("t.py::z",)), everything=False, compared="main")
    assert found == dedent(
        """\
        3 of 4 tests can be affected.
        Compared: main.

        2 because: tax.py::rate changed
          t.py::a
          t.py::b

        1 because: the map does not know this test
          t.py::new
        """
    )


def test_an_empty_selection_says_so() -> None:
    found = selection_text(Selection((), ("a",)), everything=False, compared="main")
    assert found == "0 of 1 test can be affected.\nCompared: main.\n"


def test_ten_selected_tests_of_a_reason_are_shown_and_all_when_asked() -> None:
    many = selected(*(f"t.py::t{n}" for n in range(13)))
    few_text = selection_text(many, everything=False, compared="main")
    assert few_text.count("\n  t.py::") == 10
    assert few_text.endswith("\n  … and 3 more: --all shows them.\n")
    assert selection_text(many, everything=True, compared="main").count("\n  t.py::") == 13


# Mutants before and after


def test_mutants_are_listed_a_line_each() -> None:
    assert mutants_text([mutant(1), mutant(2, MODULE_UNIT)], [], everything=True) == dedent(
        """\
        id    where     in             kind      operator    change
        ----  --------  -------------  --------  ----------  -------------
        m1    tax.py:3  rate           function  arithmetic  x + 1 → x - 1
        m2    tax.py:3  (module body)  function  arithmetic  x + 1 → x - 1

        2 mutants.
        """
    )


LEFT = [Left(mutant(2), "logging"), Left(mutant(3), "equal code"), Left(mutant(4), "logging")]


def test_mutants_that_are_not_run_are_counted_in_the_list() -> None:
    assert mutants_text([mutant(1)], LEFT, everything=False).endswith(
        "\n\n1 mutant.\n3 mutants not run: 1 of equal code, 2 by rules (logging 2); "
        "--all lists them.\n"
    )


def test_mutants_that_are_not_run_are_listed_with_the_reason_when_asked() -> None:
    lines = mutants_text([mutant(1)], LEFT, everything=True).splitlines()
    assert [line.split()[-1] for line in lines if line.startswith("m")] == [
        "1", "logging", "code", "logging",
    ]  # fmt: skip
    assert lines[4].endswith("change         not run")
    assert lines[-1] == "3 mutants not run: 1 of equal code, 2 by rules (logging 2)."


def test_reasons_are_counted_the_most_frequent_rule_first() -> None:
    left = {"docstring": 1, "logging": 2, "all": 1, "duplicate": 4, "equal code": 1}
    assert left_line({**left, "does not compile": 1}) == (
        "10 mutants not run: 1 of equal code, 4 like another, 1 that cannot be compiled, "
        "4 by rules (logging 2, all 1, docstring 1)."
    )
    assert left_line({"duplicate": 1}) == "1 mutant not run: 1 like another."


def test_an_answer_says_how_many_mutants_were_not_run() -> None:
    text = shown(answer(left={"logging": 2}))
    assert "\n2 mutants not run: 2 by rules (logging 2).\n" in text
    assert "not run" not in shown(answer())


def entry(of: Verdict) -> dict[str, Any]:
    return verdict_json(of, DIFF)


def test_a_survivor_is_shown_with_its_tests_and_the_way_to_repeat_it() -> None:
    assert shown_mutant(entry(verdict(Status.SURVIVED))) == dedent(
        """\
        m1 survived: tax.py:3 rate [arithmetic]

        --- a/tax.py
        +++ b/tax.py
        @@ -2,3 +2,3 @@
         def rate(x):
        -    return x + 1
        +    return x - 1

        Covering tests (1 of 1 run):
          t.py::a

        Repeat it: assay mutate tax.py --only m1
        """
    )


def test_a_killed_mutant_is_shown_with_its_killer() -> None:
    killed = verdict(Status.KILLED, killer="t.py::a", reason="AssertionError: 1 == 2")
    text = shown_mutant(entry(killed))
    assert "\nKilled by t.py::a (an assertion): AssertionError: 1 == 2\n" in text


def test_a_mutant_that_timed_out_is_not_called_killed() -> None:
    hung = verdict(Status.TIMEOUT, killer="t.py::a", reason="ran over its limit in t.py::a")
    text = shown_mutant(entry(hung))
    assert text.startswith("m1 timed out: ")
    assert "Ran over its limit in t.py::a." in text
    assert "illed" not in text


def test_a_mutant_without_coverage_is_shown_with_the_reason_and_no_tests() -> None:
    text = shown_mutant(
        entry(verdict(Status.NO_COVERAGE, covering=(), reason="no test runs this line"))
    )
    assert "\nNo test runs this line.\n" in text
    assert "\n  none\n" in text
