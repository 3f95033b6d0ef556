"""Answers."""

from greetings import greeting


def answer(name, loud):
    text = greeting(name)
    return text.upper() if loud else text


def ping():
    return 1
