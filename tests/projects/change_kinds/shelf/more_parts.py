"""Subclasses."""

from shelf.parts import Part


class Wheel(Part):
    pass
