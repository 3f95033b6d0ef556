"""From what a process did to what it means (pure)."""
