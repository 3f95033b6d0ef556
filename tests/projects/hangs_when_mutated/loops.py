"""A loop."""


def drain(count):
    while count:
        count -= 1
    return count
