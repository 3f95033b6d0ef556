"""A small shop at two versions: the second brings one polluter, one flaky test, one stale patch
target, one signature change, one type change and one missing import, each known by name."""

from __future__ import annotations

BEFORE = {
    "shop/__init__.py": "",
    "shop/state.py": """\
SETTINGS = {"currency": "USD"}


def currency():
    return SETTINGS["currency"]
""",
    "shop/rates.py": """\
def fetch_rate(currency):
    return {"USD": 1.0, "EUR": 2.0}[currency]
""",
    "shop/pricing.py": """\
from shop.rates import fetch_rate


def discount(amount, rate):
    return amount * (1 - rate)


def parse_amount(text):
    return float(text.replace(",", ""))


def convert(amount, currency):
    return amount * fetch_rate(currency)
""",
    "shop/report.py": """\
from shop.pricing import parse_amount


def total(texts):
    return sum(parse_amount(text) for text in texts)
""",
    "shop/draw.py": """\
def winner(names):
    return sorted(names)[-1]
""",
    "shop/text.py": """\
def shorten(text):
    return text[:5]
""",
    "tests/test_a_state.py": """\
from shop import state


def test_default_is_dollar():
    assert state.currency() == "USD"
""",
    "tests/test_draw.py": """\
from shop.draw import winner


def test_winner_is_not_a():
    assert winner(["a", "b", "c"]) != "a"
""",
    "tests/test_pricing.py": """\
from unittest import mock

from shop import pricing


def test_discount():
    assert pricing.discount(100, rate=0.5) == 50


def test_discount_nothing():
    assert pricing.discount(100, rate=0) == 100


def test_parse_amount():
    assert pricing.parse_amount("1,000") == 1000.0


def test_convert():
    with mock.patch("shop.pricing.fetch_rate", return_value=3.0):
        assert pricing.convert(2, "USD") == 6.0
""",
    "tests/test_report.py": """\
from shop.report import total


def test_total():
    assert total(["1", "2"]) == 3.0


def test_total_of_nothing():
    assert total([]) == 0
""",
    "tests/test_text.py": """\
from shop.text import shorten


def test_shorten():
    assert shorten("abcdefg") == "abcde"
""",
    "tests/test_z_state.py": """\
from shop import state


def test_still_dollar():
    assert state.currency() == "USD"
""",
}

AFTER = {
    "shop/draw.py": """\
import random


def winner(names):
    return random.choice(names)
""",
    "shop/pricing.py": """\
from shop.rates import fetch_rate as current_rate


def discount(amount, *, percent):
    return amount * (1 - percent / 100)


def parse_amount(text):
    return text.replace(",", "")


def convert(amount, currency):
    return amount * current_rate(currency)
""",
    "shop/strings.py": """\
def shorten(text):
    return text[:5]
""",
    "shop/text.py": None,
    "tests/test_eur.py": """\
from shop import state


def test_eur():
    state.SETTINGS["currency"] = "EUR"
    assert state.currency() == "EUR"
""",
}
