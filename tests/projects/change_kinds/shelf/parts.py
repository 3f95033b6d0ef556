"""Registers subclasses."""

PARTS = []


class Part:
    def __init_subclass__(cls):
        PARTS.append(cls.__name__)
