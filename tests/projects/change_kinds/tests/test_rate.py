def test_rate(rate):
    assert rate == 2
