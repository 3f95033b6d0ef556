"""What is found out about a project before anything is written into it, from its files (pure)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
PYPROJECT = "pyproject.toml"
PRE_COMMIT = ".pre-commit-config.yaml"
GITHUB = ".github/workflows/assay.yml"
GITLAB = ".gitlab/assay.yml"
GITLAB_CI = ".gitlab-ci.yml"

READ = (*MAKEFILES, PYPROJECT, PRE_COMMIT, GITHUB, GITLAB, GITLAB_CI, ".python-version")
"""The files that are looked at, relative to the project."""


@dataclass(frozen=True, slots=True)
class Facts:
    """`texts` are those of `READ` that exist, `names` what lies at the project's top and in
    `.github`; `python` is the minor series of the tests' interpreter, `remote` the address of
    origin ("" without one), `requirement` what pip installs to have this assay, `below` whether
    the project lies below the top of its repository."""

    texts: Mapping[str, str] = field(hash=False)
    names: frozenset[str]
    branch: str
    remote: str
    python: str
    requirement: str
    below: bool = False

    @property
    def makefile(self) -> str:
        """The one that make would take; the usual name if there is none."""
        return next((name for name in MAKEFILES if name in self.texts), "Makefile")

    @property
    def uses_github(self) -> bool:
        return ".github" in self.names or "github" in self.remote

    @property
    def uses_gitlab(self) -> bool:
        return GITLAB_CI in self.names or "gitlab" in self.remote


def document_of(facts: Facts) -> dict[str, Any]:
    """pyproject.toml, empty if there is none that can be read."""
    try:
        return tomllib.loads(facts.texts.get(PYPROJECT, ""))
    except tomllib.TOMLDecodeError:
        return {}


def test_directories(facts: Facts) -> list[str]:
    """Where pytest looks by the project's settings, else directories of the usual names."""
    pytest = document_of(facts).get("tool", {}).get("pytest", {})
    found = pytest.get("ini_options", pytest).get("testpaths", [])
    if found:
        return found.split() if isinstance(found, str) else list(found)
    return [name for name in ("tests", "test") if name in facts.names]


test_directories.__test__ = False  # type: ignore[attr-defined]

_GROUPS = ("test", "tests", "testing", "dev")
_FILES = ("requirements-test.txt", "requirements-tests.txt", "requirements-dev.txt")


def pip_arguments(facts: Facts) -> str:
    """What to give `pip install` so that the tests can run."""
    document = document_of(facts)
    extras = document.get("project", {}).get("optional-dependencies", {})
    groups = document.get("dependency-groups", {})
    is_package = bool({"pyproject.toml", "setup.py", "setup.cfg"} & facts.names) and (
        "project" in document or "build-system" in document or "setup.py" in facts.names
    )
    words = ["-e ."] if is_package else []
    extra = next((name for name in _GROUPS if name in extras), None)
    group = next((name for name in _GROUPS if name in groups), None)
    file = next((name for name in (*_FILES, "requirements.txt") if name in facts.names), None)
    if extra and is_package:
        words = [f"-e '.[{extra}]'"]
    elif group:
        words.append(f"--group {group}")
    elif file:
        words.append(f"-r {file}")
    return " ".join([*words, "pytest"])


def targets(makefile: str) -> frozenset[str]:
    """The targets that a Makefile has rules for."""
    found: set[str] = set()
    for match in re.finditer(r"^([^\s#:=][^:=#\n]*):(?![:=])", makefile, re.MULTILINE):
        found.update(match[1].split())
    return frozenset(found)
