import shelf.more_parts
from shelf.parts import PARTS


def test_parts():
    assert PARTS == ["Wheel"]
