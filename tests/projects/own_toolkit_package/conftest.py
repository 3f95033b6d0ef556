"""Puts the root on the path."""
