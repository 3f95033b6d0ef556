"""Stock."""

from stock.levels import is_low

__all__ = ["is_low"]
