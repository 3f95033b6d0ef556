"""One line each."""


def double(n): return n * 2


def pair(a, b=1): x = a + b; return x


square = lambda n: n * n
steps = {"up": lambda n: n + 1, "down": lambda n: n - 1}


class Point:
    def __init__(self, x): self.x = x
    def moved(self, by): return Point(self.x + by)


if True: 
    def inside(n): return n > 0
