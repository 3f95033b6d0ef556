from shelf.attribute import Box, Crate


def test_colour():
    assert Box().paint() == "red"


def test_crate():
    assert Crate().paint() == "red"
