from service import answer, ping


def test_answer():
    assert answer("you", False) == "hello you"


def test_loud_answer():
    assert answer("you", True) == "HELLO YOU"


def test_ping():
    assert ping() == 1
