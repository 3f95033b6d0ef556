"""Nails."""


def hit(nails):
    return nails - 1
