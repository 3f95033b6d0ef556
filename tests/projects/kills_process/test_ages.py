import os

from ages import double, is_adult


def test_before():
    assert is_adult(18)


def test_kills():
    os._exit(3)


def test_after():
    assert double(2) == 4
