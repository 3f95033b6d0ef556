"""Starts the probe in the project's interpreter: `python bootstrap.py REQUEST.json`."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import sys

PACKAGE = "_assay_probe"


def load_package() -> None:
    """Import the directory this file lies in as `_assay_probe`, leaving sys.path alone."""
    here = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)


def main() -> None:
    request_path = sys.argv[1]
    # The same start of sys.path as `python -m pytest` has: the current directory.
    sys.path[0] = os.getcwd()
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    sys.argv = ["pytest", *request["args"]]
    collecting = gc.isenabled()
    # Imports leave little to collect, and looking for it takes a sixth of their time.
    gc.disable()
    load_package()
    server = importlib.import_module(PACKAGE + ".server")
    if collecting:
        gc.enable()
    server.start(request)


# Guarded because multiprocessing's spawned children import the main module again.
if __name__ == "__main__":
    main()
