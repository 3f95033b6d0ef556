from shelf.decorated import word


def test_word():
    assert word() == "YES"
