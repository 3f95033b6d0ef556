import tables


def test_table():
    assert tables.TABLE[3] == 9


def test_table_again():
    assert len(tables.TABLE) == 4


def test_registry():
    assert tables.REGISTRY["half"](4) == 2


def test_colour():
    assert tables.Colour.BLUE.value == 2


def test_box():
    assert tables.Box.sides == 6


def test_over_limit():
    assert tables.over_limit(11)
