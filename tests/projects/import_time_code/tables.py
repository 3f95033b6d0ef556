"""Made at import."""

import enum

LIMIT = 10
REGISTRY = {}


def build(limit):
    return {number: number * number for number in range(limit)}


TABLE = build(4)


def register(function):
    REGISTRY[function.__name__] = function
    return function


@register
def half(number):
    return number / 2


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Box:
    sides = 6


def over_limit(number, by=1):
    return number >= LIMIT + by
