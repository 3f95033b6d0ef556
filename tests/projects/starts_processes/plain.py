"""Not a program."""


def one():
    return 1
