"""Slow."""


def encode(text):
    return text + "-slow"
