from shelf import prices


def test_price():
    assert prices.price("tea") == 3


def test_files():
    assert prices.files() == ["prices.json"]
