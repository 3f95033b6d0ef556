import pytest

from shop import price


@pytest.mark.skip(reason="not on this machine")
def test_skipped():
    price(2)


@pytest.mark.xfail(strict=True)
def test_expected_to_fail():
    price("2", 3)


def test_skips_itself():
    got = price(2)
    pytest.skip("not today")
    assert got == 6


@pytest.mark.parametrize("number", [2, pytest.param(3, marks=pytest.mark.skip)])
def test_one_case_skipped(number):
    price(number)
