from shelf.default import greet


def test_greet():
    assert greet() == "hello you"
