"""All code that enters the user's test process: stdlib, pytest and coverage only.

The controller copies this package under the name `_assay_probe` and runs it with the project's own
interpreter (Python 3.10 or later), so nothing here may import the rest of assay.
"""
