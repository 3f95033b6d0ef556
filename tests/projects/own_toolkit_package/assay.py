"""The project's own module of that name."""

GOLD = 79
