"""Causes about values on cases made by hand: what a comparison of the runs adds, and what examples
cannot show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from assay.diagnosis.assertion import assertion_of, split, type_of
from assay.diagnosis.cause import Case, Difference
from assay.diagnosis.intent import fits
from assay.diagnosis.reach import reached
from assay.diagnosis.returning import falls_through
from assay.diagnosis.sides import Side, Sides, parsed
from assay.diagnosis.table import BY_NAME
from assay.diagnosis.values import compared, kind_of
from assay.model.diagnosis import Category, Certainty, Fault, Match, Matrix
from assay.model.evidence import Evidence, Frame, FrameKind, Raised
from assay.model.run import TestOutcome

PASSED, FAILED = TestOutcome.PASSED, TestOutcome.FAILED
BROKEN = Matrix(base=PASSED, new_tests=PASSED, new_sources=FAILED, head=FAILED)
KNOWN = Matrix(base=FAILED, new_tests=FAILED, new_sources=FAILED, head=FAILED)


def frame(path: str, function: str, line: int, source: str = "") -> Frame:
    kind = FrameKind.TEST if path.startswith("test") else FrameKind.SOURCE
    return Frame(kind, path, path.removesuffix(".py"), function, line, line, None, source)


def raised(kind: str, message: str, *frames: Frame, **attributes: Any) -> Raised:
    return Raised(kind, (kind, "Exception"), message, attributes, frames)


def case_of(
    before: Mapping[str, str],
    after: Mapping[str, str],
    error: Raised,
    test: str,
    matrix: Matrix = BROKEN,
    category: Category = Category.NEW_FAILURE,
    **more: Any,
) -> Case:
    whole = {**before, **after}
    changed = {p: (before.get(p), text) for p, text in after.items() if before.get(p) != text}
    sides = Sides(Side(before), Side(whole), changed, lambda path: path.startswith("test"))
    return Case(
        test=test,
        path=test.partition("::")[0],
        category=category,
        evidence=Evidence(test, "call", (error,)),
        base_evidence=None,
        matrix=matrix,
        alone=more.pop("alone", (FAILED,) * 3),
        fixtures=(),
        sides=sides,
        **more,
    )


def match(name: str, case: Case) -> Match | None:
    return BY_NAME[name].match(case)


SHOP = (
    "def price(name):\n    return {'tea': 3}[name]\n\n\ndef total(name):\n    return price(name)\n"
)
DEARER = SHOP.replace("3", "4")
A_TEST = "from shop import total\n\n\ndef test_total():\n    assert total('tea') == 3\n"
IN_TEST = frame("test_shop.py", "test_total", 5, "assert total('tea') == 3")
WRONG = raised("AssertionError", "assert 4 == 3\n +  where 4 = total('tea')", IN_TEST)


def a_case(**more: Any) -> Case:
    before = {"shop.py": SHOP, "test_shop.py": A_TEST}
    return case_of(before, {"shop.py": DEARER}, WRONG, "test_shop.py::test_total", **more)


# -- what was compared


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("4 == 3", ("4", "==", "3")),
        ("'a == b' != 'c'", ("'a == b'", "!=", "'c'")),
        ("'x' not in ['y', 'x in z']", ("'x'", "not in", "['y', 'x in z']")),
        (r"'it\'s == so' == 'b'", (r"'it\'s == so'", "==", "'b'")),
        ("None is not None", ("None", "is not", "None")),
        ("False", ("False", "", "")),
    ],
)
def test_a_comparison_is_split_at_its_operator(text: str, parts: tuple[str, str, str]) -> None:
    assert split(text) == parts


def test_an_assertion_tells_the_calls_its_values_came_from() -> None:
    words = (
        "assert '4' == 4\n +  where '4' = <function total at 0x7f4b>(2)\n"
        " +    where <function total at 0x7f4b> = shop.total"
    )
    found = assertion_of(raised("AssertionError", words, IN_TEST))
    assert found is not None
    assert [(call.function, call.value) for call in found.calls] == [("total", "'4'")]


def test_words_of_unittest_are_an_assertion_too() -> None:
    last = Frame(FrameKind.STDLIB, "/lib/unittest/case.py", "unittest.case", "fail", 1, 1, None, "")
    found = assertion_of(raised("AssertionError", "'a' != 'b' : a word of mine", IN_TEST, last))
    assert found is not None
    assert (found.left, found.operator, found.right) == ("'a'", "==", "'b'")


def test_what_is_no_assertion_compares_nothing() -> None:
    assert assertion_of(raised("ValueError", "assert 4 == 3", IN_TEST)) is None
    assert assertion_of(raised("AssertionError", "no words of pytest", IN_TEST)) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("'a'", "str"),
        ("'shorte...ned", "str"),
        ("[1, 2, ...]", "list"),
        ("4", "int"),
        ("None", "NoneType"),
        ("<shop.Cart object at 0x7f>", "Cart"),
        ("Decimal('1')", "Decimal"),
        ("<coroutine object co at 0x7f>", "coroutine"),
    ],
)
def test_the_type_of_a_value_is_told_by_how_it_is_shown(text: str, name: str) -> None:
    assert type_of(text) == name


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("'6' == 6", "type"),
        ("0.30000000000000004 == 0.3", "float"),
        ("4 == 3", "number"),
        ("['b', 'a'] == ['a', 'b']", "ordering"),
        ("['b'] == ['a', 'b']", "length"),
        ("'hallo' == 'hello'", "text"),
        ("{'b': 1} == {'a': 1}", "keys"),
        ("'2026-01-02' == '2026-01-01'", "time"),
        ("'x' in 'abc'", "membership"),
        ("False", "truth"),
        ("<Cart 1> == <Cart 2>", "value"),
    ],
)
def test_values_differ_in_a_way_that_has_a_name(words: str, kind: str) -> None:
    before = {"shop.py": SHOP, "test_shop.py": A_TEST}
    error = raised("AssertionError", f"assert {words}", IN_TEST)
    case = case_of(before, {"shop.py": DEARER}, error, "test_shop.py::test_total")
    found = compared(case)
    assert found is not None
    assert kind_of(found) == kind


def test_the_expected_value_is_the_one_that_is_written_in_the_test() -> None:
    test = A_TEST.replace("total('tea') == 3", "3 == total('tea')")
    error = raised("AssertionError", "assert 3 == 4\n +  where 4 = total('tea')", IN_TEST)
    before = {"shop.py": SHOP, "test_shop.py": test}
    found = compared(case_of(before, {"shop.py": DEARER}, error, "test_shop.py::test_total"))
    assert found is not None
    assert (found.actual, found.expected) == ("4", "3")


# -- what the test reaches


def test_altered_definitions_are_reached_through_those_that_name_them() -> None:
    assert [(one.name, one.depth) for one in reached(a_case())] == [("price", 2)]


def test_definitions_that_the_test_does_not_name_are_not_reached() -> None:
    other = "def bell():\n    return 1\n\n\ndef horn():\n    return 1\n"
    before = {"shop.py": SHOP, "other.py": other, "test_shop.py": A_TEST}
    after = {"other.py": other.replace("1", "2")}
    assert reached(case_of(before, after, WRONG, "test_shop.py::test_total")) == ()


def test_comments_and_docstrings_alter_nothing() -> None:
    after = SHOP.replace("(name):\n", '(name):\n    """Told."""\n    # Said.\n')
    before = {"shop.py": SHOP, "test_shop.py": A_TEST}
    assert reached(case_of(before, {"shop.py": after}, WRONG, "test_shop.py::test_total")) == ()


@pytest.mark.parametrize(
    ("body", "ends"),
    [
        ("return 1", False),
        ("pass", True),
        ("if a:\n        return 1", True),
        ("if a:\n        return 1\n    else:\n        raise E", False),
        ("while True:\n        a()", False),
        ("try:\n        return 1\n    except E:\n        pass", True),
        ("with a:\n        return 1", False),
        ("yield 1", False),
    ],
)
def test_a_function_reaches_its_end_or_not(body: str, ends: bool) -> None:
    tree = parsed(f"def f(a):\n    {body}\n")
    assert tree is not None
    assert falls_through(tree.body[0]) is ends


@pytest.mark.parametrize(
    ("kind", "annotation", "fit"),
    [
        ("str", "str", True),
        ("str", "int", False),
        ("NoneType", "str | None", True),
        ("NoneType", "Optional[str]", True),
        ("NoneType", "str", False),
        ("int", "float", True),
        ("tuple", "list[str]", False),
        ("list", "Sequence[str]", True),
        ("str", "SomeAlias", True),
        ("str", "T", True),
    ],
)
def test_a_type_fits_an_annotation_or_not(kind: str, annotation: str, fit: bool) -> None:
    assert fits(kind, annotation) is fit


# -- with a comparison of the runs


def difference(**more: Any) -> Difference:
    told = {
        "kind": "result",
        "path": "shop.py",
        "line": 1,
        "function": "price",
        "base": "3",
        "head": "4",
        "base_type": "int",
        "head_type": "int",
        "in_change": True,
    }
    return Difference(**{**told, **more})


def test_an_expected_value_is_certain_where_the_runs_were_compared() -> None:
    lead = match("expected-value-changed", a_case())
    sure = match("expected-value-changed", a_case(difference=difference()))
    assert lead is not None
    assert sure is not None
    assert (lead.certainty, sure.certainty) == (Certainty.PARTIAL, Certainty.COMPLETE)
    assert lead.key == sure.key == "shop.py::price"
    assert "gave 3 at base and 4 at head" in sure.sentence
    assert sure.facts["literal"] == "3"
    assert (sure.facts["test_path"], sure.facts["test_line"]) == ("test_shop.py", 5)


def test_a_difference_without_an_altered_definition_is_a_cause_of_its_own() -> None:
    before = {"shop.py": SHOP, "test_shop.py": A_TEST, "data.txt": "3"}
    error, test = WRONG, "test_shop.py::test_total"
    told = difference(in_change=False)
    without = case_of(before, {"data.txt": "4"}, error, test)
    found = case_of(before, {"data.txt": "4"}, error, test, difference=told)
    assert match("expected-value-changed", without) is None
    assert match("expected-value-changed", found) is not None


def test_a_structure_that_differs_is_a_lead_only() -> None:
    found = match("expected-value-changed", a_case(difference=difference(kind="structure")))
    assert found is not None
    assert found.certainty is Certainty.PARTIAL


def test_types_that_part_are_a_changed_return_type_against_the_annotation() -> None:
    typed = SHOP.replace("price(name):", "price(name) -> int:")
    after = typed.replace("{'tea': 3}[name]", "str(3)")
    before = {"shop.py": typed, "test_shop.py": A_TEST}
    error = raised("TypeError", "unsupported operand type(s) for +", IN_TEST)
    told = difference(head="'3'", head_type="str")
    case = case_of(before, {"shop.py": after}, error, "test_shop.py::test_total", difference=told)
    found = match("return-type-changed", case)
    assert found is not None
    assert found.certainty is Certainty.COMPLETE
    assert (found.facts["before"], found.facts["after"]) == ("int", "str")
    assert [sign.fault for sign in found.signs] == [Fault.CODE]


def test_equal_types_are_no_changed_return_type() -> None:
    assert match("return-type-changed", a_case(difference=difference())) is None


def test_none_at_the_origin_is_none_returned_though_another_frame_fails_on_it() -> None:
    after = SHOP.replace("{'tea': 3}[name]", "{'tea': 3}.get(name.upper())")
    before = {"shop.py": SHOP, "test_shop.py": A_TEST}
    none = {"kind": "none", "name": "None", "path": ""}
    error = raised("AttributeError", "'NoneType' object …", IN_TEST, name="real", obj=none)
    test = "test_shop.py::test_total"
    lead = case_of(before, {"shop.py": after}, error, test)
    told = difference(head="None", head_type="NoneType")
    sure = case_of(before, {"shop.py": after}, error, test, difference=told)
    assert match("none-returned", lead) is None
    found = match("none-returned", sure)
    assert found is not None
    assert found.certainty is Certainty.COMPLETE
    assert found.key == "shop.py::price"


def test_a_changed_constant_is_certain_where_the_runs_part_at_it() -> None:
    before = {"shop.py": f"RATE = 20\n\n\n{SHOP}", "test_shop.py": A_TEST}
    before["shop.py"] = before["shop.py"].replace("{'tea': 3}[name]", "{'tea': RATE}[name] + 1")
    after = {"shop.py": before["shop.py"].replace("= 20", "= 22").replace("+ 1", "+ 2")}
    test = "test_shop.py::test_total"
    assert match("default-changed", case_of(before, after, WRONG, test)) is None
    told = difference(kind="hidden-input", base="{'RATE': 20}", head="{'RATE': 22}")
    found = match("default-changed", case_of(before, after, WRONG, test, difference=told))
    assert found is not None
    assert found.certainty is Certainty.COMPLETE
    assert (found.facts["before"], found.facts["after"]) == ("20", "22")


# -- what surrounds a test


def test_polluters_and_their_state_are_named() -> None:
    case = a_case(
        category=Category.ORDER_DEPENDENT,
        alone=(PASSED,) * 3,
        polluters=("test_first.py::test_euro",),
        state="shop.RATE: 3 -> 4",
        matrix=Matrix(base=PASSED, new_tests=FAILED, new_sources=PASSED, head=FAILED),
    )
    found = match("leaked-state", case)
    assert found is not None
    assert found.certainty is Certainty.COMPLETE
    assert found.key == "shop.RATE: 3 -> 4"
    assert found.sentence.startswith("test_first.py::test_euro leaves state behind (shop.RATE")
    assert found.decided is Fault.TEST


def test_a_leak_that_only_the_sources_change_makes_matter_is_not_settled() -> None:
    """At base the same tests pass in the same order: a full cache made the new code fail."""
    case = a_case(
        category=Category.ORDER_DEPENDENT,
        alone=(PASSED,) * 3,
        polluters=("test_first.py::test_euro",),
        matrix=BROKEN,
    )
    found = match("leaked-state", case)
    assert found is not None
    assert found.decided is None


def test_state_that_the_change_has_brought_to_the_sources_is_not_settled() -> None:
    before = {"shop.py": SHOP, "test_shop.py": A_TEST}
    case = case_of(
        before,
        {"shop.py": f"CACHE = {{}}\n\n\n{SHOP}"},
        WRONG,
        "test_shop.py::test_total",
        category=Category.ORDER_DEPENDENT,
        alone=(PASSED,) * 3,
        state="shop.CACHE: {} -> {'tea': 3}",
    )
    found = match("leaked-state", case)
    assert found is not None
    assert found.decided is None
    assert [sign.fault for sign in found.signs] == [Fault.CODE]


def test_a_brittle_test_is_told_with_the_tests_that_it_needs() -> None:
    case = a_case(matrix=KNOWN, category=Category.KNOWN_FAILURE, setters=("test_a.py::test_set",))
    found = match("leaked-state", case)
    assert found is not None
    assert found.facts["kind"] == "brittle"
    assert match("leaked-state", a_case()) is None


def test_only_another_hash_seed_means_the_order_of_sets() -> None:
    sets = SHOP.replace("return price(name)", "return list({price(name), 5})[0]")
    before = {"shop.py": sets, "test_shop.py": A_TEST}
    case = case_of(
        before, {"shop.py": sets}, WRONG, "test_shop.py::test_total", category=Category.FLAKY
    )
    found = match("non-determinism", case)
    assert found is not None
    assert found.facts["axis"] == "hash order"
    assert found.facts["place"] == "shop.py:6"
    assert [sign.fault for sign in found.signs] == [Fault.CODE]


def test_a_set_that_is_sorted_is_the_same_each_time() -> None:
    sets = SHOP.replace("return price(name)", "return sorted({price(name), 5})[0]")
    before = {"shop.py": sets, "test_shop.py": A_TEST}
    case = case_of(
        before, {"shop.py": sets}, WRONG, "test_shop.py::test_total", category=Category.FLAKY
    )
    found = match("non-determinism", case)
    assert found is not None
    assert found.facts["place"] == ""


@pytest.mark.parametrize(
    ("after", "named"),
    [("while True:\n        name = name", ["shop.py:2"]), ("return price(name)", [])],
)
def test_a_test_that_was_killed_for_its_time_is_a_timeout(after: str, named: list[str]) -> None:
    before = {"shop.py": SHOP, "test_shop.py": A_TEST}
    changed = {"shop.py": SHOP.replace("return {'tea': 3}[name]", after)}
    matrix = Matrix(PASSED, PASSED, TestOutcome.TIMEOUT, TestOutcome.TIMEOUT)
    error = raised("", "ran longer than 3 s")
    case = case_of(before, changed, error, "test_shop.py::test_total", matrix)
    found = match("timeout", case)
    assert found is not None
    assert found.facts["loops"] == named
    assert [sign.fault for sign in found.signs] == [Fault.CODE]
    assert match("process-died", case) is None


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_plain_failure_without_any_difference_has_no_cause(name: str) -> None:
    before = {"shop.py": SHOP, "test_shop.py": A_TEST, "readme.txt": "a"}
    after = {"readme.txt": "b"}
    assert match(name, case_of(before, after, WRONG, "test_shop.py::test_total")) is None
    known = case_of(before, after, WRONG, "test_shop.py::test_total", KNOWN, Category.KNOWN_FAILURE)
    assert match(name, known) is None


# -- signs


def signs_of(before: str, after: str, test: str, words: str, **documents: str) -> list[Fault]:
    """The faults that signs of an expected value speak for; `documents` are texts at head."""
    old = {"shop.py": before, "test_shop.py": test}
    new = {"shop.py": after, **{f"{name}.md": text for name, text in documents.items()}}
    error = raised("AssertionError", f"assert {words}", IN_TEST)
    found = match("expected-value-changed", case_of(old, new, error, "test_shop.py::test_total"))
    assert found is not None
    return [sign.fault for sign in found.signs]


def test_nothing_said_speaks_for_nobody() -> None:
    assert signs_of(SHOP, DEARER, A_TEST, "4 == 3") == []


def test_a_test_that_names_the_report_of_a_bug_speaks_for_the_code() -> None:
    reported = A_TEST.replace("    assert", "    # See #1234.\n    assert")
    assert signs_of(SHOP, DEARER, reported, "4 == 3") == [Fault.CODE]


def test_a_text_that_shows_none_speaks_for_the_code() -> None:
    assert signs_of(SHOP, DEARER, A_TEST, "'tea: None' == 'tea'") == [Fault.CODE]
    assert signs_of(SHOP, DEARER, A_TEST, "'tea: None' == 'None'") == []


def test_documents_that_name_altered_words_as_code_speak_for_the_test() -> None:
    after = SHOP.replace("{'tea': 3}[name]", "currency[name]")
    assert signs_of(SHOP, after, A_TEST, "4 == 3", log="Prices in `currency`.") == [Fault.TEST]
    assert signs_of(SHOP, after, A_TEST, "4 == 3", log="Prices in currency.") == []
    assert signs_of(SHOP, after, A_TEST, "4 == 3", log="Prices in `dollars`.") == []


@pytest.mark.parametrize(
    ("line", "faults"),
    [("assert total('tea') == 3", [Fault.CODE]), ("patch('shop.price')", [])],
)
def test_sources_that_fail_by_themselves_speak_for_the_code_unless_on_stand_ins(
    line: str, faults: list[Fault]
) -> None:
    test = A_TEST.replace("assert total('tea') == 3", line)
    error = raised("ZeroDivisionError", "division by zero", IN_TEST, frame("shop.py", "price", 2))
    old = {"shop.py": SHOP, "test_shop.py": test}
    found = match(
        "error-in-sources", case_of(old, {"shop.py": DEARER}, error, "test_shop.py::test_total")
    )
    assert found is not None
    assert [sign.fault for sign in found.signs] == faults
