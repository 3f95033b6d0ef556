"""Why tests fail after a change, from evidence alone (pure)."""
