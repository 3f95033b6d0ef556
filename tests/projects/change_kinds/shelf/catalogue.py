"""Loaded by a session fixture."""


def load():
    return ["a", "b"]
