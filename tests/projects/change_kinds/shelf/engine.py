"""Imported inside a function."""

SPEED = 3
