"""Facts about pytest's settings: an edit of them selects everything, one beside them nothing."""

from __future__ import annotations

import pytest

from assay.model.change import Change, FileChange, FileStatus, SemanticChange
from assay.model.selection import Reason, ReasonKind
from assay.selection.ini import ini_reason, settings


def change(path: str, before: bytes | None, after: bytes | None) -> SemanticChange:
    file = FileChange(path, FileStatus.MODIFIED, before, after, frozenset(), frozenset())
    return SemanticChange(Change("base", "base", (file,)), {}, {}, (), (), (path,))


TOML = b'[project]\nname = "x"\n[tool.pytest.ini_options]\naddopts = "-q"\n'
INI = b"[pytest]\naddopts = -q\n[flake8]\nmax-line-length = 100\n"
CFG = b"[tool:pytest]\naddopts = -q\n[flake8]\nmax-line-length = 100\n"


@pytest.mark.parametrize(
    ("path", "before"), [("pyproject.toml", TOML), ("pytest.ini", INI), ("setup.cfg", CFG)]
)
def test_an_edited_setting_is_a_reason(path: str, before: bytes) -> None:
    found = ini_reason(change(path, before, before.replace(b"-q", b"-v")), path)
    assert found == Reason(ReasonKind.ENVIRONMENT, f"the pytest settings in {path} changed")


@pytest.mark.parametrize(
    ("path", "before", "edit"),
    [
        ("pyproject.toml", TOML, (b'"x"', b'"y"')),
        ("pytest.ini", INI, (b"100", b"99")),
        ("setup.cfg", CFG, (b"100", b"99")),
    ],
)
def test_an_edit_beside_the_settings_is_none(
    path: str, before: bytes, edit: tuple[bytes, bytes]
) -> None:
    assert ini_reason(change(path, before, before.replace(*edit)), path) is None


def test_a_comment_among_the_settings_is_none() -> None:
    after = INI.replace(b"[pytest]\n", b"[pytest]\n# quiet, please\n")
    assert ini_reason(change("pytest.ini", INI, after), "pytest.ini") is None


def test_the_settings_of_a_file_that_pytest_does_not_use_are_none() -> None:
    assert ini_reason(change("tox.ini", INI, b""), "pytest.ini") is None


def test_a_project_without_settings_has_none() -> None:
    assert ini_reason(change("pytest.ini", INI, b""), "") is None


@pytest.mark.parametrize("sides", [(None, INI), (INI, None)], ids=["new", "deleted"])
def test_settings_that_appear_or_go_are_a_reason(
    sides: tuple[bytes | None, bytes | None],
) -> None:
    assert ini_reason(change("pytest.ini", *sides), "pytest.ini") is not None


def test_the_table_of_pytest_itself_counts_in_its_own_toml_file() -> None:
    assert settings("pytest.toml", b'[pytest]\naddopts = ["-q"]\n') == {"addopts": ["-q"]}


def test_a_percent_sign_in_a_setting_is_no_interpolation() -> None:
    text = b"[pytest]\nlog_format = %(message)s\n"
    assert settings("pytest.ini", text) == {"pytest": {"log_format": "%(message)s"}}


@pytest.mark.parametrize(
    ("path", "content"),
    [("pyproject.toml", b"[tool"), ("pytest.ini", b"no section"), ("setup.cfg", b"\xff\xfe")],
)
def test_settings_that_cannot_be_read_are_compared_as_they_stand(path: str, content: bytes) -> None:
    assert settings(path, content) == content
    assert ini_reason(change(path, content, content + b"#"), path) is not None
    assert ini_reason(change(path, content, content), path) is None
