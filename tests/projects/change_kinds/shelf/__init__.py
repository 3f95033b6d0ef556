"""Re-exports."""

from shelf.fast import encode

__all__ = ["encode"]
