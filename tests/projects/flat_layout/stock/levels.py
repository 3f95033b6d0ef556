"""When to order."""


def is_low(count, wanted):
    return count < wanted
