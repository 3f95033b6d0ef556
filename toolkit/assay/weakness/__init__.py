"""Weak and misaligned tests: what was seen of tests and mutants → findings."""
