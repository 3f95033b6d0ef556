import unittest

import pytest

from shop import Cart, discount, half, is_large, label, lucky, names


def test_cart():
    cart = Cart()
    cart.add("tea", 3)
    assert cart.items


def test_discount():
    total = discount(150, True)
    assert total


def test_label():
    label("tea")


def test_large():
    assert is_large(20)


def test_negative():
    with pytest.raises(ValueError):
        half(-4)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_half(number):
    assert half(number)


def test_lucky():
    found = lucky(3)
    assert found


def test_names():
    found = list(names([("a", "b"), ("c", "d"), ("e", "f")]))
    assert found


class TestDiscount(unittest.TestCase):
    def test_small(self):
        total = discount(50, False)
        self.assertTrue(total)
