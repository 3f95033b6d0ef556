"""Decorated."""

from shelf.wrappers import shout


@shout
def word():
    return "yes"
