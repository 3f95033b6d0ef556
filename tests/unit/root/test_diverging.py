"""Facts about divergences found on real runs: two trees of a small shop, one with bugs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.console import Console

from assay.diverging import diverge
from assay.model.divergence import Divergence, Kind, NoDivergence
from assay.progress import Progress
from assay.project import open_project
from assay.recording import Suite, collected_suite

TESTS = """
import threading
from decimal import Decimal

import pytest

import cart, orders, report, stock, tax

ORDER = cart.Order(2)


def test_total():
    lines = [Decimal("2.5"), Decimal("10")]
    assert cart.total(lines) == Decimal("12.5")


def test_page():
    page = report.page(["a", "b"])
    assert page == "<a><b>"


def test_rate():
    assert tax.of(100) == 7


def test_discount():
    assert cart.discount(100, 10) == 90


def test_refuses():
    with pytest.raises(ValueError):
        cart.check(-1)


def test_made_at_collection():
    assert ORDER.double() == 4


def test_in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(cart.sign(-2)))
    thread.start()
    thread.join()
    assert found == [-1]


def test_stamped():
    assert cart.stamped(3)[1] == 3


@pytest.mark.parametrize("rate", [stock.TABLE], ids=["given"])
def test_given_at_collection(rate):
    assert rate == {"a": 2, "b": 3}


def test_reads_a_table():
    assert stock.TABLE.get("a") == 2


def test_reads_an_object():
    assert stock.standard() == 3


def test_field_default():
    assert orders.made(1).cost() == 3


def test_function_default():
    assert orders.priced(1) == 5


def test_same():
    assert cart.sign(2) == 1
"""

BASE = {
    "tests/test_shop.py": TESTS,
    "stock.py": """
def rates(text):
    return {key: int(value) for key, value in (part.split("=") for part in text.split(","))}


TABLE = rates("a=2,b=3")


def rate_of(key):
    return TABLE[key]


class Level:
    def __init__(self, count):
        self.count = count


STANDARD = Level(TABLE["b"])


def standard():
    return STANDARD.count
""",
    "orders.py": """
from dataclasses import dataclass


@dataclass
class Order:
    count: int
    price: int = 3

    def cost(self):
        return self.count * self.price


def made(count):
    return Order(count)


def priced(count, price=5):
    return count * price
""",
    "tax.py": "RATE = 7\n\n\ndef of(amount):\n    return amount * RATE // 100\n",
    "report.py": """
class Page:
    def __init__(self):
        self.parts = []

    def add(self, name):
        self.parts.append(tag(name))


def tag(name):
    if name:
        return f"<{name}>"
    return ""


def page(names):
    made = Page()
    for name in names:
        made.add(name)
    return "".join(made.parts)
""",
    "cart.py": """
import time


class Order:
    def __init__(self, count):
        self.count = count

    def double(self):
        return self.count * 2


def total(lines):
    return sum(lines)


def discount(amount, percent):
    return amount - amount * percent // 100


def check(amount):
    if amount < 0:
        raise ValueError("negative")


def sign(number):
    return 1 if number > 0 else -1


def count_of(number):
    return number


def stamped(number):
    return time.perf_counter_ns(), count_of(number)
""",
}

CHANGES = {
    "stock.py": [("int(value)", "int(value) + 7")],
    "orders.py": [("price: int = 3", "price: int = 4"), ("price=5", "price=6")],
    "tax.py": [("RATE = 7", "RATE = 19")],
    "report.py": [("if name:", 'if name != "b":')],
    "cart.py": [
        ("return sum(lines)", "return int(sum(lines))"),
        ("(amount, percent)", "(amount, *, percent)"),
        ("amount < 0", "amount < -5"),
        ("self.count = count", "self.count = count + 1"),
        ("1 if number > 0 else -1", "1 if number else -1"),
        ("    return number\n", "    return number + 1\n"),
    ],
}


def written(into: Path, head: bool) -> Path:
    for path, text in BASE.items():
        changed = text
        for old, new in CHANGES.get(path, ()) if head else ():
            assert old in changed
            changed = changed.replace(old, new)
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        (into / path).write_text(changed, encoding="utf-8")
    return into


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Suite, Suite]]:
    with ExitStack() as stack:
        found = []
        for name in ("base", "head"):
            tree = written(tmp_path_factory.mktemp(name), name == "head")
            environ = {"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
            project = open_project(tree, sys.executable, (), {**environ, "PYTHONPATH": str(tree)})
            progress = Progress(Console(stderr=True), quiet=True)
            found.append(stack.enter_context(collected_suite(project, progress)))
        yield found[0], found[1]


def found(suites: tuple[Suite, Suite], name: str) -> Divergence:
    answer = diverge(*suites, f"tests/test_shop.py::{name}")
    assert isinstance(answer, Divergence), answer
    return answer


def test_another_result_is_told_with_the_line_that_compares_it(
    suites: tuple[Suite, Suite],
) -> None:
    one = found(suites, "test_total")
    assert one.sentence == (
        "cart.py:14 total() returned Decimal('12.5') at base, 12 at head; "
        "the test compares it at tests/test_shop.py:14"
    )
    assert one.in_change
    assert one.notes == ()


def test_the_branch_that_was_taken_is_told_with_the_callers_up_to_the_test(
    suites: tuple[Suite, Suite],
) -> None:
    one = found(suites, "test_page")
    assert (one.kind, one.place.name) == (Kind.RESULT, "tag")
    assert (one.base, one.head) == ("'<b>'", "''")
    assert one.branch is not None
    assert one.branch.line == 11
    assert one.branch_words == "went on to line 12 (of base) at base, went on to line 13 at head"
    assert [step.place.name for step in one.chain] == ["Page.add", "page", "test_page"]
    assert one.chain[0].head == "left self.parts as ['<a>', '']"
    assert one.chain[1].head == "returned '<a>'"


def test_a_constant_that_was_read_is_told_by_its_name(suites: tuple[Suite, Suite]) -> None:
    one = found(suites, "test_rate")
    assert (one.kind, one.what, one.base, one.head) == (Kind.HIDDEN, "RATE", "7", "19")
    assert one.place.name == "of"
    assert one.in_change
    assert "7 at base, 19 at head (set at tax.py:1)" in one.sentence


def test_a_signature_that_changed_is_told_by_both(suites: tuple[Suite, Suite]) -> None:
    one = found(suites, "test_discount")
    assert (one.kind, one.candidates[0].place.name) == (Kind.STOPPED, "discount")
    assert one.base == "went on to call discount(amount, percent)"
    assert "discount(amount, *, percent)" in one.head


def test_an_exception_that_is_not_raised_any_more_is_told(suites: tuple[Suite, Suite]) -> None:
    one = found(suites, "test_refuses")
    assert (one.kind, one.base) == (Kind.RAISED, "raised ValueError('negative')")
    assert one.head == "returned None"


def test_an_object_made_at_collection_is_told_as_what_the_call_was_given(
    suites: tuple[Suite, Suite],
) -> None:
    one = found(suites, "test_made_at_collection")
    assert (one.kind, one.what, one.base, one.head) == (Kind.ARGUMENTS, "self.count", "2", "3")
    assert "was given" in one.sentence
    assert "made when the test was collected" in one.notes[0]


def test_a_parameter_made_at_collection_is_told_by_the_module_that_holds_it(
    suites: tuple[Suite, Suite],
) -> None:
    one = found(suites, "test_given_at_collection[given]")
    assert (one.kind, one.what, one.place.line) == (Kind.HIDDEN, "TABLE", 6)
    assert one.sentence.startswith(
        "stock.py:6 TABLE is {'a': 2, 'b': 3} at base, {'a': 9, 'b': 10} at head; "
    )
    assert not one.in_change


def test_what_an_unchanged_test_reads_is_told_by_where_it_was_made(
    suites: tuple[Suite, Suite],
) -> None:
    one = found(suites, "test_reads_a_table")
    assert (one.kind, one.place.path, one.place.line) == (Kind.HIDDEN, "stock.py", 6)
    assert "; tests/test_shop.py:" in one.sentence


def test_an_object_of_a_module_is_told_where_an_unchanged_function_reads_it(
    suites: tuple[Suite, Suite],
) -> None:
    one = found(suites, "test_reads_an_object")
    assert (one.kind, one.place.line, one.what) == (Kind.HIDDEN, 18, "STANDARD.count")
    assert one.sentence.startswith("stock.py:18 STANDARD.count is 3 at base, 10 at head; ")
    assert [name.place.name for name in one.candidates] == ["<module>", "standard"]


def test_a_changed_default_is_told_by_its_function(suites: tuple[Suite, Suite]) -> None:
    one = found(suites, "test_function_default")
    assert (one.kind, one.what, one.in_change) == (Kind.ARGUMENTS, "price", True)
    assert one.sentence.startswith(
        "orders.py:18 priced() was given price = 5 at base, 6 at head "
        "(its default, set at orders.py:18)"
    )
    assert one.notes == ()


def test_a_changed_field_is_told_by_the_class_that_is_made_from_it(
    suites: tuple[Suite, Suite],
) -> None:
    one = found(suites, "test_field_default")
    assert (one.kind, one.place.name, one.in_change) == (Kind.ARGUMENTS, "Order.__init__", True)
    assert one.sentence.startswith(
        "orders.py:6 Order.__init__() was given price = 3 at base, 4 at head "
        "(its default, set at orders.py:8)"
    )


def test_a_time_that_varies_does_not_hide_what_differs(suites: tuple[Suite, Suite]) -> None:
    one = found(suites, "test_stamped")
    assert (one.place.name, one.base, one.head) == ("count_of", "3", "4")


def test_what_happened_in_a_thread_is_said_not_to_be_known(suites: tuple[Suite, Suite]) -> None:
    answer = diverge(*suites, "tests/test_shop.py::test_in_a_thread")
    assert isinstance(answer, NoDivergence)
    assert any("1 thread was started at head" in note for note in answer.notes)


def test_a_test_that_passes_at_head_has_no_divergence(suites: tuple[Suite, Suite]) -> None:
    answer = diverge(*suites, "tests/test_shop.py::test_same")
    assert isinstance(answer, NoDivergence)
    assert answer.reason == "the test passed at head, alone in a process of its own"


def test_a_test_that_is_not_there_is_said_not_to_be(suites: tuple[Suite, Suite]) -> None:
    answer = diverge(*suites, "tests/test_shop.py::test_same", "tests/test_shop.py::test_gone")
    assert isinstance(answer, NoDivergence)
    assert answer.reason.startswith("the test cannot be traced at base: it is not among")


def test_nothing_is_written_into_either_tree(suites: tuple[Suite, Suite]) -> None:
    for suite in suites:
        assert sorted(p.name for p in suite.project.repo.iterdir()) == [
            ".assay",
            "cart.py",
            "orders.py",
            "report.py",
            "stock.py",
            "tax.py",
            "tests",
        ]
