# -*- coding: latin-1 -*-
"""Latin."""


def word(n):
    return "é" * n + "ü"
