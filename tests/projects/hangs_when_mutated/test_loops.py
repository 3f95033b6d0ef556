from loops import drain


def test_drain():
    assert drain(3) == 0
