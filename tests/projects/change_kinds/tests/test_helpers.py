from helpers import order


def test_order():
    assert order()["count"] == 1
