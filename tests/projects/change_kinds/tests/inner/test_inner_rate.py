def test_inner_rate(rate):
    assert rate == 2
