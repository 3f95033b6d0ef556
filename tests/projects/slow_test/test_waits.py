import waits


def test_a_first():
    assert waits.quick(1) == 2


def test_b_second():
    assert waits.quick(2) == 3


def test_c_waits():
    assert waits.wait("SLOW_TEST") == 1


def test_d_last_waits_for_something_else():
    assert waits.wait("LAST_TEST") == 1
