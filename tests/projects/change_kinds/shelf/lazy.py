"""Imports late."""


def compute():
    from shelf.engine import SPEED

    return SPEED
