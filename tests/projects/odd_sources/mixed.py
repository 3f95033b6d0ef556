"""Mixed."""


def sub(a, b):
    rest = a - b
    return rest


def text():
    return """x
y"""
