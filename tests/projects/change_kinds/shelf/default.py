"""A default."""


def greet(name="you"):
    return "hello " + name
