def test_legacy():
    from shelf.legacy import old

    assert old() == 1


def test_legacy_again():
    from shelf.legacy import old

    assert old() < 2
