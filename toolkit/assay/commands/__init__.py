"""One verb a file: typed options in, exit code out."""
