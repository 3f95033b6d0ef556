"""The detectors, a kind of finding a file."""
