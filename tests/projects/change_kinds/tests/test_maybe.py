from shelf.maybe import has_extras


def test_no_extras():
    assert not has_extras()
