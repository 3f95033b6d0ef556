from shelf.table import TABLE


def test_table_elsewhere():
    assert len(TABLE) == 4
