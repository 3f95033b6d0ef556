"""Findings and a policy to a decision, and what people have answered before (pure)."""
