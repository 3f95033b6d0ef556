"""Whose fault a failure is: which signs count, which decide, and what is only shown."""

from __future__ import annotations

from assay.diagnosis.fellows import Ran
from assay.diagnosis.sides import Side
from assay.diagnosis.verdict import verdict_of
from assay.model.diagnosis import Category, Certainty, Fault, Match, Matrix, Sign
from assay.model.run import TestOutcome

PASSED, FAILED = TestOutcome.PASSED, TestOutcome.FAILED
BROKEN = Matrix(base=PASSED, new_tests=PASSED, new_sources=FAILED, head=FAILED)

STALE = Sign(Fault.CODE, "shop.py:3 still uses the old form of `total`", "shop.py:3")
MEANT = Sign(Fault.TEST, "the change writes of `total` in README.md", "README.md")
RENAMED = Sign(Fault.TEST, "the change has made `total` into `shop.sum`", "shop.py:1", alone=False)


def match(*signs: Sign, key: str = "shop.py::total", **more: object) -> Match:
    certainty = more.get("certainty", Certainty.COMPLETE)
    decided = more.get("decided")
    assert isinstance(certainty, Certainty)
    assert decided is None or isinstance(decided, Fault)
    return Match("a-cause", key, certainty, "", (), signs, (), "", decided=decided)


def fault_of(*matches: Match) -> Fault:
    return verdict_of(Category.NEW_FAILURE, BROKEN, matches).fault


def test_signs_of_one_side_decide_and_signs_of_both_do_not() -> None:
    assert fault_of(match(STALE)) is Fault.CODE
    assert fault_of(match(MEANT)) is Fault.TEST
    assert fault_of(match(STALE, MEANT)) is Fault.UNDECIDED
    assert fault_of(match()) is Fault.UNDECIDED


def test_a_weak_sign_neither_decides_nor_stands_in_the_way() -> None:
    assert fault_of(match(RENAMED)) is Fault.UNDECIDED
    assert fault_of(match(RENAMED, STALE)) is Fault.CODE
    assert fault_of(match(RENAMED, MEANT)) is Fault.TEST


def test_a_vaguer_cause_undoes_nothing_and_its_signs_are_shown_beside() -> None:
    vague = match(MEANT, certainty=Certainty.HEURISTIC)
    about_another = match(MEANT, key="shop.py::label")
    for other in (vague, about_another):
        verdict = verdict_of(Category.NEW_FAILURE, BROKEN, [match(STALE), other])
        assert (verdict.fault, verdict.signs, verdict.beside) == (Fault.CODE, (STALE,), (MEANT,))


def test_a_cause_about_the_same_that_claims_as_much_counts() -> None:
    assert fault_of(match(STALE), match(MEANT)) is Fault.UNDECIDED
    assert fault_of(match(), match(decided=Fault.ENVIRONMENT)) is Fault.ENVIRONMENT
    vague = match(certainty=Certainty.HEURISTIC, decided=Fault.ENVIRONMENT)
    assert fault_of(match(STALE), vague) is Fault.CODE


def test_what_speaks_for_neither_side_is_shown_and_decides_nothing() -> None:
    neutral = Sign(Fault.UNDECIDED, "1 of the 4 tests that name `total`, or what does, fail")
    verdict = verdict_of(Category.NEW_FAILURE, BROKEN, [match()], [neutral])
    assert (verdict.fault, verdict.signs, verdict.beside) == (Fault.UNDECIDED, (), (neutral,))


SHOP = """\
class Cart:
    def __init__(self, prices):
        self.prices = prices

    def add(self, price):
        self.prices.append(price)


class Bag:
    def add(self, thing):
        return thing


def total(cart):
    return sum(cart.prices)
"""
TESTS = """\
def test_total():
    assert total(Cart([1])) == 1


def test_helped():
    assert helped() == 1


def helped():
    return total(Cart([1]))


def test_add():
    Cart([]).add(1)
"""


def test_the_tests_of_a_unit_are_those_that_name_it_or_what_does() -> None:
    head = Side({"shop.py": SHOP, "test_shop.py": TESTS})
    ran = Ran(
        {
            "test_shop.py::test_total[a]": PASSED,
            "test_shop.py::test_total[b]": FAILED,
            "test_shop.py::test_helped": PASSED,
            "test_shop.py::test_add": FAILED,
        }
    )
    assert ran.of_unit(head, "shop.py", "total") == (1, 2)
    assert ran.of_unit(head, "shop.py", "Cart.__init__") == (2, 3)
    assert ran.of_unit(head, "shop.py", "Cart.add") == (0, 0), "two have the name"
