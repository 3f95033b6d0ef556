from ages import double, is_adult


def test_runs_is_adult():
    is_adult(18)


def test_runs_double():
    double(3)
