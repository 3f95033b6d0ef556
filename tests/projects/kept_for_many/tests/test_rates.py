import pytest
from extra import extra
from rates import table


def test_first_user_fills_the_table_and_does_not_look_at_it():
    table()
    assert extra() == 3


@pytest.mark.parametrize("number", range(21))
def test_tea(number):
    assert table()["tea"] == 7
