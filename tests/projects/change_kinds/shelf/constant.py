"""A constant."""

LIMIT = 10


def limit():
    return LIMIT
