from unittest import mock

import pytest
from shop import orders, rates, stock


def test_price():
    assert orders.price(200, "USD") == 220


def test_label():
    assert rates.label("EUR") == "in EUR"


def test_title_of_the_wrong_type():
    with mock.patch("shop.orders.label", return_value=b"in eur"):
        assert orders.title("EUR") == b"IN EUR"


@pytest.mark.parametrize("address", ["a@b", "c@d"])
def test_confirm(address):
    with mock.patch("shop.mail.send", return_value=1) as send:
        assert orders.confirm("7", address) == 1
    send.assert_called_once_with(address, "7 paid")


def test_fetch_with_a_stand_in_that_takes_all(monkeypatch):
    monkeypatch.setattr("shop.orders.take", lambda *args: 3)
    assert orders.fetch("pen", 3) == 3


def test_take():
    assert stock.take("pen", 3, reserve=True) == 3


def test_total():
    assert orders.total(100, "DE") == 119
