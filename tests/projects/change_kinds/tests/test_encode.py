import shelf


def test_encode():
    assert shelf.encode("x") == "x-fast"
