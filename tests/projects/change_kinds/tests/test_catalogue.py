def test_catalogue_first(catalogue):
    assert "b" in catalogue


def test_catalogue_second(catalogue):
    assert catalogue == ["a", "b"]
