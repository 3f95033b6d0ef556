"""A rate."""

RATE = 3


def named(code):
    return "rate " + code
