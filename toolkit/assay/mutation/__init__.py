"""What mutants are, where they lie and what they do to a text; pure, text in and values out."""
