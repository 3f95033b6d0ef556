"""A helper of tests."""


def order():
    return {"count": 1}
