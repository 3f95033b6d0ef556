import pytest
from words import shout


class TestGröße:
    @pytest.mark.parametrize(("a", "b"), [("ä ö", 1), ("c::d[0]", 2)])
    def test_maß(self, a, b):
        assert shout(a)[-1] == "!"
