"""Star import of what `__all__` says."""

__all__ = ["first"]

first = 1
second = 2
