from shelf import memo


def test_settings_first():
    assert memo.settings()["mode"] == "on"


def test_settings_second():
    assert memo.settings() == {"mode": "on"}


def test_single_first():
    assert memo.single() == "one"


def test_single_second():
    assert memo.single()[0] == "o"
