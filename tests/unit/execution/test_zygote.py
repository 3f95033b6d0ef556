"""Facts about the probe's copy: whole, named by its content, and made once."""

from __future__ import annotations

import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

import assay
from assay.execution.zygote import install_probe


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.glob("*.py")}


def test_the_copy_is_the_probe_itself(tmp_path: Path) -> None:
    probe = Path(assay.__file__).parent / "probe"
    expected = {path.name: path.read_bytes() for path in probe.glob("*.py")}
    assert contents(install_probe(tmp_path)) == expected


def test_python_takes_bytecode_that_is_there_and_not_that_of_another_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "package" / "probe"
    fake.mkdir(parents=True)
    module = fake / "module.py"
    module.write_text("x = 1\n")
    py_compile.compile(str(module), doraise=True)
    monkeypatch.setattr(assay, "__file__", str(fake.parent / "__init__.py"))
    assert is_taken(install_probe(tmp_path / "state") / "module.py")
    module.write_text("x = 20\n")
    assert list(fake.glob("__pycache__/*.pyc"))
    assert not is_taken(install_probe(tmp_path / "state") / "module.py")


def is_taken(module: Path) -> bool:
    code = f"import sys; sys.path[0] = {str(module.parent)!r}; import module"
    command = [sys.executable, "-v", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"matches {module}" in done.stderr


def test_a_second_installation_finds_the_first_and_leaves_nothing_else(tmp_path: Path) -> None:
    first = install_probe(tmp_path)
    before = first.stat().st_mtime_ns
    assert install_probe(tmp_path) == first
    assert first.stat().st_mtime_ns == before
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_another_content_has_another_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "package" / "probe"
    fake.mkdir(parents=True)
    (fake / "bootstrap.py").write_text("x = 1\n")
    monkeypatch.setattr(assay, "__file__", str(fake.parent / "__init__.py"))
    first = install_probe(tmp_path / "state")
    (fake / "bootstrap.py").write_text("x = 2\n")
    second = install_probe(tmp_path / "state")
    assert first != second
    assert contents(first) == {"bootstrap.py": b"x = 1\n"}
    assert contents(second) == {"bootstrap.py": b"x = 2\n"}
