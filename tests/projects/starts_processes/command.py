"""A program."""

print("ready")
