import bom
import crlf
import latin
import mixed


def test_crlf():
    assert crlf.add(1, 2) == 3


def test_mixed():
    assert mixed.sub(3, 2) == 1


def test_text():
    assert mixed.text() == "x\ny"


def test_latin():
    assert latin.word(2) == "\xe9\xe9\xfc"


def test_bom():
    assert bom.mul(2, 3) == 6
