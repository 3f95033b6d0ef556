"""Facts about which findings of an answer are shown first."""

from __future__ import annotations

from dataclasses import replace

from gate_cases import answer, finding, unit, verdict, with_accepted

from assay.model.answer import Answer, Guard
from assay.model.explanation import Explanation, Reach
from assay.model.finding import Confidence, Severity
from assay.model.mutant import NOT_REACHED, Status
from assay.model.source import MODULE_UNIT
from assay.report.account import Account
from assay.report.first import first, items, more_words
from assay.report.gate_text import account_text
from assay.report.markdown import markdown

MANY = tuple(verdict(Status.SURVIVED, f"s{n}") for n in range(12))
ELSEWHERE = verdict(Status.SURVIVED, "other", unit="refund")
BARE = verdict(Status.NO_COVERAGE, "bare", "no test runs this line", unit="idle")
MOCKED = replace(unit(Guard.MOCKED, name="send"), touching=(), mocking=("t.py::a", "t.py::b"))
LOST = replace(
    finding(kind="guard-lost", name="wlost"), severity=Severity.HIGH, sentence="Guard lost."
)
WEAK = finding(name="wweak")


def mixed() -> Answer:
    found = answer(*MANY, ELSEWHERE, BARE, units=(unit(Guard.TOUCHED, *MANY), MOCKED))
    return replace(found, lost=(LOST,))


def test_the_first_ten_are_of_all_kinds_together() -> None:
    shown, rest = first(items(mixed(), (WEAK,)), 10)
    assert len(shown) == 10
    assert len(rest) == 7
    kinds = [item.noun for item in shown]
    assert kinds == [
        "guard lost",
        "function only mocked",
        "survivor",
        "survivor",
        "function without coverage",
        "weak test",
        *["survivor"] * 4,
    ]
    assert more_words(rest) == "7 more survivors"


def test_what_is_not_shown_is_counted_by_kind() -> None:
    _, rest = first(items(mixed(), (WEAK,)), 3)
    words = "14 more (12 survivors, 1 function without coverage, 1 weak test)"
    assert more_words(rest) == words


def test_one_of_each_function_comes_before_a_second_of_any() -> None:
    shown, _ = first(items(answer(*MANY, ELSEWHERE), ()), 2)
    assert [item.found for item in shown] == [MANY[0], ELSEWHERE]


def test_if_all_are_shown_they_stand_by_kind_in_the_order_of_the_text() -> None:
    shown, rest = first(items(answer(*MANY[:3], ELSEWHERE), ()), 10)
    assert [item.found for item in shown] == [*MANY[:3], ELSEWHERE]
    assert rest == []


def test_what_is_accepted_takes_no_place() -> None:
    of = with_accepted(mixed(), "s0", "wlost", "wweak")
    nouns = {item.noun for item in items(of, (WEAK,))}
    assert nouns == {"survivor", "function only mocked", "function without coverage"}


def test_what_is_accepted_is_said_before_the_last_line() -> None:
    text = account_text(Account(with_accepted(mixed(), "wweak"), (WEAK,)))
    assert "wweak (equivalent: both are the same)" in text
    assert text.index("wweak") < text.index("\nPython 3.12")


def test_a_hint_comes_after_everything_else() -> None:
    hint = finding(Confidence.HINT, name="whint")
    shown, _ = first(items(answer(*MANY[:2]), (hint, WEAK)), 3)
    assert [item.noun for item in shown] == ["survivor", "weak test", "survivor"]


def test_the_terminal_and_markdown_show_the_same_ten_and_say_how_many_more() -> None:
    account = Account(mixed(), (WEAK,))
    text = account_text(account)
    assert text.count("Survived: ") == 6
    for words in ("Guard lost.", "Only mocked: tax.py:3 send", "Without coverage: ", "wweak"):
        assert words in text
    assert "\n… and 7 more survivors: --all shows them.\n" in text
    page = markdown(account)
    assert page.count("<summary>Survived: ") == 6
    assert "Only mocked: `tax.py:3` `send`: no test runs it, and 2 tests" in page
    assert "… and 7 more survivors: `assay gate --all` shows them." in page


def test_everything_is_shown_if_all_is_wanted() -> None:
    text = account_text(Account(mixed(), (WEAK,), everything=True))
    assert text.count("Survived: ") == 13
    assert "more" not in text


def test_where_only_tests_changed_the_first_line_says_whether_their_guards_hold() -> None:
    tests = replace(answer(units=()), verdicts=())
    plain = "No function was added or changed, but 1 file of tests."
    assert account_text(Account(tests)).startswith(f"{plain}\n")
    killed = replace(tests, asked_again={"w": (verdict(Status.KILLED, "a"),)})
    assert account_text(Account(killed)).splitlines()[0] == (
        "No function was added or changed, but 1 file of tests; what these used to notice is still "
        "noticed (1 mutant)."
    )
    late = replace(tests, asked_again={"w": (verdict(Status.PENDING, "a", NOT_REACHED),)})
    assert account_text(Account(late)).startswith(f"{plain}\n")


def test_guards_lost_are_counted_by_function_and_not_if_they_are_accepted() -> None:
    body = replace(LOST, id="wbody", anchor=replace(LOST.anchor, unit=MODULE_UNIT))
    of = replace(answer(), lost=(LOST, body))
    assert "GUARD LOST in 1 function and 1 module body: " in account_text(Account(of))
    assert "GUARD LOST in 1 module body: " in account_text(Account(with_accepted(of, "wlost")))
    assert "GUARD LOST" not in account_text(Account(with_accepted(of, "wlost", "wbody")))


def test_markdown_says_why_a_survivor_survived() -> None:
    why = Explanation(
        reach=Reach.SAME,
        sentence="Same result: the only call of rate in t.py::a cannot tell the mutant",
        test="t.py::a",
        calls=1,
        given=(("n", "1"),),
        advice="call it so that `n` and `0` are equal",
    )
    page = markdown(Account(replace(answer(*MANY[:1]), explanations={"s0": why})))
    assert "  given n=1\nFix: call it so that `n` and `0` are equal.\n```" in page


def test_of_several_functions_of_one_name_the_line_says_which() -> None:
    third = replace(unit(Guard.TOUCHED), unit="Box.get#3")
    text = account_text(Account(answer(units=(third,))))
    assert "Box.get " in text
    assert "#" not in text
