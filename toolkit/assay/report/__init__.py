"""Answers as text for people and as JSON for programs (pure, but for write.py)."""
