from shelf import lazy


def test_lazy_first():
    assert lazy.compute() == 3


def test_lazy_second():
    assert lazy.compute() + 1 == 4
