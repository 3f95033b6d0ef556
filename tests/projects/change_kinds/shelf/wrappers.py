"""Decorators."""


def shout(function):
    def wrapper():
        return function().upper()

    return wrapper
