from shelf import table


def test_table():
    assert table.TABLE[3] == 9
