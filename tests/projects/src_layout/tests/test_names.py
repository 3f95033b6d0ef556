from stock.names import label


def test_label():
    assert label("a") == "A"
