"""Facts about the first difference between two runs: which call is its origin, and what is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from traces import a_test, aligned, call, error, made, trace, value

from assay.diagnosis.divergence import origins
from assay.diagnosis.telling import divergence, plain
from assay.model.divergence import Divergence, Kind, NoDivergence, Trace

ASSERTION = error("AssertionError", "assert 12 == 13")


def found(base: Trace, head: Trace, **more: Any) -> Divergence:
    both = aligned(base, head, **more)
    return divergence(both, origins(both), ())


def at(one: Divergence) -> tuple[Kind, str]:
    return one.kind, one.candidates[0].place.name


# -- which call


def test_the_innermost_function_that_returns_another_value_is_the_origin() -> None:
    def run(price: int) -> Trace:
        inner = call("price", back=price, left=3)
        return trace(a_test(call("total", inner, back=price, line=18), fails=ASSERTION))

    one = found(run(13), run(12))
    assert at(one) == (Kind.RESULT, "price")
    assert (one.base, one.head) == ("13", "12")
    assert [step.place.name for step in one.chain] == ["total", "test_total"]
    assert one.sentence == (
        "shop.py:3 price() returned 13 at base, 12 at head; "
        "the test compares it at tests/test_shop.py:18"
    )


def test_runs_that_are_the_same_have_no_origin() -> None:
    run = trace(a_test(call("total", back=1)))
    assert origins(aligned(run, run)) == []


def test_a_test_that_only_fails_by_its_assertion_is_no_origin() -> None:
    base = trace(a_test(call("total", back=1), call("again", back=1)))
    head = trace(a_test(call("total", back=1), fails=ASSERTION))
    assert origins(aligned(base, head)) == []


def test_who_hands_on_another_argument_is_the_origin() -> None:
    def run(rate: int) -> Trace:
        inner = call("tax", given={"rate": rate}, back=rate, line=5)
        return trace(a_test(call("total", inner, back=rate)))

    one = found(run(7), run(19))
    assert at(one) == (Kind.ARGUMENTS, "total")
    assert one.sentence.startswith("shop.py:5 total() gave tax() rate = 7 at base, 19 at head")


def test_an_unchanged_test_is_never_blamed_for_what_it_hands_on() -> None:
    def run(rate: int) -> Trace:
        return trace(a_test(call("tax", given={"rate": rate}, back=rate)))

    one = found(run(7), run(19))
    assert at(one) == (Kind.ARGUMENTS, "tax")
    assert "was given rate = 7 at base, 19 at head" in one.sentence


def test_a_changed_test_may_be_blamed() -> None:
    def run(rate: int) -> Trace:
        return trace(a_test(call("tax", given={"rate": rate}, back=rate)))

    texts = tuple(f"def test_total():\n    assert tax({rate}) == {rate}\n" for rate in (7, 19))
    one = found(run(7), run(19), changed={"tests/test_shop.py": (texts[0], texts[1])})
    assert at(one) == (Kind.ARGUMENTS, "test_total")
    assert one.in_change


def test_an_argument_that_only_one_side_has_says_nothing() -> None:
    base = trace(a_test(call("tax", given={"rate": 7}, back=1)))
    head = trace(a_test(call("tax", given={"percent": 19}, back=1)))
    assert origins(aligned(base, head)) == []


def test_data_that_was_read_is_an_origin_with_its_name() -> None:
    def run(currency: str) -> Trace:
        return trace(a_test(call("show", read={"state.CURRENCY": currency}, back=currency)))

    one = found(run("USD"), run("EUR"))
    assert at(one) == (Kind.HIDDEN, "show")
    assert (one.what, one.base, one.head) == ("state.CURRENCY", "'USD'", "'EUR'")


def test_an_argument_left_in_another_state_is_told_by_its_attribute() -> None:
    def run(count: int) -> Trace:
        cart = made("shop.Cart", count=count, owner="mine")
        add = call("Cart.add", given={"self": made("shop.Cart")}, after={"self": cart})
        return trace(a_test(add, fails=ASSERTION))

    one = found(run(1), run(2))
    assert at(one) == (Kind.MUTATED, "Cart.add")
    assert (one.what, one.base, one.head) == ("self.count", "1", "2")


def test_a_function_that_raises_no_more_is_told_so() -> None:
    base = trace(a_test(call("check", fails=error("ValueError", "too low"))))
    head = trace(a_test(call("check", back=None), fails=error("Failed", "DID NOT RAISE")))
    one = found(base, head)
    assert at(one) == (Kind.RAISED, "check")
    assert one.sentence.startswith(
        "shop.py:9 check() raised ValueError('too low') at base, returned None at head"
    )


def test_a_call_that_head_does_not_make_is_a_lead() -> None:
    base = trace(a_test(call("total", call("round_up", back=None, line=4), back=1)))
    head = trace(a_test(call("total", back=1), fails=ASSERTION))
    one = found(base, head)
    assert at(one) == (Kind.STRUCTURE, "total")
    assert one.sentence.startswith("shop.py:4 total() called round_up() at base, did not call")


def test_a_call_that_head_makes_in_place_of_another_is_told_with_it() -> None:
    base = trace(a_test(call("total", call("up", back=None, line=4), back=1)))
    head = trace(a_test(call("total", call("down", back=None, line=4), back=1), fails=ASSERTION))
    one = found(base, head)
    assert (one.kind, one.base, one.head) == (Kind.STRUCTURE, "called up()", "called down()")


def test_a_warning_is_called_one() -> None:
    warning = call("warnings.WarningMessage.__init__", path="")
    base = trace(a_test(call("total", warning, back=1)))
    head = trace(a_test(call("total", back=1), fails=error("Failed", "DID NOT WARN")))
    assert (found(base, head).base, found(base, head).head) == ("gave a warning", "gave none")


def test_a_function_that_calls_others_and_returns_another_value_is_told_by_its_value() -> None:
    base = trace(a_test(call("total", call("round_up", back=None), back=13)))
    head = trace(a_test(call("total", back=12), fails=ASSERTION))
    assert at(found(base, head)) == (Kind.RESULT, "total")


def test_a_call_that_cannot_be_made_any_more_points_at_its_callee_with_both_signatures() -> None:
    base = trace(a_test(call("discount", back=1)))
    head = trace(a_test(fails=error("TypeError", "takes 1 positional argument"), left=13))
    texts = ("def discount(amount, rate): pass\n", "def discount(amount, *, percent): pass\n")
    one = found(base, head, changed={"shop.py": texts})
    assert at(one) == (Kind.STOPPED, "discount")
    assert (one.place.path, one.place.line) == ("tests/test_shop.py", 13)
    assert one.base == "went on to call discount(amount, rate)"
    assert one.head.endswith("there it is discount(amount, *, percent)")


def test_a_function_that_is_gone_is_said_to_be() -> None:
    base = trace(a_test(call("discount", back=1)))
    head = trace(a_test(fails=error("AttributeError", "no discount")))
    one = found(base, head, changed={"shop.py": ("def discount(rate): pass\n", "\n")})
    assert one.head.endswith("there is no discount() there")


# -- which of several


def test_a_difference_that_no_caller_notices_comes_after_one_that_reaches_the_test() -> None:
    def run(note: str, price: int) -> Trace:
        logged = call("log", call("stamp", back=note), back=None, line=17)
        return trace(a_test(logged, call("price", back=price, line=18), fails=ASSERTION))

    one = found(run("a", 13), run("b", 12))
    assert [c.place.name for c in one.candidates] == ["price", "stamp"]


def test_of_two_that_reach_the_test_that_of_the_failing_line_comes_first() -> None:
    def run(size: int, price: int) -> Trace:
        return trace(
            a_test(
                call("size", back=size, line=10),
                call("price", back=price, line=18),
                fails=ASSERTION,
            )
        )

    one = found(run(1, 13), run(2, 12))
    assert [c.place.name for c in one.candidates] == ["price", "size"]


def test_what_happens_unseen_inside_a_call_comes_before_what_the_call_does_then() -> None:
    """The page is written to a stream, which no summary shows."""

    def run(page: str) -> Trace:
        inside = call("write", call("make_page", back=page), back=None)
        invoke = call("invoke", inside, call("Result", given={"text": page}), back=page)
        return trace(a_test(invoke, fails=ASSERTION))

    one = found(run("<a>"), run("<b>"))
    assert [c.place.name for c in one.candidates[:2]] == ["make_page", "invoke"]


def test_the_consequences_of_an_origin_are_none_themselves() -> None:
    def run(rate: int) -> Trace:
        return trace(
            a_test(call("total", call("rate", back=rate), call("tax", given={"r": rate}), back=1))
        )

    assert [one.kind for one in origins(aligned(run(7), run(8)))] == [Kind.RESULT]


def test_callers_fill_up_the_candidates() -> None:
    def run(price: int) -> Trace:
        inner = call("price", back=price)
        outer = call("invoice", call("total", inner, back=price), back=price)
        return trace(a_test(outer, fails=ASSERTION))

    names = [c.place.name for c in found(run(1), run(2)).candidates]
    assert names == ["price", "total", "invoice"]


# -- what is masked, and what is told


def test_what_varies_by_itself_is_no_difference() -> None:
    base = trace(a_test(call("now", back=1)))
    head = trace(a_test(call("now", back=2)))
    masks = {("shop.py", "now", "value"): frozenset({()})}
    assert origins(aligned(base, head)) != []
    assert origins(aligned(base, head, masks=masks)) == []


def test_a_mask_hides_one_attribute_and_not_the_others() -> None:
    def run(stamp: int, price: int) -> Trace:
        return trace(a_test(call("order", back=made("shop.Order", stamp=stamp, price=price))))

    masks = {("shop.py", "order", "value"): frozenset({(("attr", "stamp"),)})}
    assert origins(aligned(run(1, 5), run(2, 5), masks=masks)) == []
    one = found(run(1, 5), run(2, 6), masks=masks)
    assert (one.what, one.base, one.head) == ("result.price", "5", "6")


def test_nothing_is_said_to_be_missing_where_a_trace_is_cut() -> None:
    base = trace(a_test(call("total", call("tax", back=1), back=1)))
    head = trace(a_test(call("total", ends=False)), cut="after 200000 calls and returns")
    assert origins(aligned(base, head)) == []


def test_the_change_is_recognised_by_the_texts_of_the_function() -> None:
    def run(price: int) -> Trace:
        return trace(a_test(call("price", back=price), fails=ASSERTION))

    texts = ("def price():\n    return 13\n", "# new\ndef price():\n    return 12\n")
    moved = ("def price():\n    return 13\n", "# new\ndef price():\n    return 13\n")
    assert found(run(13), run(12), changed={"shop.py": texts}).in_change
    assert not found(run(13), run(12), changed={"shop.py": moved}).in_change


def test_the_calls_around_the_origin_are_told() -> None:
    def run(price: int) -> Trace:
        before = call("load", given={"name": "x"}, back=1)
        return trace(a_test(before, call("price", call("tax", back=1), back=price)))

    rows = [(row.depth, row.head, row.is_origin) for row in found(run(1), run(2)).calls]
    assert rows == [
        (0, "test_total() returned None", False),
        (1, "load(name='x') returned 1", False),
        (1, "price() returned 2", True),
        (2, "tax() returned 1", False),
    ]


@pytest.mark.parametrize("kind", [Divergence, NoDivergence])
def test_both_answers_are_plain_data(kind: type) -> None:
    answer: Divergence | NoDivergence = NoDivergence("nothing differs")
    if kind is Divergence:
        answer = found(trace(a_test(call("f", back=1))), trace(a_test(call("f", back=2))))
    data = plain(answer)
    assert json.loads(json.dumps(data)).keys() == data.keys()
    assert data["kind"] == ("result" if kind is Divergence else "none")


def test_a_long_value_is_shown_where_it_differs() -> None:
    def run(end: str) -> Trace:
        return trace(a_test(call("page", back=value("x" * 200 + end))))

    one = found(run("left"), run("right"))
    assert "left" in one.base
    assert "right" in one.head
