from ages import double, is_adult


def test_adult_from_eighteen():
    assert is_adult(18)
    assert is_adult(40)


def test_not_adult_below_eighteen():
    assert not is_adult(17)
    assert not is_adult(5)


def test_double():
    assert double(3) == 6
