import state


def test_a_sees():
    assert state.see("a") == 1


def test_b_needs_a():
    assert state.seen("a")
    state.plain(1)
