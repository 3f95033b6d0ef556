"""Coroutines and async generators."""


async def later(number):
    return number + 1


async def count(limit):
    number = 0
    while number < limit:
        yield number
        number += 1


async def untouched():
    return 0
