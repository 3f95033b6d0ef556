"""Sums.

>>> add(1, 1)
2
"""


def add(left, right):
    """Add.

    >>> add(2, 3)
    5
    """
    return left + right


def negate(number):
    """Negate.

    >>> negate(2)
    -2
    """
    return -number
