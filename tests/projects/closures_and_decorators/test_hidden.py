import asyncio

import hidden
from hidden import cached, wrapped

STEP = hidden.counter(1)


def test_wrapped():
    assert wrapped(1) == 2


def test_cached():
    assert cached(2) == 6
    assert cached(2) == 6


def test_opened():
    with hidden.opened("a") as name:
        assert name


def test_counter():
    step = hidden.counter(10)
    assert step(2) == 12
    assert step(0) == 12


def test_counter_made_at_import():
    STEP(1)


def test_evens():
    assert list(hidden.evens(5)) == [0, 2, 4]


def test_later():
    assert asyncio.run(hidden.later(3)) == 2


def test_child():
    child = hidden.Child.make()
    assert child.name().endswith("child")
    assert child.size > 0
    assert child.twice(2) == 4
