from assay.cli import run

run()
