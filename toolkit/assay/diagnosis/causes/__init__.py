"""The root causes, a file each."""
