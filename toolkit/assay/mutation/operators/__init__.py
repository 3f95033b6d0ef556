"""The operators, a file for each part of the language they change."""
