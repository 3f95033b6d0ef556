"""Makes `python -m assay` the same as `assay`."""

from assay.cli import run

run()
