"""Facts about signs that something else is tested than the working tree."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from assay.misled import idle, shadowed
from assay.model.impact import TestRecord
from assay.model.run import TestOutcome

REPO = "/repo/"


def found(
    path: str, modules: Mapping[str, str], repo: str = REPO, known: str = "", excluded: str = ""
) -> list[str]:
    return list(shadowed({path: {known}}, modules, {"", "src"}, repo, (excluded or "/none",)))


@pytest.mark.parametrize(
    ("path", "name", "file"),
    [
        ("src/shop/tax.py", "shop.tax", "/usr/lib/site-packages/shop/tax.py"),
        ("src/shop/tax/__init__.py", "shop.tax", "/usr/lib/site-packages/shop/tax/__init__.py"),
        ("src/tax.py", "tax", "/usr/lib/site-packages/tax.py"),
        ("tax.py", "tax", "/usr/lib/site-packages/tax.py"),
    ],
)
def test_an_installed_module_of_the_files_name_hides_it(path: str, name: str, file: str) -> None:
    (line,) = found(path, {name: file})
    assert line.startswith(f"{path} is not what the tests import: they import {name} from {file}")


@pytest.mark.parametrize(
    ("path", "name", "file"),
    [
        ("src/shop/tax.py", "shop.tax", "/repo/src/shop/tax.py"),
        ("src/shop/tax.py", "shop.rate", "/usr/lib/site-packages/shop/rate.py"),
        ("src/json.py", "json", "/usr/lib/python3.12/json/__init__.py"),
        ("tools/tax.py", "tax", "/usr/lib/site-packages/tax.py"),
        ("other/shop/tax.py", "shop.tax", "/repo/service/shop/tax.py"),
    ],
)
def test_other_modules_do_not(path: str, name: str, file: str) -> None:
    """Itself, another name, Python's own, a script's, and a namesake in the repository."""
    assert found(path, {name: file}) == []


def test_a_virtual_environment_in_the_repository_is_elsewhere() -> None:
    file = "/repo/.venv/lib/site-packages/shop/tax.py"
    assert found("src/shop/tax.py", {"shop.tax": file}, excluded="/repo/.venv")
    assert found("src/shop/tax.py", {"shop.tax": file}) == []


def test_a_copy_in_the_repository_is_known_by_its_content(tmp_path: Path) -> None:
    copy = tmp_path / "build" / "shop" / "tax.py"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"RATE = 1")
    modules = {"shop.tax": str(copy)}
    same = hashlib.sha256(b"RATE = 1").hexdigest()
    assert found("src/shop/tax.py", modules, f"{tmp_path}/", same)
    assert found("src/shop/tax.py", modules, f"{tmp_path}/", "another") == []


def test_tests_none_of_which_passes_notice_nothing() -> None:
    skipped = TestRecord(TestOutcome.SKIPPED, 0.0)
    (line,) = idle([skipped, skipped, TestRecord(TestOutcome.XFAILED, 0.1)])
    assert line.startswith("none of the tests passes (2 skipped, 1 xfailed)")


def test_one_that_passes_is_enough() -> None:
    records = [TestRecord(TestOutcome.SKIPPED, 0.0), TestRecord(TestOutcome.PASSED, 0.0)]
    assert list(idle(records)) == list(idle([])) == []
