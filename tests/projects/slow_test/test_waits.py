import waits


def test_a_first():
    assert waits.quick(1) == 2


def test_b_second():
    assert waits.quick(2) == 3


def test_c_waits():
    assert waits.wait() == 1


def test_d_last():
    assert waits.quick(3) == 4
