"""Facts about the probe's copy: whole, named by its content, and made once."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay.execution.zygote import install_probe


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_copy_is_the_probe_itself(tmp_path: Path) -> None:
    probe = Path(assay.__file__).parent / "probe"
    expected = {path.name: path.read_bytes() for path in probe.glob("*.py")}
    assert contents(install_probe(tmp_path)) == expected


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
