import pytest
from words import quiet, shout


@pytest.mark.parametrize("word", ["two words", "naïve", "[x]", "a::b", "it's", '"q"', "-x", "x - y", "日本", "#1"])
def test_shout(word):
    assert shout(word) == word + "!"


def test_quiet():
    assert quiet("a") == "a."
