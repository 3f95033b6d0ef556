"""Names of things."""


def label(name):
    return name.upper()
