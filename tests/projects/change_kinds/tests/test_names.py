from shelf.names import *


def test_star():
    assert "first" in globals()
    assert "second" not in globals()
