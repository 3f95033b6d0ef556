"""What earlier runs found: a row for each finished run, and what two of them differ in."""
