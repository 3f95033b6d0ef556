"""Words."""


def shout(word):
    return word + "!"


def quiet(word):
    return word + "."
