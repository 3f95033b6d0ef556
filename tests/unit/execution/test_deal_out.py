"""How tests are shared out over recording processes."""

from __future__ import annotations

from assay.execution.suite import deal_out
from assay.model.run import CollectedItem

TESTS = ["a.py::one", "b.py::one", "a.py::two", "c.py::one", "b.py::two"]
ITEMS = [CollectedItem(test, test.partition("::")[0], 1, is_doctest=False) for test in TESTS]


def test_every_test_is_dealt_out_once() -> None:
    dealt = deal_out(TESTS, ITEMS, {}, 2)
    assert sorted(test for share in dealt for test in share) == sorted(TESTS)


def test_a_file_is_never_divided() -> None:
    for share in deal_out(TESTS, ITEMS, {}, 3):
        assert len({test.partition("::")[0] for test in share}) == 1


def test_a_share_keeps_the_order_of_collection() -> None:
    assert deal_out(TESTS, ITEMS, {}, 1) == [TESTS]


def test_the_slowest_file_stands_alone() -> None:
    seconds = dict.fromkeys(TESTS, 0.1) | {"c.py::one": 9.0}
    assert deal_out(TESTS, ITEMS, seconds, 2)[0] == ["c.py::one"]


def test_there_is_no_empty_share() -> None:
    assert deal_out(TESTS[:1], ITEMS, {}, 4) == [["a.py::one"]]
