"""A body."""


def area(width, height):
    # Both in metres.
    return width * height
