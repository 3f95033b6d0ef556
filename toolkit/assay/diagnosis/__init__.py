"""Why tests fail after a change: pure over evidence."""
