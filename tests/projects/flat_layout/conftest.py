"""Puts the root on the path, as a rootdir conftest does."""
