"""Assay keeps code and tests honest with each other."""

__version__ = "0.1.0"
