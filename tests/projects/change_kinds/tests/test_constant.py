from shelf.constant import limit


def test_limit():
    assert limit() == 10
