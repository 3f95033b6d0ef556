"""Fast."""


def encode(text):
    return text + "-fast"
