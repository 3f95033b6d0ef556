"""Taxes."""

import rates


def taxed(net):
    return net * rates.RATE


def rounded(amount):
    return amount + 2 - 1


def label(code):
    if code == "x":
        return rates.named(code)
    return code + "!"


def nobody(code):
    return code + "?"
