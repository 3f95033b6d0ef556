import lines


def test_double():
    assert lines.double(3) == 6


def test_pair():
    assert lines.pair(2) == 3


def test_square():
    assert lines.square(3) == 9


def test_steps():
    assert lines.steps["up"](1) == 2
    lines.steps["down"](1)


def test_point():
    assert Point_moved() == 3


def Point_moved():
    return lines.Point(1).moved(2).x


def test_inside():
    assert lines.inside(1)
    assert not lines.inside(-1)
