from assay.__main__ import run

run()
