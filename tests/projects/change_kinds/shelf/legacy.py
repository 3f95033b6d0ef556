"""To be deleted."""


def old():
    return 1
