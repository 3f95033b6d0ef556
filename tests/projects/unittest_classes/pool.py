"""Things that are expensive to make."""


def connect(size):
    return list(range(size))


def login(name):
    return name + "!"


def spare():
    return 7
