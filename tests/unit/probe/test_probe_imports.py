"""Facts about what the probe brings into a user's process: stdlib, pytest, coverage, itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import assay

PROBE = Path(assay.__file__).parent / "probe"
MODULES = sorted(path.stem for path in PROBE.glob("*.py") if path.stem != "__init__")
# `py` is pytest's own, `__mp_main__` the name that multiprocessing gives to `__main__`.
ALLOWED = {
    *("pytest", "_pytest", "py", "coverage", "pluggy", "iniconfig", "packaging", "pygments"),
    "__mp_main__",
    "_assay_probe",
}

SCRIPT = """\
import importlib.util, json, sys
before = set(sys.modules)
spec = importlib.util.spec_from_file_location(
    "bootstrap", sys.argv[1] + "/bootstrap.py"
)
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
bootstrap.load_package()
for name in json.loads(sys.argv[2]):
    importlib.import_module("_assay_probe." + name)
print(json.dumps([
    (name, getattr(module, "__file__", None))
    for name, module in list(sys.modules.items()) if name not in before
]))
"""


def loaded(tmp_path: Path) -> dict[str, str | None]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(PROBE), json.dumps(MODULES)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str | None] = dict(json.loads(done.stdout))
    return found


@pytest.mark.slow
def test_importing_the_probe_loads_only_the_standard_library_pytest_and_coverage(
    tmp_path: Path,
) -> None:
    strangers = {
        name
        for name, file in loaded(tmp_path).items()
        if name.partition(".")[0] not in ALLOWED | sys.stdlib_module_names
        # Files of the standard library under private names of a platform (`_sysconfigdata_…`).
        and not (file is not None and "site-packages" not in file and "/lib/python" in file)
    }
    assert strangers == set()


@pytest.mark.slow
def test_importing_the_probe_loads_nothing_of_the_rest_of_assay(tmp_path: Path) -> None:
    assert not [name for name in loaded(tmp_path) if name.partition(".")[0] == "assay"]


@pytest.mark.parametrize("name", MODULES)
def test_the_probe_names_its_own_modules_only_relatively(name: str) -> None:
    text = (PROBE / f"{name}.py").read_text(encoding="utf-8")
    assert "from assay" not in text
    assert "import assay" not in text
