from stock import is_low


def test_low_below_wanted():
    assert is_low(1, 2)


def test_not_low_at_wanted():
    assert not is_low(2, 2)
    assert not is_low(3, 2)
