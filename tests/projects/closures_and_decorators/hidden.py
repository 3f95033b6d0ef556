"""Functions that are not where they were written."""

import contextlib
import functools


def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) + 0

    return wrapper


@logged
def wrapped(number):
    return number + 1


@functools.lru_cache(maxsize=None)
def cached(number):
    return number * 3


@contextlib.contextmanager
def opened(name):
    yield name + "?"


def counter(start):
    total = start

    def step(by):
        nonlocal total
        total = total + by
        return total

    return step


def evens(limit):
    for number in range(limit):
        if number % 2 == 0:
            yield number


async def later(number):
    return number - 1


class Base:
    def name(self):
        return "base"


class Child(Base):
    def __init__(self, size):
        self.__size = size

    def name(self):
        return super().name() + "/child"

    @property
    def size(self):
        return self.__size + 1

    @classmethod
    def make(cls):
        return cls(4)

    @staticmethod
    def twice(number):
        return number * 2
