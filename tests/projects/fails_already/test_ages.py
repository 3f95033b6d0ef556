import pytest
from ages import double, is_adult


@pytest.fixture
def broken():
    raise OSError("no such thing")


def test_good():
    assert is_adult(18)


def test_wrong():
    assert double(2) == 5


def test_error(broken):
    assert broken
