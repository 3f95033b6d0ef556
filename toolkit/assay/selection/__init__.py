"""From a change and an impact map to the tests to run (pure)."""
