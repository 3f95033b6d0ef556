import tax


def test_label():
    assert tax.label("a") == "a!"
