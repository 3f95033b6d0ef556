from unittest import mock

import pytest

import shop


def test_only_calls():
    shop.price(2)


@pytest.mark.parametrize("number", [2, 3])
def test_never_asked(number):
    got = shop.price(number)
    if False:
        assert got == 7


def test_brackets():
    assert (shop.price(2) == 7, "six")


def test_swallows():
    try:
        assert shop.price(2) == 7
    except Exception:
        pass


def test_any_error():
    with pytest.raises(Exception):
        shop.price(-1)


def test_buy():
    with mock.patch("shop.charge", return_value=4) as charge:
        assert shop.buy(10, 2) == 4
    charge.assert_called_once_with(10, 6)


def test_good():
    assert shop.price(2) == 6
