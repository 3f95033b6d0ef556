"""Byte order mark."""


def mul(a, b):
    return a * b