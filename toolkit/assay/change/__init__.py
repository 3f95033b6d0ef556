"""What differs between a base and the working tree, as text and as units of code."""
