"""Made in setUpClass."""


def make():
    return [0, 1, 2]
